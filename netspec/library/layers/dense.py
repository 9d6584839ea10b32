"""Fully connected layers."""

from __future__ import annotations

from typing import Annotated

from netspec.lazy import lax
from netspec.library.axes import Axes, axes_of
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Size, Weight
from netspec.library.base.fields import Field
from netspec.library.initializers import LecunNormal, Zeros
from netspec.library.sizes import along_last, axis_of, count, kernel, offset, positive
from netspec.shape import Dim, Facts, TensorType


class Dense(Layer):
    """Linear map of the last axis, or of several axes: y = x @ kernel + bias.

    [..., in] -> [..., features]; lists give several axes on either side: `dense([8, 64])` makes [..., in] to [..., 8, 64], and
    `dense(512, axis=[-2, -1])` makes [..., 8, 64] to [..., 512]. The axes that stay come first. Parameters: `kernel` [in…, features…]
    and `bias` [features…]; initializers see the kernel as one matrix. FLOPs: 2 · in per output element, and 1 more for the bias.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Flax linen Dense and DenseGeneral"

    features: Size | Annotated[tuple[Size, ...], Field(strict=False, min_length=1)]
    """Size of the last axis of the output, or a list of sizes for several."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""
    axis: Axes = -1
    """The input's axis that is mapped, or a list of axes, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=10), ("f32[4, 32]",)),
            Example(cls(features=1, bias=False), ("f32[3, 5, 7]",)),
            Example(cls(features=3), ("f32[1]",)),
            Example(cls(features=(2, 5)), ("f32[4, 3, 6]",)),
            Example(cls(features=7, axis=(-2, -1)), ("f32[5, 3, 2, 4]",)),
            Example(cls(features=(3, 2), axis=(3, 1), bias=False), ("f32[5, 4, 3, 2]",)),
        )

    def _axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes that are mapped, counted from 0, in the order given. Raises `Mistake` for one that is not there or stands twice."""
        axes_of(self.op_name(), self.axis, x)
        return tuple(axis_of(self.op_name(), axis, x) for axis in ((self.axis,) if isinstance(self.axis, int) else self.axis))

    @property
    def _features(self) -> tuple[int | Dim, ...]:
        return self.features if isinstance(self.features, tuple) else (self.features,)

    def _sizes(self, x: TensorType) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
        """Sizes of the axes that stay, and of those that are mapped."""
        axes = self._axes(x)
        return tuple(size for axis, size in enumerate(x.shape) if axis not in axes), tuple(x.shape[axis] for axis in axes)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features = (positive(facts, self.op_name(), "features", size) for size in self._features)
        return x.with_shape((*self._sizes(x)[0], *features))

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": kernel("kernel", self._sizes(x)[1], self._features, self.kernel_init)}
        return weights | ({"bias": offset("bias", self._features, self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        axes = self._axes(TensorType("f32", x.shape))
        y = lax.dot_general(x, scope.param("kernel").astype(x.dtype), ((axes, tuple(range(len(axes)))), ((), ())))
        return y + along_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        rest, mapped = self._sizes(x)
        return count(rest) * count(self._features) * (2 * count(mapped) + int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*self._axes(passage.types[0]))
