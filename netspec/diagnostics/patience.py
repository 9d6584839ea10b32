"""Says how long repairs of one file are tried: a person waits for the answer, and each try is a check of the whole file. Floor 0."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import ParamSpec, TypeVar

from netspec.limits import LIMITS

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Patience:
    """What is left of the processor time for one file, from here on."""

    def __init__(self) -> None:
        self._longest, self._end = 0.0, process_time() + LIMITS.repair_seconds

    def lasts(self) -> bool:
        """Is there time for one more check, by the longest so far?"""
        return process_time() + self._longest < self._end

    def watch(self, check: Callable[Given, Found]) -> Callable[Given, Found]:
        """The same check, whose time is noted."""

        def watched(*args: Given.args, **named: Given.kwargs) -> Found:
            began = process_time()
            try:
                return check(*args, **named)
            finally:
                self._longest = max(self._longest, process_time() - began)

        return watched
