"""Defines the problems of functions along axes: lists of axes, transpositions, squeezing, padding, stretching, reshaping. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.sizes import say_count
from netspec.record import record
from netspec.shape import Dim, TensorType
from netspec.shape.types import elements, shape_text


@record
class RepeatedAxis(Diagnostic):
    """A list of axes names one axis twice."""

    op: str
    axes: tuple[int, ...]
    axis: int
    input: TensorType

    def message(self) -> str:
        same = " and ".join(str(axis) for axis in self.axes if axis % self.input.rank == self.axis)
        return f"`{self.op}` is given axis {self.axis} of {self.input} twice: {same}."


@record
class NotAPermutation(Diagnostic):
    """The axes of a transposition name every axis of the tensor once."""

    op: str
    axes: tuple[int, ...]
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` gets the axes {list(self.axes)}, but it needs each axis of {self.input} once."

    def help(self) -> str:
        return self.proposed() or f"name 0 to {self.input.rank - 1} in their new order"


@record
class AxisNotOne(Diagnostic):
    """Only axes of size 1 can be squeezed away."""

    op: str
    axis: int
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` takes away axes of size 1, but axis {self.axis} of {self.input} is {self.input.shape[self.axis]}."

    def help(self) -> str:
        return self.proposed() or "take one element with `x[…, 0]`, or a mean with `mean(x, axis=…)`"


@record
class ValuePerAxis(Diagnostic):
    """An argument has one entry for each axis of the tensor; here there are more, or fewer."""

    op: str
    argument: str
    given: int
    input: TensorType

    def message(self) -> str:
        entries = f"{self.given} entr{'y' if self.given == 1 else 'ies'}"
        return f"`{self.argument}` of `{self.op}` has {entries}, but {self.input} has {say_count(self.input.rank, 'axis')}."


@record
class PadTooWide(Diagnostic):
    """Mirrored padding repeats what is there: it cannot be wider than the axis (without its edge, for `"reflect"`)."""

    mode: str
    width: int
    axis: int
    size: Dim

    def message(self) -> str:
        return f'padding {self.width} wide with `mode="{self.mode}"` is too much for axis {self.axis}, which has {self.size} elements.'

    def help(self) -> str:
        return 'pad less, or with `mode="edge"` or zeros'


@record
class CannotStretch(Diagnostic):
    """A tensor broadcasts to a shape when its axes, counted from the last, are equal to it or 1."""

    op: str
    input: TensorType
    to: tuple[Dim, ...]

    def message(self) -> str:
        return f"{self.input} does not stretch to {shape_text(self.to)}."

    def help(self) -> str:
        return "add axes of size 1 with `x[:, none]`, or repeat elements with `tile`"


@record
class ReshapeCount(Diagnostic):
    """A reshape keeps the number of elements; here the two shapes have different numbers."""

    input: TensorType
    to: tuple[Dim, ...]

    def message(self) -> str:
        before, after = self.input.size, elements(self.to)
        return f"{self.input} has {before} elements, but {shape_text(self.to)} has {after}."

    def help(self) -> str:
        return self.proposed() or "let one axis be -1: it takes whatever is left"


@record
class ReshapeRemainder(Diagnostic):
    """The axis written as -1 takes what the others leave, and that is not a whole number."""

    input: TensorType
    rest: Dim

    def message(self) -> str:
        return f"{self.input} has {self.input.size} elements, which {self.rest} (the product of the other axes) does not divide."

    def help(self) -> str | None:
        return self.proposed() or None


@record
class ReshapeUnknowns(Diagnostic):
    """At most one axis of a reshape may be left open with -1."""

    count: int

    def message(self) -> str:
        return f"{self.count} axes of `reshape` are -1; only one can be worked out from the others."
