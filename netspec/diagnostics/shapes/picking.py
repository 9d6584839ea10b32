"""Defines the problems of functions that choose an element for each place, or put one there. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Repair
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


@record(kw_only=True)
class _Picks(Diagnostic):
    """An index that each example has for itself, used where it chooses for others."""

    input: TensorType
    indices: TensorType
    axis: int
    batch: str
    names: tuple[str, str]
    """What is picked from and by what, by name."""
    texts: tuple[str, str] | None = None
    """The same as written, where that is known."""

    def meant(self) -> str | None:
        """The form in which each example picks from its own row; None where it has no row."""
        x, i = self.texts or self.names
        stage = any(sign in x for sign in ("->", "+", "-", "*", "/", "@"))
        if self.input.rank == self.indices.rank + 1 and self.input.shape[:-1] == self.indices.shape:
            return f"pick({x}, {i})"
        if self.input.rank < 2 or str(self.indices.shape[0]) != self.batch or str(self.input.shape[0]) != self.batch:
            return None
        places = f"iota({self.batch})" + (f"[{', '.join([':', *['none'] * (self.indices.rank - 1)])}]" if self.indices.rank > 1 else "")
        skipped = ", ".join([places, *[":"] * (max(self.axis, 1) - 1), i])
        return f"({x})[{skipped}]" if stage else f"{x}[{skipped}]"

    def help(self) -> str | None:
        meant = self.meant()
        return None if meant is None else f"{self.proposed() or f'write `{meant}`'}: each example picks from its own row"

    def repairs(self) -> Sequence[Repair]:
        """The form as it is, and with the axis that is gone with the pick, where what stands beside it was written for one more."""
        meant = self.meant()
        if meant is None or self.texts is None:
            return ()
        forms = (meant, f"{meant}[{', '.join([':'] * self.indices.rank)}, none]") if meant.startswith("pick(") else (meant,)
        return [Repair((Edit(self.at, form),), form) for form in forms]


@record(kw_only=True)
class PicksRowsOfTheBatch(_Picks):
    """An index that each example has for itself, such as a label or an action, chooses along the axis of examples: it takes the rows of
    other examples, whichever have those numbers."""

    def message(self) -> str:
        index = (self.texts or self.names)[1]
        return (
            f"`{index}` picks rows of the batch: axis {self.axis} of {self.input} counts examples, and each has its own in {self.indices}."
        )

    def help(self) -> str | None:
        if not self._means_an_order():
            return super().help()
        x = (self.texts or self.names)[0]
        return f"for the rows of the batch in a random order write `{x}[random_permutation({self.batch})]`"

    def repairs(self) -> Sequence[Repair]:
        return () if self._means_an_order() else super().repairs()

    def _means_an_order(self) -> bool:
        """Is the index called an order of the batch, which no data can know?"""
        index = (self.texts or self.names)[1].lower()
        return self.axis == 0 and self.indices.rank == 1 and any(word in index for word in ("perm", "order", "shuf"))


@record(kw_only=True)
class PicksForEveryExample(_Picks):
    """An index that each example has for itself chooses for all examples: the result pairs every example with the index of every other
    one."""

    severity: ClassVar[str] = "warning"

    def message(self) -> str:
        index = (self.texts or self.names)[1]
        return f"`{index}`, {self.indices}, picks for every example of {self.input} what each example of the batch has chosen."
