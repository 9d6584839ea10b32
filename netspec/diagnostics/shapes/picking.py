"""Defines the problems of functions that choose an element for each place, or put one there. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.sizes import say_count
from netspec.record import record
from netspec.shape import TensorType
from netspec.shape.types import shape_text


@record
class NoIndexPerPlace(Diagnostic):
    """Each place chooses by a number of its own, so the numbers have the axes of the tensor: all for `take_along_axis`, all but the last
    for `pick`."""

    op: str
    input: TensorType
    indices: TensorType
    rank: int
    """How many axes the numbers must have."""

    def message(self) -> str:
        return f"`{self.op}` needs a number for each place of {self.input}, but the numbers are {self.indices}."

    def help(self) -> str:
        if self.rank == self.input.rank:
            return f"give them {say_count(self.rank, 'axis')}: `indices[:, none]` adds one of size 1, which stretches"
        return f"they must be [{shape_text(self.input.shape[:-1])[1:-1]}]: to choose the same for all places, write `x[..., indices]`"


@record
class UnpairedIndices(Diagnostic):
    """Paired numbers choose along several axes at once: each axis is named once, in order, and has its tensor of numbers."""

    op: str
    axes: tuple[int, ...]
    given: int
    """How many tensors of numbers there are."""
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` has {self.given} tensors of numbers for the axes {list(self.axes)} of {self.input}."

    def help(self) -> str:
        return "name as many axes as there are tensors of numbers, each once, in increasing order"


@record
class NoPlaceToScatter(Diagnostic):
    """Elements are put at places of one axis: indices and updates have one shape, with the axes of the tensor, and are no longer than it
    along the others."""

    op: str
    input: TensorType
    indices: TensorType
    updates: TensorType
    axis: int

    def message(self) -> str:
        return f"`{self.op}` along axis {self.axis} of {self.input} gets indices {self.indices} and updates {self.updates}."

    def help(self) -> str:
        return "indices and updates have equal shapes and the axes of x; to add up whole rows write `segment_sum(rows, ids, segments=n)`"
