"""Functions along one axis that depend on the order or the size of its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from netspec.diagnostics.shapes.parts import TooFewElements
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.functions.reductions import sum_dtype, widen_floats
from netspec.library.shape_rules.axis_arguments import drop_axes
from netspec.library.shape_rules.requirements import need_at_least
from netspec.library.shape_rules.sizes import axis_of, require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.contracts.stretch_steps import Past, Use


class _Place(Function):
    """Where along an axis the extreme element is."""

    filler = ""
    inputs = (In("x", "any tensor of numbers", dtype="number"),)
    function: ClassVar[str]

    axis: int | None = None
    """The axis, counted from 0, or from the end with -1, -2, …; absent, the place among all elements, the last axis varying fastest."""
    keepdims: bool = False
    """Leave the axis with size 1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(axis=-1), ("f32[4, 3, 7]",)),
            Example(cls(axis=1, keepdims=True), ("f32[4, 3, 2]",)),
            Example(cls(), ("f32[5, 2]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axes = tuple(range(x.rank)) if self.axis is None else (axis_of(self.op_name(), self.axis, x),)
        return TensorType("i32", drop_axes(x, axes, self.keepdims))

    def apply(self, scope: Scope, x: Array) -> Array:
        return getattr(jnp, self.function)(x, self.axis, keepdims=self.keepdims).astype(jnp.int32)

    def flops(self, x: TensorType) -> Dim:
        return x.size

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*(range(passage.types[0].rank) if self.axis is None else (self.axis,)))


class Argmax(_Place):
    """The place of the largest element along an axis, counted from 0, of equal ones the first: [...] -> i32 of the shape without the axis.

    FLOPs: 1 per element.
    """

    filler = "-1e9"
    function = "argmax"


class Argmin(_Place):
    """The place of the smallest element along an axis, counted from 0, of equal ones the first: [...] -> i32 of the shape without the axis.

    FLOPs: 1 per element.
    """

    filler = "1e9"
    function = "argmin"


class Cumsum(Function):
    """Running sums along an axis: element n is the sum of elements 0 to n. Computed in at least f32.

    [...] -> the same shape; floats keep their element type, bool and whole numbers have 32 bits. FLOPs: 1 per element.
    """

    filler = "0"
    inputs = (In("x", "any tensor with that axis", dtype="any", rank=1),)

    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""
    reverse: bool = False
    """Sum from the end instead."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 7]",)),
            Example(cls(axis=0, reverse=True), ("f32[3, 2]",)),
            Example(cls(axis=1), ("bool[2, 5]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axis_of(self.op_name(), self.axis, x)
        return x.with_dtype(sum_dtype(x))

    def apply(self, scope: Scope, x: Array) -> Array:
        if jnp.issubdtype(x.dtype, jnp.floating):
            return lax.cumsum(widen_floats(x), self.axis % x.ndim, self.reverse).astype(x.dtype)
        unsigned = jnp.issubdtype(x.dtype, jnp.unsignedinteger)
        return lax.cumsum(x.astype(jnp.uint32 if unsigned else jnp.int32), self.axis % x.ndim, self.reverse)

    def flops(self, x: TensorType) -> Dim:
        return x.size

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.axis % inputs[0].rank == 0

    def flow(self, passage: Passage) -> Flow:
        """A running sum of the past is what decoding allows; one from the end is not."""
        return passage.keeps(self.axis, why="it sums from the last position") if self.reverse else passage.made()

    def step(self, use: Use) -> tuple[Any, Past]:
        """The sum so far is remembered, in the width in which it is summed."""
        x = use.inputs[0]
        if not use.moves(0, self.axis):
            return use.alone(), None
        axis = self.axis % x.ndim
        floating = jnp.issubdtype(x.dtype, jnp.floating)
        sums = use.on(x.astype(jnp.promote_types(x.dtype, jnp.float32)) if floating else x)
        before = jnp.zeros_like(sums, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :])) if use.past is None else use.past
        both, past = use.stretch.behind(before, sums + before, axis)
        made = lax.slice_in_dim(both, 1, None, axis=axis)
        return (made.astype(x.dtype) if floating else made), past


class TopK(Function):
    """The k largest elements along an axis, largest first, and their places: two results, `best, places = x -> top_k(5)`.

    [..., n, ...] -> [..., k, ...] and i32[..., k, ...]. Of equal elements the first comes first. FLOPs: 1 per input element and k.
    """

    filler = "-1e9"
    inputs = (In("x", "any tensor of numbers with that axis", dtype="number", rank=1),)
    results: ClassVar[int] = 2

    k: Size
    """How many elements; at most as many as the axis has."""
    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(k=3), ("f32[4, 7]",)), Example(cls(k=2, axis=1), ("f32[3, 2, 5]",)), Example(cls(k=1), ("f32[6]",)))

    def shape(self, facts: Facts, x: TensorType) -> tuple[TensorType, ...]:
        axis, name = axis_of(self.op_name(), self.axis, x), self.op_name()
        k = require_positive(facts, name, "k", self.k)
        problem = TooFewElements(name, k, axis, x.shape[axis], blame="k")
        need_at_least(facts, name, x.shape[axis], k, "so that there are that many elements", problem)
        kept = x.with_shape((*x.shape[:axis], k, *x.shape[axis + 1 :]))
        return kept, kept.with_dtype("i32")

    def apply(self, scope: Scope, x: Array) -> tuple[Array, ...]:
        last, k = jnp.moveaxis(x, self.axis, -1), unwrap_size(self.k)
        if jnp.issubdtype(x.dtype, jnp.floating):
            ranked = lax.stop_gradient(jnp.where(last == 0, jnp.zeros_like(last), last))  # `lax.top_k` puts -0.0 below 0.0, its equal
            places = lax.top_k(ranked, k)[1]
            values = jnp.take_along_axis(last, places, -1)
        else:
            values, places = lax.top_k(last, k)
        return jnp.moveaxis(values, -1, self.axis), jnp.moveaxis(places, -1, self.axis).astype(jnp.int32)

    def flops(self, x: TensorType) -> Dim:
        return x.size * self.k

    def flow(self, passage: Passage) -> tuple[Flow, ...]:
        passage.untouched(self.axis)
        return passage.all()
