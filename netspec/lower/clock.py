"""Gives a clock to programs that nobody gave one: it tells what can be derived and refuses the rest by name."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weights import ClockNeeded
from netspec.ir import TrainPlan
from netspec.library.base import Clock


class DerivedClock(Clock):
    """Knows the training's length when it is written in steps, and never an epoch's."""

    known: int | None

    def __init__(self, known: int | None) -> None:
        object.__setattr__(self, "known", known)

    @property
    def total_steps(self) -> int:  # type: ignore[override]
        if self.known is None:
            raise Mistake(ClockNeeded(unknown="the number of steps of the training"))
        return self.known

    @property
    def steps_per_epoch(self) -> int:  # type: ignore[override]
        """Only the data know."""
        raise Mistake(ClockNeeded(unknown="the number of steps of an epoch"))


def derive_clock(plan: TrainPlan) -> Clock:
    """The clock of a plan without looking at its data."""
    return DerivedClock(round(plan.duration.count) if plan.duration.unit == "step" else None)
