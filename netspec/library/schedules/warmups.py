"""Schedules that begin with a straight line up to their peak. `warmup(…)` puts such a line in front of any other schedule."""

from __future__ import annotations

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration, Example, Schedule
from netspec.library.base.schedule_marks import Mark
from netspec.library.schedules.curves import Number, Period, decay, fraction, length_of, line, period_of, wave
from netspec.library.schedules.decays import Power

GOYAL = "Goyal and others 2017, Accurate, large minibatch SGD"


def rise_then(start: float, peak: float, step: Array, warmup: int, behind: Array) -> Array:
    """The line in the warm-up, the other value from its end on."""
    return jnp.where(jnp.asarray(step) < warmup, line(start, peak, fraction(step, warmup)), behind)


def mark_top(peak: float | None, warmup: int, argument: str = "warmup") -> tuple[Mark, ...]:
    """The moment at which a warmup reaches its peak, or none where there is no warmup."""
    return (Mark(warmup, "peak", argument, peak),) if warmup else ()


class WarmupCosine(Schedule):
    """A straight line up to a peak, then half a cosine wave down to the end.

    With a warm-up as long as the training or longer, the training ends on the line.
    """

    source = "Loshchilov and Hutter 2017, SGDR; Goyal and others 2017, Accurate, large minibatch SGD (warm-up)"

    peak: Number
    """The largest value, reached at the end of the warm-up."""
    warmup: Duration
    """How long the straight line is, for example `5 epochs` or `2_000 steps`."""
    end: Number = 0.0
    """The value at the end of the duration, and from then on."""
    start: Number = 0.0
    """The value at step 0."""
    duration: Duration | None = None
    """The warm-up and the decay together; the whole training when left out."""
    exponent: Power = 1.0
    """A power of the wave; above 1 the decay begins earlier."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=3e-4, warmup=Duration(100, "step"))),
            Example(cls(peak=0.1, warmup=Duration(1, "epoch"), end=0.001, start=0.01, duration=Duration(8, "epoch"))),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        end = Mark(length_of(self.duration, clock), "end", "duration", self.end)
        return (*mark_top(self.peak, self.warmup.steps(clock)), end)

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.warmup.steps(clock)
        left = length_of(self.duration, clock) - warmup
        return rise_then(self.start, self.peak, step, warmup, wave(self.peak, self.end, fraction(step - warmup, left), self.exponent))


class WarmupLinear(Schedule):
    """A straight line up to a peak, then a straight line down to the end.

    With a warm-up as long as the training or longer, the training ends on the first line.
    """

    source = "Devlin and others 2019, BERT; Goyal and others 2017, Accurate, large minibatch SGD (warm-up)"

    peak: Number
    """The largest value, reached at the end of the warm-up."""
    warmup: Duration
    """How long the line up is, for example `5 epochs` or `2_000 steps`."""
    end: Number = 0.0
    """The value at the end of the duration, and from then on."""
    start: Number = 0.0
    """The value at step 0."""
    duration: Duration | None = None
    """Both lines together; the whole training when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=5e-5, warmup=Duration(1000, "step"))),
            Example(cls(peak=0.1, warmup=Duration(5, "epoch"), end=0.001, start=0.01, duration=Duration(20, "epoch"))),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        end = Mark(length_of(self.duration, clock), "end", "duration", self.end)
        return (*mark_top(self.peak, self.warmup.steps(clock)), end)

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.warmup.steps(clock)
        left = length_of(self.duration, clock) - warmup
        return rise_then(self.start, self.peak, step, warmup, line(self.peak, self.end, fraction(step - warmup, left)))


class WarmupConstant(Schedule):
    """A straight line up to a number, which then stays."""

    source = GOYAL

    peak: Number
    """The number from the end of the warm-up on."""
    warmup: Duration
    """How long the straight line is, for example `5 epochs` or `2_000 steps`."""
    start: Number = 0.0
    """The value at step 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=3e-4, warmup=Duration(100, "step"))),
            Example(cls(peak=0.1, warmup=Duration(5, "epoch"), start=0.01)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return mark_top(self.peak, self.warmup.steps(clock))

    def value(self, step: Array, clock: Clock) -> Array:
        return line(self.start, self.peak, fraction(step, self.warmup.steps(clock)))


class WarmupExponential(Schedule):
    """A straight line up to a peak, then the same factor in every period: `peak * rate ** ((step - warmup) / every)`."""

    source = "Goyal and others 2017, Accurate, large minibatch SGD (warm-up); optax.warmup_exponential_decay_schedule"

    peak: Number
    """The value at the end of the warm-up."""
    warmup: Duration
    """How long the straight line is, for example `5 epochs` or `2_000 steps`."""
    rate: Power
    """What the number is multiplied by in a period; below 1 it falls, above 1 it rises."""
    every: Period
    """The period, for example `10 epochs`; the first one begins at the end of the warm-up."""
    end: Number | None = None
    """The number goes no further than this one."""
    start: Number = 0.0
    """The value at step 0."""
    staircase: bool = False
    """Change at once at the end of each period, instead of gradually."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=0.1, warmup=Duration(5, "epoch"), rate=0.97, every=Duration(2, "epoch"))),
            Example(cls(peak=0.1, warmup=Duration(500, "step"), rate=0.1, every=Duration(3000, "step"), end=1e-4, staircase=True)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        warmup = self.warmup.steps(clock)
        change = Mark(warmup + period_of(self.every, clock), "change", "every", self.peak * self.rate)
        return (*mark_top(self.peak, warmup), *([change] if self.staircase else []))

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.warmup.steps(clock)
        falling = decay(self.peak, self.rate, jnp.asarray(step) - warmup, period_of(self.every, clock), self.staircase, self.end)
        return rise_then(self.start, self.peak, step, warmup, falling)
