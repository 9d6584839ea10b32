"""Defines the problems of tensor functions that join, split, choose or gather elements."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.operands import name_operand
from netspec.diagnostics.shapes.sizes import say_count
from netspec.record import record
from netspec.shape import Dim, TensorType
from netspec.shape.types import shape_text


@record
class UnequalParts(Diagnostic):
    """Tensors are joined along one axis, so all other axes must have equal sizes (for `stack`, all axes)."""

    op: str
    first: TensorType
    other: TensorType
    place: int
    """Which one of the tensors the other is, counted from 1."""
    axis: int | None = None
    """The first axis that differs; None when the numbers of axes do."""
    joined: int | None = None
    """The axis along which they are joined, which may differ."""
    operands: tuple[str, ...] = ()
    """The tensors as written, where they are known."""

    def message(self) -> str:
        if self.axis is None:
            counts = f"{say_count(self.first.rank, 'axis')} and {self.other.rank}"
            return f"`{self.op}` needs equally many axes, but the 1st and {_ordinal(self.place)} tensor have {counts}."
        sizes = f"{self.first.shape[self.axis]} and {self.other.shape[self.axis]}"
        return f"`{self.op}` needs equal sizes on axis {self.axis}, but the 1st and {_ordinal(self.place)} tensor have {sizes}."

    def label(self) -> str:
        return f"{self.first} and {self.other}"

    def help(self) -> str | None:
        return self.proposed() or self.instead()

    def instead(self) -> str | None:
        """Where one of the tensors has a 1 that would stretch in an operator."""
        if self.axis is None or 1 not in (self.first.shape[self.axis], self.other.shape[self.axis]):
            return None
        small = self.first.shape[self.axis] == 1
        ones, others, number = (self.first, self.other, 0) if small else (self.other, self.first, self.place - 1)
        shape = [b if a == 1 and i != self.joined else a for i, (a, b) in enumerate(zip(ones.shape, others.shape, strict=True))]
        return f"`{self.op}` does not stretch: write `broadcast_to({name_operand(self.operands, number)}, {shape_text(tuple(shape))})`"


def _ordinal(place: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(place, f"{place}th")


@record
class UnequalSplit(Diagnostic):
    """The parts of a split make up the whole axis: equal parts divide it, given sizes add up to it."""

    op: str
    size: Dim
    parts: int | tuple[Dim, ...]
    axis: int

    def message(self) -> str:
        if isinstance(self.parts, int):
            return f"axis {self.axis} has {self.size} elements, which do not divide into {self.parts} equal parts."
        total = sum((Dim.of(part) for part in self.parts), Dim.of(0))
        return f"the parts {shape_text(self.parts)} have {total} elements together, but axis {self.axis} has {self.size}."

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        return "give the sizes of the parts as a list" if isinstance(self.parts, int) else None


@record
class TooFewElements(Diagnostic):
    """More elements are asked for than the axis has."""

    op: str
    wanted: Dim
    axis: int
    size: Dim

    def message(self) -> str:
        return f"`{self.op}` takes {self.wanted} elements of axis {self.axis}, which has {self.size}."


@record
class SegmentIds(Diagnostic):
    """Every row belongs to one segment, so there are as many segment numbers as rows."""

    op: str
    input: TensorType
    ids: TensorType

    def message(self) -> str:
        if self.ids.rank != 1:
            return f"`{self.op}` needs one segment number per row, an integer vector, not {self.ids}."
        return f"`{self.op}` gets {self.input.shape[0]} rows but {self.ids.shape[0]} segment numbers."
