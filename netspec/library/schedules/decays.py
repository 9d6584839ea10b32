"""Schedules that go from one number to another in one way."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration, Example, Schedule
from netspec.library.base.field_bounds import Field
from netspec.library.base.schedule_marks import Mark
from netspec.library.schedules.curves import Number, Period, decay, fraction, length_of, line, number, period_of, wave

Power = Annotated[float, Field(gt=0)]


def mark_arrival(start: float, end: float, duration: Duration | None, clock: Clock) -> tuple[Mark, ...]:
    """The moment from which on nothing changes; a line that does not change has none."""
    what = "end" if end < start else "top"
    return () if start == end else (Mark(length_of(duration, clock), what, "duration", end),)


class Constant(Schedule):
    """The same number at every step."""

    number: Number
    """The number."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(number=0.1)), Example(cls(number=3e-4)))

    def height(self) -> str:
        return "number"

    def value(self, step: Array, clock: Clock) -> Array:
        return jnp.full((), self.number, jnp.result_type(float))


class Linear(Schedule):
    """A straight line from one number to another: `start + (end - start) * step / duration`."""

    start: Number
    """The number at step 0."""
    end: Number = 0.0
    """The number at the end of the duration, and from then on."""
    duration: Duration | None = None
    """How long the line is; the whole training when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(start=0.1)), Example(cls(start=0.1, end=0.01, duration=Duration(500, "step"))))

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return mark_arrival(self.start, self.end, self.duration, clock)

    def value(self, step: Array, clock: Clock) -> Array:
        return line(self.start, self.end, fraction(step, length_of(self.duration, clock)))


class Polynomial(Schedule):
    """A power of what is left of the duration: `end + (start - end) * (1 - step / duration) ** power`.

    With `power=1` it is a straight line; the larger the power, the faster the beginning and the slower the end.
    """

    source = "Liu, Rabinovich and Berg 2015, ParseNet; optax.polynomial_schedule"

    start: Number
    """The number at step 0."""
    power: Power
    """The exponent."""
    end: Number = 0.0
    """The number at the end of the duration, and from then on."""
    duration: Duration | None = None
    """How long the decay takes; the whole training when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(start=0.1, power=2.0)),
            Example(cls(start=0.01, power=0.9, end=0.001, duration=Duration(30, "epoch"))),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return mark_arrival(self.start, self.end, self.duration, clock)

    def value(self, step: Array, clock: Clock) -> Array:
        left = 1 - fraction(step, length_of(self.duration, clock))
        return line(self.end, self.start, left**self.power)


class Cosine(Schedule):
    """Half a cosine wave from one number down to another: slow at first, fast in the middle, slow at the end.

    `end + (start - end) * ((1 + cos(pi * step / duration)) / 2) ** exponent`
    """

    source = "Loshchilov and Hutter 2017, SGDR"

    start: Number
    """The number at step 0."""
    end: Number = 0.0
    """The number at the end of the duration, and from then on."""
    duration: Duration | None = None
    """How long the decay takes; the whole training when left out."""
    exponent: Power = 1.0
    """A power of the wave; above 1 the decay begins earlier."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(start=0.1)),
            Example(cls(start=0.1, end=0.001, duration=Duration(5, "epoch"))),
            Example(cls(start=0.1, exponent=2.0)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return mark_arrival(self.start, self.end, self.duration, clock)

    def value(self, step: Array, clock: Clock) -> Array:
        return wave(self.start, self.end, fraction(step, length_of(self.duration, clock)), self.exponent)


class Exponential(Schedule):
    """The same factor in every period: `start * rate ** (step / every)`.

    `exponential(0.1, 0.5, every=10 epochs)` halves the number in 10 epochs, gradually; with `staircase=true` it halves it every 10 epochs.
    """

    source = "optax.exponential_decay"

    start: Number
    """The number at step 0."""
    rate: Power
    """What the number is multiplied by in a period; below 1 it falls, above 1 it rises."""
    every: Period
    """The period, for example `10 epochs`."""
    end: Number | None = None
    """The number goes no further than this one."""
    staircase: bool = False
    """Change at once at the end of each period, instead of gradually."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(start=0.1, rate=0.96, every=Duration(1, "epoch"))),
            Example(cls(start=0.1, rate=0.1, every=Duration(30, "epoch"), end=1e-4, staircase=True)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return (Mark(period_of(self.every, clock), "change", "every", self.start * self.rate),) if self.staircase else ()

    def value(self, step: Array, clock: Clock) -> Array:
        return decay(self.start, self.rate, step, period_of(self.every, clock), self.staircase, self.end)


class Rsqrt(Schedule):
    """A straight line up, then down with the square root of the step: `factor * min(1, step / warmup) / sqrt(max(step, warmup))`.

    The peak, at the end of the warm-up, is `factor / sqrt(warmup)` with the warm-up in steps.
    """

    source = "Vaswani and others 2017, Attention is all you need"
    counts_steps: ClassVar[bool] = True

    factor: Number
    """What the whole is multiplied by; not the peak."""
    warmup: Duration
    """How long the straight line is, for example `1_000 steps`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(factor=0.05, warmup=Duration(1000, "step"))),
            Example(cls(factor=1.0, warmup=Duration(2, "epoch"))),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        warmup = self.warmup.steps(clock)
        return (Mark(warmup, "peak", "warmup", self.factor / max(warmup, 1) ** 0.5),) if warmup else ()

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.warmup.steps(clock)
        return self.factor * fraction(step, warmup) / jnp.sqrt(jnp.maximum(number(step), max(warmup, 1)))
