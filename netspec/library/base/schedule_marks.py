"""Defines what a schedule says of its own course, so that `check` can ask without JAX: moments that a run has to reach, and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.record import record

if TYPE_CHECKING:
    from netspec.library.base.trainables import Clock, Schedule


@record
class Mark:
    """A moment in the course of a schedule."""

    step: int
    """Updates from the schedule's own beginning."""
    what: str
    """"peak" of a warm-up, "top" of another rise, "reach" of a number on the way, "end" of a decay, "change" to another number, "next"
    schedule, "restart", "cycle": the end of the last cycle."""
    argument: str
    """The argument that says when."""
    value: float | None = None
    """The value there, where the arguments say it."""
    place: int | None = None
    """Which item of the argument, where that is a list."""


@record
class Part:
    """A schedule inside a schedule."""

    schedule: Schedule
    begin: int
    """The step of the outer schedule with which it begins."""
    clock: Clock
    """The time it has."""
    argument: str
    place: int | None = None
    words: str = ""
    """What that time is called: "its part of `join`"."""
