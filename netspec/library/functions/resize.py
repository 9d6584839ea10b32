"""Images in another size.

By default a pixel stands for the middle of its square: pixel i of n at (i + 1/2) / n of its axis, before and after, as in jax.image.resize.
ONNX's and PyTorch's other rules are arguments. ONNX's Resize has as defaults `rounding="round_prefer_floor"` for "nearest", and for others
`antialias=false, cubic_a=-0.75, exclude_outside=false`. PyTorch's `interpolate` is "nearest" with `coordinates="asymmetric",
rounding="floor"`, "nearest-exact" as it stands here, "bilinear" with `antialias=false`, "bicubic" with that, `cubic_a=-0.75` and
`exclude_outside=false`, and with `antialias=True` what stands here; its `align_corners=True` is `coordinates="align_corners"`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import WrongOperand
from netspec.diagnostics.shapes.windows import WrongNumberOfSizes
from netspec.lazy import jnp, lax, np
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.functions.resize_filter import Coordinates, Rounding, nearest_points, weights
from netspec.library.shape_rules.sizes import require_positive
from netspec.library.shape_rules.windows import Sizes, space_of, spread_sizes
from netspec.shape import Dim, Facts, TensorType

Method = Literal["nearest", "bilinear", "bicubic"]
Extent = Size | Annotated[tuple[Size, ...], Field(strict=False)]
_TAPS = {"nearest": 0, "bilinear": 2, "bicubic": 4}


class _Resizing(Function):
    """Another size of the axes of space, by a method that works along one axis after the other."""

    over_space = True
    inputs = (In("x", '[batch, space…, channels], of floats; of anything for "nearest"', dtype="any", rank=3),)
    masking = "near"
    last_arguments: ClassVar[tuple[str, ...]] = ("coordinates", "rounding", "cubic_a", "exclude_outside")
    later_arguments: ClassVar[tuple[str, ...]] = ("coordinates", "rounding", "cubic_a", "exclude_outside")
    if TYPE_CHECKING:
        method: Method

    coordinates: Coordinates = "half_pixel"
    """Where pixel i of m lies among the n there were, as ONNX names it: `"half_pixel"` (i + 1/2) · n / m - 1/2; `"pytorch_half_pixel"` the
    same, but 0 where m is 1; `"align_corners"` i · (n - 1) / (m - 1); `"asymmetric"` i · n / m."""
    rounding: Rounding = "round_prefer_ceil"
    """Which pixel `"nearest"` takes: `"floor"`, `"ceil"`, or the nearest one, of two the later with `"round_prefer_ceil"`, the earlier with
    `"round_prefer_floor"`."""
    cubic_a: float = -0.5
    """The slope a of `"bicubic"` at distance 1: -1/2 is Keys', -0.75 that of ONNX and of PyTorch without antialiasing."""
    exclude_outside: bool = True
    """Pixels outside of the image do not count for `"bicubic"`; false repeats those at the border, as ONNX and PyTorch do."""

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        """The new sizes of the axes of space."""
        raise TypeError(f"{self.op_name()} has no size")

    def _antialias(self) -> bool:
        """Whether shrinking widens the filter, so that every pixel counts."""
        return True

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        if self.method != "nearest" and not x.is_float:
            raise Mistake(WrongOperand(f'{self.op_name()}(…, method="{self.method}")', x, "floats", blame="x"))
        return x.with_shape((x.shape[0], *self._sizes(x), x.shape[-1]))

    def apply(self, scope: Scope, x: Array) -> Array:
        sizes = [size.value for size in self._sizes(scope.types[0])]
        if self.method == "nearest":
            return self._resize_nearest(x, sizes)
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        for axis, size in enumerate(sizes, 1):
            if size != x.shape[axis]:
                rules = (self._antialias(), self.coordinates, self.cubic_a, self.exclude_outside)
                matrix = weights(x.shape[axis], size, self.method, *rules)
                wide = _mix_axis(wide, jnp.asarray(matrix, wide.dtype), axis)
        return wide.astype(x.dtype)

    def _resize_nearest(self, x: Array, sizes: list[int]) -> Array:
        """One pixel for each place, along one axis of space after the other."""
        for axis, size in enumerate(sizes, 1):
            points = nearest_points(x.shape[axis], size, self.coordinates, self.rounding)
            factor = size // x.shape[axis]
            repeats = np.array_equal(points, np.arange(size) // max(factor, 1))
            x = jnp.repeat(x, factor, axis) if size % x.shape[axis] == 0 and repeats else jnp.take(x, points, axis)
        return x

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
    PyTorch's `Upsample` gives the same for "nearest", and for "bilinear" with its default `align_corners=False`; with `align_corners=True`
    write `coordinates="align_corners"`, for its "bicubic" `cubic_a=-0.75, exclude_outside=false`.
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
            Example(cls(scale=2, method="bilinear", coordinates="align_corners"), ("f32[2, 3, 4, 2]",)),
            Example(cls(scale=2), ("u8[2, 3, 4, 1]",)),
        )

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        scale = spread_sizes(self.op_name(), "scale", self.scale, space_of(self.op_name(), x.rank, x), x)
        return tuple(n * factor for n, factor in zip(x.shape[1:-1], scale, strict=True))


class Resize(_Resizing):
    """Images in a given size: each pixel of the result is a weighted mean of the pixels around its place, or the nearest of them.

    [batch, space…, channels] -> [batch, size…, channels]. Where the image shrinks, the filter grows with the step between pixels, so that
    nothing is skipped, unless `antialias=false`. Computed in at least f32.
    FLOPs: per output element and axis of space 0 for `"nearest"`, 4 for `"bilinear"`, 8 for `"bicubic"`, as if the filter did not grow.
    PyTorch's `interpolate` has `antialias=False` and `mode="nearest"` unless told otherwise; the latter is `method="nearest",
    coordinates="asymmetric", rounding="floor"` here. Its "bicubic" without antialiasing has `cubic_a=-0.75, exclude_outside=false`.
    """

    source = "jax.image.resize"

    size: Extent
    """The new size: one number for all axes of space, or a list."""
    method: Method = "bilinear"
    """`"nearest"` takes one pixel; `"bilinear"` mixes 2 along each axis of space, however many there are, `"bicubic"` 4."""
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
            Example(cls(size=(7, 3), method="bicubic", antialias=False, cubic_a=-0.75, exclude_outside=False), ("f32[2, 4, 5, 2]",)),
            Example(cls(size=(5, 1), coordinates="align_corners", antialias=False), ("f32[2, 3, 4, 1]",)),
            Example(cls(size=(1, 3), method="nearest", coordinates="asymmetric", rounding="floor"), ("i32[2, 5, 4, 1]",)),
            Example(cls(size=4, method="nearest"), ("bool[2, 3, 1]",)),
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


def _mix_axis(x: Array, matrix: Array, axis: int) -> Array:
    """The product of a matrix with an axis."""
    return jnp.moveaxis(jnp.tensordot(matrix, x, (1, axis), precision=lax.Precision.HIGHEST), 0, axis)
