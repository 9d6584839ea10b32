"""Computes what schedules are made of: lines and waves between two numbers, over a length of training."""

from __future__ import annotations

from typing import Annotated

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration
from netspec.library.base.field_bounds import AfterValidator, Field
from netspec.record import record


@record
class Height:
    """Says of an argument that it is a value of the schedule: a learning rate, where the schedule is one."""


Number = Annotated[float, Field(ge=0), Height()]
"""A value that a schedule has at some step."""
Fraction = Annotated[float, Field(gt=0, lt=1)]


def _require_some(length: Duration) -> Duration:
    """Checks that a length is above 0."""
    if length.count <= 0:
        raise ValueError("a length above 0 such as `10 epochs`")
    return length


Period = Annotated[Duration, AfterValidator(_require_some)]
"""A length that comes again and again, so that it cannot be nothing."""


def number(step: Array) -> Array:
    """A step as f32, or f64 where JAX runs in 64 bits."""
    return jnp.asarray(step, jnp.result_type(float))


def fraction(step: Array, length: int) -> Array:
    """How much of the length is over, in 0..1; all of it when there is no length."""
    return jnp.clip(number(step) / length, 0, 1) if length > 0 else jnp.ones_like(number(step))


def line(start: float, end: float, done: Array) -> Array:
    """The value on a straight line from start to end, of which the share `done`, [], is behind."""
    return start + (end - start) * done


def wave(start: float, end: float, done: Array, exponent: float = 1.0) -> Array:
    """Half a cosine wave: slow at first, fast in the middle, slow at the end."""
    left = 0.5 * (1 + jnp.cos(jnp.pi * done))
    return end + (start - end) * (left if exponent == 1 else left**exponent)


def decay(start: float, rate: float, step: Array, every: int, staircase: bool, end: float | None) -> Array:
    """start * rate ** (step / every), with `staircase` in whole powers, no further than `end`."""
    whole = jnp.maximum(jnp.asarray(step), 0)
    power = number(whole // every) if staircase else number(whole) / every
    value = start * jnp.asarray(rate, power.dtype) ** power
    if end is None:
        return value
    return jnp.maximum(value, end) if rate < 1 else jnp.minimum(value, end)


def length_of(duration: Duration | None, clock: Clock) -> int:
    """The steps of a duration; without one, those of the training."""
    return duration.steps(clock) if duration is not None else clock.total_steps


def period_of(every: Duration, clock: Clock) -> int:
    """The steps of a period, one at least."""
    return max(every.steps(clock), 1)


class PartOfClock(Clock):
    """The clock of a stretch of the training, from one moment to another (its end, where that is None), told when it is asked.

    A stretch has a step at least, so that a schedule that fills it has a beginning.
    """

    whole: Clock
    begin: int
    end: Duration | None

    def __init__(self, whole: Clock, begin: int, end: Duration | None = None) -> None:
        self.__dict__.update(whole=whole, begin=begin, end=end)

    @property
    def steps_per_epoch(self) -> int:  # type: ignore[override]
        return self.whole.steps_per_epoch

    @property
    def total_steps(self) -> int:  # type: ignore[override]
        return max(length_of(self.end, self.whole) - self.begin, 1)
