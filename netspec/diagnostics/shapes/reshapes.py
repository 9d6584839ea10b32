"""Problems of `reshape`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record
from netspec.shape import Dim, TensorType
from netspec.shape.types import elements, shape_text


@record
class ReshapeCount(Diagnostic):
    """A reshape keeps the number of elements; here the two shapes have different numbers."""

    input: TensorType
    to: tuple[Dim, ...]

    def message(self) -> str:
        before, after = self.input.size, elements(self.to)
        return f"{self.input} has {before} elements, but {shape_text(self.to)} has {after}."

    def help(self) -> str:
        return "let one axis be -1: it takes whatever is left"


@record
class ReshapeRemainder(Diagnostic):
    """The axis written as -1 takes what the others leave, and that is not a whole number."""

    input: TensorType
    rest: Dim

    def message(self) -> str:
        return f"{self.input} has {self.input.size} elements, which {self.rest} (the product of the other axes) does not divide."


@record
class ReshapeUnknowns(Diagnostic):
    """At most one axis of a reshape may be left open with -1."""

    count: int

    def message(self) -> str:
        return f"{self.count} axes of `reshape` are -1; only one can be worked out from the others."
