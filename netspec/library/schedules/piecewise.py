"""Schedules of several numbers, each with the moment from which it holds or at which it is reached."""

from __future__ import annotations

from typing import Annotated, Literal

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration, Example, Schedule
from netspec.library.base.field_bounds import AfterValidator, Field, model_validator
from netspec.library.base.schedule_marks import Mark
from netspec.library.base.value_faults import UnequalLists
from netspec.library.schedules.curves import Number, fraction, line, wave


def _require_rising(moments: tuple[Duration, ...]) -> tuple[Duration, ...]:
    """Checks that each moment is later than the one before, as far as their units can be compared."""
    if any(a.unit == b.unit and a.count >= b.count for a, b in zip(moments, moments[1:], strict=False)):
        raise ValueError("a list of moments, each later than the one before")
    return moments


Moments = Annotated[tuple[Duration, ...], Field(strict=False, min_length=1), AfterValidator(_require_rising)]
Numbers = Annotated[tuple[Number, ...], Field(strict=False, min_length=1)]
CURVES = {"linear": line, "cosine": wave}


def require_equal_counts(at: tuple[Duration, ...], to: tuple[float, ...]) -> None:
    """Raises `UnequalLists` when there is not one number for each moment."""
    if len(at) != len(to):
        raise UnequalLists("to", "numbers", len(at), len(to), "one for each moment of `at`")


def hold_value(start: float, at: tuple[int, ...], to: tuple[float, ...], step: Array) -> Array:
    """The number of the last moment that is over."""
    value = jnp.full((), start, jnp.result_type(float))
    for moment, number in zip(at, to, strict=True):
        value = jnp.where(jnp.asarray(step) >= moment, number, value)
    return value


def join_values(start: float, at: tuple[int, ...], to: tuple[float, ...], step: Array, curve: str) -> Array:
    """Lines or waves from each number to the next."""
    value = jnp.full((), start, jnp.result_type(float))
    begins, before = (0, *at), (start, *to)
    for begin, end, first, last in zip(begins, at, before, to, strict=False):
        value = jnp.where(jnp.asarray(step) >= begin, CURVES[curve](first, last, fraction(step - begin, end - begin)), value)
    return value


def course(before: float, after: float, last: bool) -> str:
    """What the arrival at a number is called."""
    return "top" if after > before else "end" if last and after < before else "reach"


class Step(Schedule):
    """A number that stays the same between given moments: `step(0.1, at=[60 epochs, 120 epochs], to=[0.02, 0.004])`.

    The update after the given length is the first with the new number. Of several moments that are over, the last in the list counts.
    """

    start: Number
    """The number before the first moment."""
    at: Moments
    """When the number changes, each later than the one before, for example `[60 epochs, 120 epochs]`."""
    to: Numbers
    """The new numbers, one for each moment."""

    @model_validator(mode="after")
    def _fits(self) -> None:
        require_equal_counts(self.at, self.to)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(start=0.1, at=(Duration(60, "epoch"), Duration(120, "epoch")), to=(0.02, 0.004))),
            Example(cls(start=1.0, at=(Duration(500, "step"),), to=(0.0,))),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        return tuple(Mark(m.steps(clock), "change", "at", n, place) for place, (m, n) in enumerate(zip(self.at, self.to, strict=True)))

    def value(self, step: Array, clock: Clock) -> Array:
        return hold_value(self.start, tuple(moment.steps(clock) for moment in self.at), self.to, step)


class Piecewise(Schedule):
    """Numbers at given moments, and lines or half cosine waves between them.

    `piecewise(0.0, at=[5 epochs, 30 epochs], to=[0.4, 0.0])` rises for 5 epochs and falls for 25. For a number that stays the same between
    the moments see `step`.
    """

    source = "optax.piecewise_interpolate_schedule, with the numbers themselves in place of factors"

    start: Number
    """The number at step 0."""
    at: Moments
    """When each number is reached, each later than the one before, for example `[5 epochs, 30 epochs]`."""
    to: Numbers
    """The numbers, one for each moment; the last one stays."""
    between: Literal["linear", "cosine"] = "linear"
    """The way from one number to the next: a straight line, or half a cosine wave."""

    @model_validator(mode="after")
    def _fits(self) -> None:
        require_equal_counts(self.at, self.to)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(start=0.0, at=(Duration(5, "epoch"), Duration(30, "epoch")), to=(0.4, 0.0))),
            Example(cls(start=0.01, at=(Duration(100, "step"), Duration(900, "step")), to=(0.1, 0.001), between="cosine")),
        )

    def marks(self, clock: Clock) -> tuple[Mark, ...]:
        last, before = len(self.at) - 1, (self.start, *self.to)
        found = enumerate(zip(self.at, self.to, before, strict=False))
        return tuple(Mark(m.steps(clock), course(b, n, k == last), "at", n, k) for k, (m, n, b) in found)

    def value(self, step: Array, clock: Clock) -> Array:
        return join_values(self.start, tuple(moment.steps(clock) for moment in self.at), self.to, step, self.between)
