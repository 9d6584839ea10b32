"""Pooling of a whole image: to one vector (`global_…`), or to a size of its own (`adaptive_…`)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from netspec.kernels.normalize import mean
from netspec.lazy import jnp, np
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.layers.norm_statistics import require_element_mask, stretch_mask
from netspec.library.shape_rules.windows import Sizes, space_of, spread_sizes
from netspec.limits import LIMITS
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

MASK = In(
    "mask",
    "true where a place counts, [batch, space…], or the shape of x or of its first axes; axes of 1 stretch",
    "bool",
    1,
    optional=True,
)


class _Global(Function):
    """All axes of space go, or stay with size 1."""

    filler = ""
    over_space = True
    inputs = (In("x", "[batch, space…, channels]", rank=3), MASK)
    source = "Lin et al., Network In Network, 2013"
    later_arguments: ClassVar[tuple[str, ...]] = ("keepdims",)

    keepdims: bool = False
    """Leave the axes of space with size 1: [batch, 1…, channels], which stretches over the image again."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[2, 5, 3, 4]",)),
            Example(cls(), ("f32[3, 1, 2]",)),
            Example(cls(), ("f32[4, 3, 5]",), {"mask": "bool[4, 3]"}),
            Example(cls(), ("f32[2, 3, 4, 5]",), {"mask": "bool[2, 1, 4, 1]"}),
            Example(cls(keepdims=True), ("f32[2, 5, 3, 4]",), {"mask": "bool[2, 5, 3]"}),
        )

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        space_of(self.op_name(), x.rank, x)
        require_element_mask(facts, self.op_name(), x, optional)
        return x.with_shape((x.shape[0], *((1,) * (x.rank - 2) if self.keepdims else ()), x.shape[-1]))

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        return x.size

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank - 1))


class GlobalAvgPool(_Global):
    """The mean over all axes of space, taken in at least f32.

    [batch, space…, channels] -> [batch, channels], or [batch, 1…, channels] with `keepdims`, as squeeze-and-excitation multiplies it by.
    Places whose `mask` is false do not count, as those that fill up a sequence: `x -> global_avg_pool(mask=m)`; where none counts, the mean
    is 0. FLOPs: 1 per input element.
    """

    gives = "same"

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        space, wide = tuple(range(1, x.ndim - 1)), jnp.promote_types(x.dtype, jnp.float32)
        kept = mean(x.astype(wide), space, stretch_mask(x, mask))
        return (kept if self.keepdims else jnp.squeeze(kept, space)).astype(x.dtype)


class GlobalMaxPool(_Global):
    """The largest element over all axes of space. Where several are largest, they share the gradient.

    [batch, space…, channels] -> [batch, channels], or [batch, 1…, channels] with `keepdims`. Places whose `mask` is false do not count, as
    those that fill up a sequence; where none counts, the result is 0. FLOPs: 1 per input element.
    """

    gives = "same"

    inputs = (In("x", "[batch, space…, channels]", dtype="number", rank=3), MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example(cls(), ("i32[2, 3, 4, 3]",)),
            Example(cls(), ("i32[4, 3, 2]",), {"mask": "bool[4, 3]"}),
        )

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        space = tuple(range(1, x.ndim - 1))
        if mask is None:
            return jnp.max(x, space, keepdims=self.keepdims)
        there = jnp.broadcast_to(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
        lowest = -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min
        largest = jnp.max(x, space, initial=lowest, where=there, keepdims=self.keepdims)
        return jnp.where(there.any(space, keepdims=self.keepdims), largest, jnp.zeros((), x.dtype))


class _Adaptive(Function):
    """Windows along each axis of space; each window of the image is a product of theirs."""

    filler = ""
    over_space = True
    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    source = "PyTorch's adaptive pools"

    size: Sizes
    """Size of the result: one number for all axes of space, or a list."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(size=2), ("f32[2, 6, 4, 3]",)),
            Example(cls(size=(3, 4)), ("f32[2, 7, 6, 2]",)),
            Example(cls(size=5), ("f32[3, 3, 2]",)),
            Example(cls(size=(1, 2, 3)), ("f32[1, 2, 5, 3, 2]",)),
        )

    def _sizes(self, x: TensorType) -> tuple[int, ...]:
        return spread_sizes(self.op_name(), "size", self.size, space_of(self.op_name(), x.rank, x), x)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((x.shape[0], *self._sizes(x), x.shape[-1]))

    def flops(self, x: TensorType) -> Dim:
        pairs = zip(x.shape[1:-1], self._sizes(x), strict=True)
        return x.shape[0] * elements([_count_held(n, size) for n, size in pairs]) * x.shape[-1]

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank - 1))


class AdaptiveAvgPool(_Adaptive):
    """The mean of each of so many windows that the result has a given size, whatever the size of the image. Taken in at least f32.

    [batch, space…, channels] -> [batch, size…, channels]. Window i of an axis of size n goes from floor(i · n / size) up to
    ceil((i + 1) · n / size): all are alike where the size divides n, otherwise they overlap. FLOPs: 1 per element of each window.
    """

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        for axis, size in enumerate(self._sizes(scope.types[0]), 1):
            held = np.diff(_bounds(x.shape[axis], size))[:, 0]
            wide = _reduce_windows(wide, axis, size, jnp.sum, 0) / jnp.asarray(_place_axes(held, axis, x.ndim), wide.dtype)
        return wide.astype(x.dtype)


class AdaptiveMaxPool(_Adaptive):
    """The largest of each of so many windows that the result has a given size, whatever the size of the image.

    [batch, space…, channels] -> [batch, size…, channels]. Window i of an axis of size n goes from floor(i · n / size) up to
    ceil((i + 1) · n / size): all are alike where the size divides n, otherwise they overlap. Where several elements are largest, they
    share the gradient, which PyTorch gives to one of them. FLOPs: 1 per element of each window.
    """

    inputs = (In("x", "[batch, space…, channels]", dtype="number", rank=3),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(size=(3, 4)), ("i32[2, 7, 6, 2]",)), Example(cls(size=2), ("u8[2, 5, 3]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        lowest = -math.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min
        for axis, size in enumerate(self._sizes(scope.types[0]), 1):
            x = _reduce_windows(x, axis, size, jnp.max, lowest)
        return x


def _bounds(n: int, size: int) -> Array:
    """Where each window starts and ends: [size, 2]."""
    place = np.arange(size)
    return np.stack([place * n // size, -(-(place + 1) * n // size)], 1)


def _count_held(n: Dim, size: int) -> Dim:
    """Elements of all windows of an axis together, as `_bounds` cuts it: windows share their ends where these are no whole numbers."""
    if n.is_constant:
        return n + size - math.gcd(n.value, size)
    if size > LIMITS.counted_windows:
        return n + size - 1
    return sum((((i + 1) * n).ceildiv(size) - i * n // size for i in range(size)), Dim.of(0))


def _reduce_windows(x: Array, axis: int, size: int, reduce: Any, fill: float) -> Array:
    """Windows along one axis, reduced; `fill` stands where a window is shorter than the longest one."""
    n = x.shape[axis]
    if n % size == 0:
        return reduce(x.reshape(*x.shape[:axis], size, n // size, *x.shape[axis + 1 :]), axis + 1)
    bounds = _bounds(n, size)
    places = bounds[:, :1] + np.arange(np.diff(bounds).max())
    inside = _place_axes(places < bounds[:, 1:], axis, x.ndim + 1)
    return reduce(jnp.where(inside, jnp.take(x, np.minimum(places, n - 1), axis), fill), axis + 1)


def _place_axes(values: Array, axis: int, rank: int) -> Array:
    """The axes of an array as those from `axis` on of a tensor of that rank."""
    return values.reshape((1,) * axis + values.shape + (1,) * (rank - axis - values.ndim))
