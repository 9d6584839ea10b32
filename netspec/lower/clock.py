"""Gives a clock to programs that nobody gave one: it tells what can be derived and refuses the rest by name."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weights import ClockNeeded
from netspec.ir import TrainPlan
from netspec.library.base import Clock
from netspec.source import NOWHERE, Span


class DerivedClock(Clock):
    """Knows the training's length when it is written in steps, and never an epoch's."""

    known: int | None
    at: Span

    def __init__(self, known: int | None, at: Span = NOWHERE) -> None:
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "at", at)

    @property
    def total_steps(self) -> int:  # type: ignore[override]
        if self.known is None:
            raise Mistake(ClockNeeded(at=self.at, unknown="the number of steps of the training"))
        return self.known

    @property
    def steps_per_epoch(self) -> int:  # type: ignore[override]
        """Only the data know."""
        raise Mistake(ClockNeeded(at=self.at, unknown="the number of steps of an epoch"))


def derive_clock(plan: TrainPlan, at: Span) -> Clock:
    """The clock of a plan without reading its data: whole where the dataset says how many examples it has. What a schedule at
    this place needs beyond that is a problem there."""
    from netspec.infer.sections.schedules import count_steps_per_epoch

    length = count_steps_per_epoch(plan.data, plan.accumulate)
    if length is not None:
        return bind_clock(plan, length)
    return DerivedClock(round(plan.duration.count) if plan.duration.unit == "step" else None, at)


def bind_clock(plan: TrainPlan, steps_per_epoch: int, total_steps: int | None = None) -> Clock:
    """The clock of a plan whose epochs have so many steps. Raises ValueError for what is no number of steps."""
    for name, value in (("steps_per_epoch", steps_per_epoch), ("total_steps", total_steps)):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or value < 1):
            raise ValueError(f"`{name}` is a number of steps, 1 or more, and not {value!r}")
    return Clock(int(steps_per_epoch), int(total_steps or 0) or plan.duration.steps(Clock(steps_per_epoch, 0)))
