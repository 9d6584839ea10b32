"""Numbers that depend on the step. All are traced in the step, and stay at their last value after their end.

`step` counts finished updates from 0, so the first update uses `value(0)`. Values are f32, or f64 where JAX runs in 64 bits.
"""

from __future__ import annotations

from typing import Annotated

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration, Example, Schedule
from netspec.library.base.fields import AfterValidator, Field, model_validator

Number = Annotated[float, Field(ge=0)]


def _fraction(step: Array, length: int) -> Array:
    """How much of the length is over, in 0..1; all of it when there is no length."""
    number = jnp.asarray(step, jnp.result_type(float))
    return jnp.clip(number / length, 0, 1) if length > 0 else jnp.ones_like(number)


def _line(start: float, end: float, done: Array) -> Array:
    return start + (end - start) * done


def _half_cosine(start: float, end: float, done: Array) -> Array:
    return end + (start - end) * 0.5 * (1 + jnp.cos(jnp.pi * done))


def _length(duration: Duration | None, clock: Clock, before: int = 0) -> int:
    """The steps of a duration; without one, what is left of the training."""
    return duration.steps(clock) if duration is not None else max(clock.total_steps - before, 0)


class Constant(Schedule):
    """The same number at every step."""

    number: Number
    """The number."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(number=0.1)), Example(cls(number=3e-4)))

    def value(self, step: Array, clock: Clock) -> Array:
        return jnp.full((), self.number, jnp.result_type(float))


class Linear(Schedule):
    """A straight line from one number to another."""

    start: Number
    """The number at step 0."""
    end: Number = 0.0
    """The number at the end of the duration, and from then on."""
    duration: Duration | None = None
    """How long the line is; the whole training when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(start=0.1)), Example(cls(start=0.1, end=0.01, duration=Duration(500, "step"))))

    def value(self, step: Array, clock: Clock) -> Array:
        return _line(self.start, self.end, _fraction(step, _length(self.duration, clock)))


class Cosine(Schedule):
    """Half a cosine wave from one number down to another: slow at first, fast in the middle, slow at the end."""

    source = "Loshchilov and Hutter 2017, SGDR"

    start: Number
    """The number at step 0."""
    end: Number = 0.0
    """The number at the end of the duration, and from then on."""
    duration: Duration | None = None
    """How long the decay takes; the whole training when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(start=0.1)), Example(cls(start=0.1, end=0.001, duration=Duration(5, "epoch"))))

    def value(self, step: Array, clock: Clock) -> Array:
        return _half_cosine(self.start, self.end, _fraction(step, _length(self.duration, clock)))


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

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=3e-4, warmup=Duration(100, "step"))),
            Example(cls(peak=0.1, warmup=Duration(1, "epoch"), end=0.001, start=0.01, duration=Duration(8, "epoch"))),
        )

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.warmup.steps(clock)
        decay = _length(self.duration, clock) - warmup
        rising = _line(self.start, self.peak, _fraction(step, warmup))
        falling = _half_cosine(self.peak, self.end, _fraction(step - warmup, decay))
        return jnp.where(jnp.asarray(step) < warmup, rising, falling)


def _rising(moments: tuple[Duration, ...]) -> tuple[Duration, ...]:
    if any(a.unit == b.unit and a.count >= b.count for a, b in zip(moments, moments[1:], strict=False)):
        raise ValueError("a list of moments, each later than the one before")
    return moments


Moments = Annotated[tuple[Duration, ...], Field(strict=False, min_length=1), AfterValidator(_rising)]


class Step(Schedule):
    """A number that stays the same between given moments: `step(0.1, at=[60 epochs, 120 epochs], to=[0.02, 0.004])`.

    The update after the given length is the first with the new number. Of several moments that are over, the last in the list counts.
    """

    start: Number
    """The number before the first moment."""
    at: Moments
    """When the number changes, each later than the one before, for example `[60 epochs, 120 epochs]`."""
    to: Annotated[tuple[Number, ...], Field(strict=False, min_length=1)]
    """The new numbers, one for each moment."""

    @model_validator(mode="after")
    def _fits(self) -> Step:
        if len(self.at) != len(self.to):
            raise ValueError(f"{len(self.at)} moments and {len(self.to)} numbers")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(start=0.1, at=(Duration(60, "epoch"), Duration(120, "epoch")), to=(0.02, 0.004))),
            Example(cls(start=1.0, at=(Duration(500, "step"),), to=(0.0,))),
        )

    def value(self, step: Array, clock: Clock) -> Array:
        number = jnp.full((), self.start, jnp.result_type(float))
        for moment, after in zip(self.at, self.to, strict=True):
            number = jnp.where(jnp.asarray(step) >= moment.steps(clock), after, number)
        return number


class Rsqrt(Schedule):
    """A straight line up, then down with the square root of the step: `factor * min(1, step / warmup) / sqrt(max(step, warmup))`.

    The peak, at the end of the warm-up, is `factor / sqrt(warmup)` with the warm-up in steps.
    """

    source = "Vaswani and others 2017, Attention is all you need"

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

    def value(self, step: Array, clock: Clock) -> Array:
        warmup = self.warmup.steps(clock)
        number = jnp.asarray(step, jnp.result_type(float))
        return self.factor * _fraction(step, warmup) / jnp.sqrt(jnp.maximum(number, max(warmup, 1)))
