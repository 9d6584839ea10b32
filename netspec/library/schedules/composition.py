"""Schedules made of schedules. A part counts its steps from where it begins, and "the whole training" means to it the time that it has."""

from __future__ import annotations

from typing import Annotated

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration, Example, Schedule
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.base.schedule_marks import Mark, Part
from netspec.library.base.value_faults import UnequalLists
from netspec.library.schedules.curves import Number, PartOfClock, Period, fraction, line, number, period_of
from netspec.library.schedules.decays import Constant, Cosine, Exponential, Linear, Power
from netspec.library.schedules.piecewise import Moments
from netspec.library.schedules.warmups import GOYAL, mark_top
from netspec.limits import LIMITS


class Warmup(Schedule):
    """A straight line up to where another schedule begins, and then that schedule.

    `warmup(cosine(0.1), 5 epochs)`: the schedule counts its steps from the end of the warm-up, and one without a duration takes what is
    left of the training.
    """

    source = GOYAL

    schedule: Schedule
    """What comes behind the warm-up, for example `cosine(0.1)`."""
    duration: Duration
    """How long the warm-up is, for example `5 epochs` or `2_000 steps`."""
    start: Number = 0.0
    """The value at step 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        decay = Exponential(start=0.1, rate=0.97, every=Duration(2, "epoch"))
        return (
            Example(cls(schedule=Cosine(start=0.1), duration=Duration(5, "epoch"))),
            Example(cls(schedule=decay, duration=Duration(500, "step"), start=0.01)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        begin = getattr(self.schedule, "start", None)
        return mark_top(begin if isinstance(begin, float) else None, self.duration.steps(clock), "duration")

    def parts(self, clock: Clock) -> tuple[Part, ...]:
        warmup = self.duration.steps(clock)
        return (Part(self.schedule, warmup, PartOfClock(clock, warmup), "schedule", words="the time behind the warm-up"),)

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.duration.steps(clock)
        behind = self.schedule.value(jnp.maximum(step - warmup, 0), PartOfClock(clock, warmup))
        return jnp.where(jnp.asarray(step) < warmup, line(self.start, behind, fraction(step, warmup)), behind)


class Join(Schedule):
    """Schedules one after another: `join([linear(0.0, end=0.1), constant(0.1), cosine(0.1)], at=[5 epochs, 20 epochs])`.

    Each counts its steps from its own beginning. One without a duration takes all of its time: until the next one begins or, for the last,
    until the training ends.
    """

    source = "optax.join_schedules"

    schedules: Annotated[tuple[Schedule, ...], Field(strict=False, min_length=1)]
    """The schedules in order."""
    at: Moments
    """When the second and each further one begins, for example `[5 epochs]` for two."""

    @model_validator(mode="after")
    def _fits(self) -> None:
        if len(self.schedules) != len(self.at) + 1:
            wanted = len(self.schedules) - 1
            raise UnequalLists("at", "moments", wanted, len(self.at), f"one between each two of the {wanted + 1} schedules")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        stable = (Linear(start=0.0, end=0.1), Constant(number=0.1), Linear(start=0.1))
        return (
            Example(cls(schedules=(Constant(number=0.1), Cosine(start=0.1)), at=(Duration(10, "epoch"),))),
            Example(cls(schedules=stable, at=(Duration(500, "step"), Duration(8000, "step")))),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return tuple(Mark(moment.steps(clock), "next", "at", None, place) for place, moment in enumerate(self.at))

    def parts(self, clock: Clock) -> tuple[Part, ...]:
        begins, ends = (0, *(moment.steps(clock) for moment in self.at)), (*self.at, None)
        found = enumerate(zip(self.schedules, begins, ends, strict=True))
        return tuple(Part(s, b, PartOfClock(clock, b, e), "schedules", k, "its part of `join`") for k, (s, b, e) in found)

    def value(self, step: Array, clock: Clock) -> Array:
        parts = self.parts(clock)
        value = parts[0].schedule.value(step, parts[0].clock)
        for part in parts[1:]:
            own = part.schedule.value(jnp.maximum(step - part.begin, 0), part.clock)
            value = jnp.where(jnp.asarray(step) >= part.begin, own, value)
        return value


class Restarts(Schedule):
    """A schedule that begins anew again and again: `restarts(cosine(0.1), every=10 epochs)`.

    In a cycle the schedule counts its steps from the cycle's beginning, and one without a duration takes the whole cycle. The training
    ends at the lowest value when its length is a sum of cycles: 10, 30, 70, 150 epochs with `every=10 epochs, lengthen=2`.
    """

    source = "Loshchilov and Hutter 2017, SGDR; optax.sgdr_schedule"

    schedule: Schedule
    """What each cycle is, for example `cosine(0.1)`."""
    every: Period
    """How long the first cycle is."""
    lengthen: Annotated[int, Field(ge=1)] = 1
    """Each cycle is so many times as long as the one before."""
    shrink: Power = 1.0
    """Each cycle's values are those of the one before times this number."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(schedule=Cosine(start=0.1), every=Duration(10, "epoch"))),
            Example(cls(schedule=Cosine(start=0.1, end=0.001), every=Duration(400, "step"), lengthen=2, shrink=0.5)),
        )

    def begins(self, clock: Clock, limit: int | None = None) -> list[int]:
        """Where the cycles begin of which a training consists, and last where it has had enough of them; no more than a limit."""
        begins, length, total = [0], period_of(self.every, clock), clock.total_steps
        while (len(begins) < 2 or begins[-1] < total) and (limit is None or len(begins) <= limit):
            begins.append(begins[-1] + length)
            length *= self.lengthen
        return begins

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        begins = self.begins(clock, LIMITS.marked_restarts)
        restarts = tuple(Mark(step, "restart", "every") for step in begins[1:-1])
        return (*restarts, Mark(begins[-1], "cycle", "every")) if begins[-1] >= clock.total_steps else restarts

    def parts(self, clock: Clock) -> tuple[Part, ...]:
        return (Part(self.schedule, 0, self.cycle(clock, 0, period_of(self.every, clock)), "schedule", words="the first cycle"),)

    def cycle(self, clock: Clock, begin: int, length: int) -> Clock:
        """The clock of one cycle, which begins at a step and has a length in steps."""
        return PartOfClock(clock, begin, Duration(begin + length, "step"))

    def value(self, step: Array, clock: Clock) -> Array:
        return self._equal(step, clock) if self.lengthen == 1 else self._growing(step, clock)

    def _equal(self, step: Array, clock: Clock) -> Array:
        """Cycles of one length: the last one stays at its end."""
        length = period_of(self.every, clock)
        last = max(-(-clock.total_steps // length), 1) - 1
        index = jnp.clip(jnp.asarray(step) // length, 0, last)
        return self._shrunk(self.schedule.value(step - index * length, self.cycle(clock, 0, length)), index)

    def _growing(self, step: Array, clock: Clock) -> Array:
        """The value at a step, [], where cycles differ in length."""
        begins = self.begins(clock)
        value = self.schedule.value(step, self.cycle(clock, 0, begins[1]))
        for index, (begin, end) in enumerate(zip(begins[1:], begins[2:], strict=False), 1):
            own = self.schedule.value(jnp.maximum(step - begin, 0), self.cycle(clock, begin, end - begin))
            value = jnp.where(jnp.asarray(step) >= begin, self._shrunk(own, index), value)
        return value

    def _shrunk(self, value: Array, index: Array | int) -> Array:
        """The value of a cycle, made smaller once for every cycle before it."""
        return value if self.shrink == 1 else value * jnp.asarray(self.shrink, value.dtype) ** number(index)
