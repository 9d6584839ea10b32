"""Functions that join tensors along an axis, or take one apart. FLOPs: 0."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.diagnostics.shapes.parts import UnequalParts, UnequalSplit
from netspec.diagnostics.shapes.sizes import AxisOutOfRange
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Positive, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.contracts.sequence_axis import furthest_reach
from netspec.library.shape_rules.requirements import need_equal, need_multiple
from netspec.library.shape_rules.sizes import axis_of, require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType


def _need_equal_parts(facts: Facts, op: str, parts: tuple[TensorType, ...], skip: int | None) -> None:
    """Equal element types, ranks, and sizes on every axis but `skip`."""
    first = parts[0]
    for place, other in enumerate(parts[1:], 2):
        if other.dtype != first.dtype:
            raise Mistake(UnequalDtypes(op, first, other))
        if other.rank != first.rank:
            raise Mistake(UnequalParts(op, first, other, place))
        for axis, (a, b) in enumerate(zip(first.shape, other.shape, strict=True)):
            if axis != skip:
                need_equal(facts, op, a, b, "so that the parts fit together", UnequalParts(op, first, other, place, axis, skip))


class Concat(Function):
    """Tensors one after the other along an axis: `concat([x, y], axis=-1)`, or `concat(x, y)`.

    [..., n, ...], [..., m, ...], … -> [..., n + m + …, ...]. All other sizes and the element types are equal.
    """

    inputs = (In("parts", "the tensors, one or more", dtype="any", rank=1),)
    variadic: ClassVar[bool] = True

    axis: int = -1
    """The axis along which they are joined, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 5]")),
            Example(cls(axis=1), ("f32[2, 1, 3]", "f32[2, 2, 3]", "f32[2, 4, 3]")),
            Example(cls(axis=1), ("i32[3, 2]", "i32[3, 2]")),
        )

    def shape(self, facts: Facts, *parts: TensorType) -> TensorType:
        axis = axis_of(self.op_name(), self.axis, parts[0])
        _need_equal_parts(facts, self.op_name(), parts, axis)
        total = sum((part.shape[axis] for part in parts), Dim.of(0))
        return parts[0].with_shape((*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :]))

    def apply(self, scope: Scope, *parts: Array) -> Array:
        return jnp.concatenate(parts, self.axis)

    def flow(self, passage: Passage) -> Flow:
        """Along the positions: what stands in front moves the others on."""
        axis = axis_of(self.op_name(), self.axis, passage.types[0])
        reaches, before = [], Dim.of(0)
        for part, flow in zip(passage.types, passage.flows, strict=True):
            if passage.counts(before):
                passage.refuse("it puts something behind the last position")
            if axis in flow.axes and flow.reach is not None and not before.is_constant:
                passage.refuse(f"it moves the positions on by {before}, which is no fixed number")
            moved = before.value if axis in flow.axes and flow.reach is not None else 0
            reaches.append(None if flow.reach is None else flow.reach - moved)
            before = before + part.shape[axis]
        return passage.made(furthest_reach(reaches))


class Stack(Function):
    """Tensors of one type side by side along a new axis: `stack([x, y], axis=1)`. n tensors [...] -> [..., n, ...]."""

    inputs = (In("parts", "the tensors, one or more", dtype="any"),)
    variadic: ClassVar[bool] = True

    axis: int = 0
    """Where the new axis stands in the result, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(axis=-1), ("f32[2, 3]", "f32[2, 3]", "f32[2, 3]")),
            Example(cls(), ("f32[]", "f32[]")),
        )

    def shape(self, facts: Facts, *parts: TensorType) -> TensorType:
        _need_equal_parts(facts, self.op_name(), parts, None)
        first = parts[0]
        result = first.with_shape((*first.shape, 1))
        if not -result.rank <= self.axis < result.rank:
            raise Mistake(AxisOutOfRange(self.op_name(), self.axis, result, blame="axis"))
        axis = self.axis % result.rank
        return first.with_shape((*first.shape[:axis], len(parts), *first.shape[axis:]))

    def apply(self, scope: Scope, *parts: Array) -> Array:
        return jnp.stack(parts, self.axis)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class Split(Function):
    """A tensor in parts along an axis: `q, k, v = split(x, 3)`, or of given sizes: `head, tail = split(x, [1, 7], axis=1)`.

    [..., n, ...] -> as many results [..., part, ...] as there are parts.
    """

    inputs = (In("x", "any tensor with that axis", dtype="any", rank=1),)
    keeps_values = True

    parts: Positive | Annotated[tuple[Size, ...], Field(strict=False, min_length=1)]
    """Number of equal parts, or a list with the size of each."""
    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(parts=3), ("f32[4, 6]",)),
            Example(cls(parts=(1, 4, 2), axis=1), ("f32[2, 7, 3]",)),
            Example(cls(parts=1), ("i32[5]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> tuple[TensorType, ...]:
        axis = axis_of(self.op_name(), self.axis, x)
        sizes = self._sizes(facts, x.shape[axis], axis)
        return tuple(x.with_shape((*x.shape[:axis], size, *x.shape[axis + 1 :])) for size in sizes)

    def _sizes(self, facts: Facts, size: Dim, axis: int) -> list[Dim]:
        name = self.op_name()
        if isinstance(self.parts, int):
            problem = UnequalSplit(name, size, self.parts, axis, blame="parts")
            need_multiple(facts, name, size, self.parts, "so that the parts are equal", problem)
            return [size // self.parts] * self.parts
        sizes = [require_positive(facts, name, "parts", part) for part in self.parts]
        problem = UnequalSplit(name, size, tuple(sizes), axis, blame="parts")
        need_equal(facts, name, sum(sizes, Dim.of(0)), size, "so that the parts make up the axis", problem)
        return sizes

    def apply(self, scope: Scope, x: Array) -> tuple[Array, ...]:
        return tuple(jnp.split(x, self.parts if isinstance(self.parts, int) else _ends(self.parts), self.axis))

    def displaces(self, axis: int, *inputs: TensorType) -> tuple[bool, ...]:
        count = self.parts if isinstance(self.parts, int) else len(self.parts)
        return tuple(place > 0 for place in range(count)) if axis == self.axis % inputs[0].rank else ()

    def flow(self, passage: Passage) -> tuple[Flow, ...]:
        passage.untouched(self.axis)
        return passage.all()


def _ends(sizes: Iterable[int | Dim]) -> list[int]:
    """Where all parts but the last end."""
    return list(itertools.accumulate(unwrap_size(size) for size in sizes))[:-1]
