"""Schedules that rise once and fall once, far below where they began."""

from __future__ import annotations

from typing import Annotated

from netspec.library.base import Array, Clock, Duration, Example, Schedule
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.base.schedule_marks import Mark
from netspec.library.schedules.curves import Fraction, Number, length_of
from netspec.library.schedules.piecewise import join_values

Divisor = Annotated[float, Field(gt=0)]


def share(fraction: float, length: int) -> int:
    """A fraction of a length in whole steps, rounded down; 0.29 of 100 are 29, though 0.29 * 100 is a little less."""
    return int(round(fraction * length, 9))


class CosineOneCycle(Schedule):
    """Half a cosine wave up to a peak, then half a wave down to far below the beginning.

    It begins at `peak / start_divisor`, reaches `peak` after the fraction `warmup` of the duration and ends at
    `peak / (start_divisor * end_divisor)`.
    """

    source = "Smith and Topin 2018, Super-convergence; optax.cosine_onecycle_schedule"

    peak: Number
    """The largest value."""
    duration: Duration | None = None
    """How long the cycle takes; the whole training when left out."""
    warmup: Fraction = 0.3
    """The fraction of the duration in which it rises."""
    start_divisor: Divisor = 25.0
    """The peak, divided by it, is the value at step 0."""
    end_divisor: Divisor = 1e4
    """The first value, divided by it, is the last one."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=0.1)),
            Example(cls(peak=3e-3, duration=Duration(20, "epoch"), warmup=0.25, start_divisor=10.0, end_divisor=100.0)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        length = length_of(self.duration, clock)
        end = self.peak / (self.start_divisor * self.end_divisor)
        return (Mark(share(self.warmup, length), "top", "warmup", self.peak), Mark(length, "end", "duration", end))

    def value(self, step: Array, clock: Clock) -> Array:
        length, start = length_of(self.duration, clock), self.peak / self.start_divisor
        return join_values(start, (share(self.warmup, length), length), (self.peak, start / self.end_divisor), step, "cosine")


class LinearOneCycle(Schedule):
    """A straight line up to a peak, one down to the beginning, and a last one to far below it.

    It begins at `peak / start_divisor`, reaches `peak` after the fraction `warmup` of the duration, is back at its beginning after the
    fraction `back` and ends at `peak / (start_divisor * end_divisor)`.
    """

    source = "Smith and Topin 2018, Super-convergence; optax.linear_onecycle_schedule"

    peak: Number
    """The largest value."""
    duration: Duration | None = None
    """How long the cycle takes; the whole training when left out."""
    warmup: Fraction = 0.3
    """The fraction of the duration in which it rises."""
    back: Fraction = 0.85
    """The fraction of the duration after which it is back at its first value; above `warmup`."""
    start_divisor: Divisor = 25.0
    """The peak, divided by it, is the value at step 0."""
    end_divisor: Divisor = 1e4
    """The first value, divided by it, is the last one."""

    @model_validator(mode="after")
    def _in_order(self) -> None:
        """Checks that the fall ends after the rise."""
        if self.back <= self.warmup:
            raise ValueError(f"a rise that ends at {self.warmup:g} and a fall that ends at {self.back:g}, before it")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(peak=0.1)),
            Example(cls(peak=3e-3, duration=Duration(20, "epoch"), warmup=0.4, back=0.8, start_divisor=10.0, end_divisor=100.0)),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        length, start = length_of(self.duration, clock), self.peak / self.start_divisor
        return (
            Mark(share(self.warmup, length), "top", "warmup", self.peak),
            Mark(share(self.back, length), "reach", "back", start),
            Mark(length, "end", "duration", start / self.end_divisor),
        )

    def value(self, step: Array, clock: Clock) -> Array:
        length, start = length_of(self.duration, clock), self.peak / self.start_divisor
        moments = (share(self.warmup, length), share(self.back, length), length)
        return join_values(start, moments, (self.peak, start, start / self.end_divisor), step, "linear")
