"""Measures the seconds spent training and the examples per second, without compilation, evaluations and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from netspec.lazy import jax

REDRAW = 0.2
"""Seconds between two updates of what is shown."""


class Stopwatch:
    """Runs from its making on; `seconds` goes on from those of an earlier process."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._started = time.perf_counter() - seconds
        self._lap = time.perf_counter()
        self._shown = 0.0
        self._examples = 0
        self._warm = False

    @property
    def seconds(self) -> float:
        """Of the whole run, everything included."""
        return time.perf_counter() - self._started

    @property
    def rate(self) -> float:
        """Examples per second since the last lap; 0 before anything was counted."""
        elapsed = time.perf_counter() - self._lap
        return self._examples / elapsed if self._examples and elapsed > 0 else 0.0

    def count(self, examples: int, result: Any) -> None:
        """A step was sent off. The first one, which compiles, is waited for and does not count."""
        if self._warm:
            self._examples += examples
            return
        jax.block_until_ready(result)
        self._warm = True
        self._restart()

    def lap(self) -> float:
        """The rate since the lap before, and a new lap."""
        rate = self.rate
        self._restart()
        return rate

    def _restart(self) -> None:
        """Begins a new lap."""
        self._lap, self._examples = time.perf_counter(), 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time in here does not count for the rate."""
        began = time.perf_counter()
        yield
        self._lap += time.perf_counter() - began

    def display_due(self) -> bool:
        """Whether it is time to show something new."""
        now = time.perf_counter()
        if now - self._shown < REDRAW:
            return False
        self._shown = now
        return True
