"""Functions that put elements at places which other elements name."""

from __future__ import annotations

from typing import Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.diagnostics.shapes.picking import NoPlaceToScatter
from netspec.kernels.array_forms import widen_places
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.functions.reductions import widen_floats
from netspec.library.shape_rules.requirements import need_at_least, need_equal
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Dim, Facts, TensorType


class Scatter(Function):
    """x with elements at other places of one axis: `scatter(x, indices, updates, axis=1)` puts updates[b, j] at x[b, indices[b, j]].

    [..., n, ...], whole numbers and updates [..., k, ...] -> the shape of x. Along other axes indices and updates are alike and no longer
    than x; what is left over of x stays. Numbers count from 0, negative ones from the end; what lies outside the axis is dropped. `mode`
    says what becomes of the element that is there: with `"set"` it is replaced (of several for one place by any of them), with `"add"`,
    `"max"`, `"min"` all are taken together. Sums are taken in at least f32. ONNX's ScatterElements, PyTorch's `scatter`. FLOPs: 1 per
    update, 0 for `"set"`.
    """

    inputs = (
        In("x", "any tensor with that axis", dtype="any", rank=1),
        In("indices", "whole numbers, as many axes as x", dtype="int", rank=1),
        In("updates", "the elements, of the shape of the indices", dtype="any", rank=1),
    )
    masking = "moves"

    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""
    mode: Literal["set", "add", "max", "min"] = "set"
    """What becomes of the element that is there."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(mode="add"), ("f32[4, 6]", "i32[4, 3]", "f32[4, 3]")),
            Example(cls(axis=1, mode="max"), ("f32[2, 5, 3]", "u8[2, 7, 3]", "f32[2, 7, 3]")),
            Example(cls(axis=0, mode="min"), ("i32[6, 3]", "i8[2, 2]", "i32[2, 2]")),
            Example(cls(), ("f32[4, 6]", "i32[4, 1]", "f32[4, 1]")),
        )

    def shape(self, facts: Facts, x: TensorType, indices: TensorType, updates: TensorType) -> TensorType:
        name, axis = self.op_name(), axis_of(self.op_name(), self.axis, x)
        if updates.dtype != x.dtype:
            raise Mistake(UnequalDtypes(name, x, updates, blame="updates"))
        for side, other in (("indices", indices), ("updates", updates)):
            problem = NoPlaceToScatter(name, x, indices, updates, axis, blame=side)
            if other.rank != x.rank:
                raise Mistake(problem)
            for place, (have, most) in enumerate(zip(other.shape, x.shape, strict=True)):
                need_equal(facts, name, have, indices.shape[place], "so that each element has its place", problem)
                if place != axis:
                    need_at_least(facts, name, most, have, "so that there is a place for each element", problem)
        return x

    def apply(self, scope: Scope, x: Array, indices: Array, updates: Array) -> Array:
        axis = self.axis % x.ndim
        places = [lax.broadcasted_iota(jnp.int32, indices.shape, place) for place in range(x.ndim)]
        places[axis] = widen_places(indices)
        ahead = jnp.asarray(widen_floats(x) if self.mode == "add" else x).at[tuple(places)]
        put = {"set": ahead.set, "add": ahead.add, "max": ahead.max, "min": ahead.min}[self.mode]
        return put(updates.astype(widen_floats(x).dtype if self.mode == "add" else x.dtype), mode="drop").astype(x.dtype)

    def picks(self, *inputs: TensorType) -> dict[int, int]:
        return {1: self.axis % inputs[0].rank}

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.axis % inputs[0].rank == 0

    def flops(self, x: TensorType, indices: TensorType, updates: TensorType) -> Dim | int:
        return 0 if self.mode == "set" else updates.size

    def flow(self, passage: Passage) -> Flow:
        for place in (1, 2):
            passage.untouched(self.axis, input=place)
            if passage.flows[place].axes != passage.flows[0].axes:
                passage.refuse("it puts elements beside those of the positions that its first input has by then")
        return passage.keeps(self.axis)
