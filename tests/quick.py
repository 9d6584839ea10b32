"""Which cases of a law the README's test command tries: some of each family. The others are marked slow, and `.ci/run` tries them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thin(cases: Iterable[Any], keep: int) -> list[Any]:
    """The cases for a parametrization: one of `keep` is quick, in the order in which they come."""
    return [case if n % keep == 0 else marked_slow(case) for n, case in enumerate(cases)]


def marked_slow(case: Any) -> Any:
    """A case, or a `pytest.param` with marks of its own, as a slow one."""
    if hasattr(case, "marks"):
        return pytest.param(*case.values, marks=[*case.marks, pytest.mark.slow], id=case.id)
    return pytest.param(case, marks=pytest.mark.slow)
