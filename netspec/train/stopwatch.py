"""Measures the seconds spent training, the examples per second and the share of time without data, leaving out compilation, evaluations and
checkpoints.
"""

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
        self._waited = 0.0
        self._all_waited = self._all_trained = 0.0
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

    @property
    def wait(self) -> float:
        """The share of the time since the last lap in which the device had nothing to do because its data were not made yet."""
        elapsed = time.perf_counter() - self._lap
        return min(self._waited / elapsed, 1.0) if self._warm and elapsed > 0 else 0.0

    @property
    def whole_wait(self) -> float:
        """The same of all laps of this process."""
        trained = self._all_trained + time.perf_counter() - self._lap
        return min((self._all_waited + self._waited) / trained, 1.0) if self._warm and trained > 0 else 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time in here is spent without data."""
        began = time.perf_counter()
        yield
        self._waited += time.perf_counter() - began

    def lap(self) -> tuple[float, float]:
        """The rate and the wait since the lap before, and a new lap."""
        found = self.rate, self.wait
        if self._warm:
            self._all_waited += self._waited
            self._all_trained += time.perf_counter() - self._lap
        self._restart()
        return found

    def _restart(self) -> None:
        """Begins a new lap."""
        self._lap, self._examples, self._waited = time.perf_counter(), 0, 0.0

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
