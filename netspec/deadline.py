"""Keeps the limit of time of a check: whatever may take long looks at the clock as it goes. Floor 0.

Without a limit a look costs a name's look-up. Signals are not needed, so it works in any thread and on any system.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from netspec.diagnostics.running.limits import TimeLimit
from netspec.source import NOWHERE, Span


class OutOfTime(Exception):
    """The check has taken as long as it may; carries where it was."""

    def __init__(self, problem: TimeLimit) -> None:
        super().__init__(problem.message())
        self.problem = problem


class Deadline:
    """When the check has to end, and where it is now."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.end = seconds, monotonic() + seconds
        self.doing, self.at = "reading the file", NOWHERE

    def look(self) -> None:
        """Raises OutOfTime once the time is over."""
        if monotonic() > self.end:
            raise OutOfTime(TimeLimit(at=self.at, seconds=self.seconds, doing=self.doing))


_PRESENT: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """What runs inside raises OutOfTime at its next look at the clock after so many seconds; None is no limit."""
    token = _PRESENT.set(None if seconds is None else Deadline(seconds))
    try:
        yield
    finally:
        _PRESENT.reset(token)


def tick() -> None:
    """Look at the clock. Raises OutOfTime."""
    present = _PRESENT.get()
    if present is not None:
        present.look()


def note_progress(doing: str, at: Span) -> None:
    """Note how far the check has got, and look at the clock. Raises OutOfTime."""
    present = _PRESENT.get()
    if present is not None:
        present.doing, present.at = doing, at
        present.look()
