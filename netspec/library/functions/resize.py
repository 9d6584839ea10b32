"""Images in another size.

A pixel stands for the middle of its square: pixel i of n at (i + 1/2) / n of its axis, before and after, as in jax.image.resize. PyTorch's
`interpolate` agrees for `mode="nearest-exact"`, and for "bilinear" and "bicubic" with `align_corners=False, antialias=True`; its "nearest"
takes pixel floor(i · n / m), and its "bicubic" without antialiasing has another filter (a = -0.75).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.windows import WrongNumberOfSizes
from netspec.lazy import jnp, lax, np
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.functions.resize_filter import weights
from netspec.library.shape_rules.sizes import require_positive
from netspec.library.shape_rules.windows import Sizes, space_of, spread_sizes
from netspec.shape import Dim, Facts, TensorType

Method = Literal["nearest", "bilinear", "bicubic"]
Extent = Size | Annotated[tuple[Size, ...], Field(strict=False)]
_TAPS = {"nearest": 0, "bilinear": 2, "bicubic": 4}


class _Resizing(Function):
    """Another size of the axes of space, by a method that works along one axis after the other."""

    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    masking = "near"
    if TYPE_CHECKING:
        method: Method

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        """The new sizes of the axes of space."""
        raise TypeError(f"{self.op_name()} has no size")

    def _antialias(self) -> bool:
        """Whether shrinking widens the filter, so that every pixel counts."""
        return True

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((x.shape[0], *self._sizes(x), x.shape[-1]))

    def apply(self, scope: Scope, x: Array) -> Array:
        sizes = [size.value for size in self._sizes(scope.types[0])]
        if self.method == "nearest":
            return _resize_nearest(x, sizes)
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        for axis, size in enumerate(sizes, 1):
            if size != x.shape[axis]:
                matrix = weights(x.shape[axis], size, self.method, self._antialias())
                wide = _mix_axis(wide, jnp.asarray(matrix, wide.dtype), axis)
        return wide.astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        sizes = self._sizes(x)
        return math.prod(sizes, start=x.shape[0]) * x.shape[-1] * 2 * _TAPS[self.method] * len(sizes)

    def flow(self, passage: Passage) -> Flow:
        x = passage.types[0]
        changed = [axis for axis, size in enumerate(self._sizes(x), 1) if size != x.shape[axis]]
        return passage.keeps(*changed, why="it changes the number of positions")


class Upsample(_Resizing):
    """Makes images `scale` times larger, by repeating pixels or by interpolating between them as `resize` does.

    [batch, space…, channels] -> [batch, scale · space…, channels]. Computed in at least f32.
    FLOPs: per output element and axis of space 0 for `"nearest"`, 4 for `"bilinear"`, 8 for `"bicubic"`.
    PyTorch's `Upsample` gives the same for "nearest", and for "bilinear" with its default `align_corners=False`; where corners are aligned,
    pixels stand elsewhere, which has no counterpart here.
    """

    scale: Sizes
    """How many times larger: one number for all axes of space, or a list."""
    method: Method = "nearest"
    """`"nearest"` repeats pixels; `"bilinear"` mixes 2 neighbours along each axis of space, however many there are, `"bicubic"` 4."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(scale=2), ("f32[2, 3, 4, 3]",)),
            Example(cls(scale=(1, 3), method="bilinear"), ("f32[3, 2, 4, 2]",)),
            Example(cls(scale=2, method="bicubic"), ("f32[2, 5, 3]",)),
            Example(cls(scale=(2, 1, 3), method="bilinear"), ("f32[1, 2, 3, 2, 2]",)),
        )

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        scale = spread_sizes(self.op_name(), "scale", self.scale, space_of(self.op_name(), x.rank, x), x)
        return tuple(n * factor for n, factor in zip(x.shape[1:-1], scale, strict=True))


class Resize(_Resizing):
    """Images in a given size: each pixel of the result is a weighted mean of the pixels around its place, or the nearest of them.

    [batch, space…, channels] -> [batch, size…, channels]. Where the image shrinks, the filter grows with the step between pixels, so that
    nothing is skipped, unless `antialias=false`. Computed in at least f32.
    FLOPs: per output element and axis of space 0 for `"nearest"`, 4 for `"bilinear"`, 8 for `"bicubic"`, as if the filter did not grow.
    PyTorch's `interpolate` has `antialias=False` and `mode="nearest"` unless told otherwise; the latter is "nearest-exact" here.
    """

    source = "jax.image.resize"

    size: Extent
    """The new size: one number for all axes of space, or a list."""
    method: Method = "bilinear"
    """`"nearest"` takes one pixel; `"bilinear"` mixes 2 along each axis of space, however many there are, `"bicubic"` (a = -1/2) 4."""
    antialias: bool = True
    """Let the filter grow where the image shrinks; `"nearest"` has none."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(size=(5, 3)), ("f32[2, 3, 4, 3]",)),
            Example(cls(size=3, method="nearest"), ("f32[2, 5, 4, 2]",)),
            Example(cls(size=(3, 9), method="bicubic"), ("f32[2, 7, 4, 1]",)),
            Example(cls(size=2, antialias=False), ("f32[3, 5, 2]",)),
            Example(cls(size=(2, 3, 3), method="bicubic", antialias=False), ("f32[1, 4, 3, 2, 2]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        for size in self._sizes(x):
            require_positive(facts, self.op_name(), "size", size)
        return super().shape(facts, x)

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        space = space_of(self.op_name(), x.rank, x)
        sizes = self.size if isinstance(self.size, tuple) else (self.size,) * space
        if len(sizes) != space:
            raise Mistake(WrongNumberOfSizes(self.op_name(), "size", len(sizes), space, x, blame="size"))
        return tuple(map(Dim.of, sizes))

    def _antialias(self) -> bool:
        return self.antialias


def _resize_nearest(x: Array, sizes: list[int]) -> Array:
    """Pixel floor((i + 1/2) · n / size) of each axis of space, in whole numbers."""
    for axis, size in enumerate(sizes, 1):
        n = x.shape[axis]
        if size % n == 0:
            x = jnp.repeat(x, size // n, axis)
        else:
            x = jnp.take(x, (2 * np.arange(size) + 1) * n // (2 * size), axis)
    return x


def _mix_axis(x: Array, matrix: Array, axis: int) -> Array:
    """The product of a matrix with an axis."""
    return jnp.moveaxis(jnp.tensordot(matrix, x, (1, axis), precision=lax.Precision.HIGHEST), 0, axis)
