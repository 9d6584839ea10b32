"""Functions that take an element of its own for each place: by numbers along one axis, or by paired numbers along several.

What `gather` does with an index, each place of the result sees alike; here an index chooses for its own row only.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import WrongOperand
from netspec.diagnostics.shapes.picking import NoIndexPerPlace, UnpairedIndices
from netspec.kernels.array_forms import widen_places
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.functions.broadcasting import need_meeting, outline_shapes
from netspec.library.shape_rules.requirements import need_equal
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Dim, Facts, TensorType

INDICES = In("indices", "whole numbers, counted from 0, or from the end when negative", dtype="int")


class TakeAlongAxis(Function):
    """Elements of one axis by numbers of their own for each place of the others, as NumPy's: `take_along_axis(x, order, axis=1)`.

    [..., n, ...] and whole numbers [..., k, ...] -> [..., k, ...]: element j of a line of the result is element indices[j] of the same line
    of x. All other sizes are equal; a 1 stretches. Numbers count from 0, negative ones from the end. Data that hold one
    outside the axis are refused; a computed one gives NaN (of whole numbers the smallest, or largest if unsigned) and passes no gradient.
    PyTorch's `gather`, ONNX's GatherElements. FLOPs: 0.
    """

    inputs = (In("x", "any tensor with that axis", dtype="any", rank=1), INDICES)
    keeps_values = True
    source = "numpy.take_along_axis"

    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 6]", "i32[4, 3]")),
            Example(cls(axis=1), ("f32[2, 5, 3]", "u8[2, 7, 1]")),
            Example(cls(axis=0), ("f32[5, 1]", "i8[2, 3]")),
            Example(cls(axis=-2), ("i32[2, 6, 3]", "i32[2, 1, 3]")),
        )

    def shape(self, facts: Facts, x: TensorType, indices: TensorType) -> TensorType:
        axis = axis_of(self.op_name(), self.axis, x)
        if indices.rank != x.rank:
            raise Mistake(NoIndexPerPlace(self.op_name(), x, indices, x.rank, blame="indices"))
        line = indices.with_shape((*indices.shape[:axis], 1, *indices.shape[axis + 1 :]))
        need_meeting(facts, self.op_name(), x, line)
        met = outline_shapes(x.shape, line.shape)
        return x.with_shape((*met[:axis], indices.shape[axis], *met[axis + 1 :]))

    def apply(self, scope: Scope, x: Array, indices: Array) -> Array:
        return jnp.take_along_axis(x, widen_places(indices), self.axis, mode="fill")

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"indices": inputs[0].shape[self.axis]}

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        return {"indices": -inputs[0].shape[self.axis]}

    def picks(self, *inputs: TensorType) -> dict[int, int]:
        return {1: self.axis % inputs[0].rank}

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.axis % inputs[0].rank == 0

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(self.axis)


class Pick(Function):
    """For each place one element of the last axis: the log-probability of the action that was taken, `pick(log_softmax(logits), action)`.

    [..., n] and whole numbers [...] -> [...]: x[b, …, i[b, …]]. Numbers of the data are refused outside 0 to n - 1; computed ones count
    from the end when negative, and one outside the axis gives NaN (of whole numbers the smallest, or largest if unsigned) and passes no
    gradient. FLOPs: 0.
    """

    inputs = (In("x", "any tensor with an axis to choose from", dtype="any", rank=1), INDICES)
    keeps_values = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 6]", "i32[4]")),
            Example(cls(), ("f32[2, 3, 5]", "u8[2, 3]")),
            Example(cls(), ("i32[3, 7]", "i8[3]")),
        )

    def shape(self, facts: Facts, x: TensorType, indices: TensorType) -> TensorType:
        problem = NoIndexPerPlace(self.op_name(), x, indices, x.rank - 1, blame="indices")
        if indices.rank != x.rank - 1:
            raise Mistake(problem)
        for have, want in zip(indices.shape, x.shape, strict=False):
            need_equal(facts, self.op_name(), have, want, "so that each place has its own number", problem)
        return x.with_shape(x.shape[:-1])

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"indices": inputs[0].shape[-1]}

    def picks(self, *inputs: TensorType) -> dict[int, int]:
        return {1: inputs[0].rank - 1}

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 1

    def apply(self, scope: Scope, x: Array, indices: Array) -> Array:
        return jnp.squeeze(jnp.take_along_axis(x, widen_places(indices)[..., None], -1, mode="fill"), -1)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)


class GatherAt(Function):
    """Elements by paired numbers, one tensor of them for each of several axes: `gather_at(x, i, j, axes=[0, 1])` is `x[i, j]`, as in NumPy.

    The indices stretch to one shape, and element p of the result is x[i[p], j[p]]. Their axes stand where the chosen axes stood; at the
    front where these are not side by side. Numbers count from 0, negative ones from the end. Data that hold one outside its axis are
    refused; a computed one gives NaN (of whole numbers the smallest, or largest if unsigned) and passes no gradient. FLOPs: 0.
    """

    inputs = (In("tensors", "the tensor, then whole numbers for each of the axes", dtype="any"),)
    keeps_values = True
    variadic: ClassVar[bool] = True
    source = "NumPy's indexing by arrays"

    axes: Annotated[tuple[int, ...], Field(strict=False, min_length=1)]
    """The axis of each tensor of numbers, in increasing order, counted from 0."""
    front: bool = False
    """The axes of the indices stand first, wherever the chosen axes stood."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(axes=(0, 1)), ("f32[6, 5]", "i32[4]", "i32[4]")),
            Example(cls(axes=(1, 2)), ("f32[2, 5, 6, 3]", "i32[4, 1]", "u8[4, 3]")),
            Example(cls(axes=(0, 2)), ("f32[7, 2, 5]", "i8[3]", "i32[]")),
            Example(cls(axes=(1, 2), front=True), ("i32[2, 5, 6]", "i32[4]", "i32[4]")),
        )

    def shape(self, facts: Facts, x: TensorType, *indices: TensorType) -> TensorType:
        axes = [axis_of(self.op_name(), axis, x) for axis in self.axes]
        if len(axes) != len(indices) or axes != sorted(set(axes)):
            raise Mistake(UnpairedIndices(self.op_name(), self.axes, len(indices), x, blame="axes"))
        for index in indices:
            if not index.is_int:
                raise Mistake(WrongOperand(self.op_name(), index, "whole numbers", blame="tensors"))
        met = self._meet(facts, indices)
        rest = [size for axis, size in enumerate(x.shape) if axis not in axes]
        place = self._place(axes)
        return x.with_shape((*rest[:place], *met.shape, *rest[place:]))

    def _meet(self, facts: Facts, indices: tuple[TensorType, ...]) -> TensorType:
        """The type of whole numbers that all indices stretch to."""
        met = indices[0].with_dtype("i32")
        for index in indices[1:]:
            need_meeting(facts, self.op_name(), met, index.with_dtype("i32"))
            met = met.with_shape(outline_shapes(met.shape, index.shape))
        return met

    def _place(self, axes: list[int]) -> int:
        """Behind how many axes of x the axes of the indices stand."""
        together = axes == list(range(axes[0], axes[0] + len(axes)))
        return axes[0] if together and not self.front else 0

    def apply(self, scope: Scope, x: Array, *indices: Array) -> Array:
        rank = max(index.ndim for index in indices)
        wide = [widen_places(index).reshape((1,) * (rank - index.ndim) + index.shape) for index in indices]
        axes = [axis % x.ndim for axis in self.axes]
        ahead = jnp.moveaxis(jnp.asarray(x), axes, range(len(axes)))
        found = ahead.at[tuple(wide)].get(mode="fill")
        place = self._place(axes)
        return jnp.moveaxis(found, range(rank), range(place, place + rank))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {str(place): inputs[0].shape[axis] for place, axis in enumerate(self.axes, 1)}

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        return {str(place): -inputs[0].shape[axis] for place, axis in enumerate(self.axes, 1)}

    def picks(self, *inputs: TensorType) -> dict[int, int]:
        return {place: axis % inputs[0].rank for place, axis in enumerate(self.axes, 1)}

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return 0 in (axis % inputs[0].rank for axis in self.axes)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*self.axes)
