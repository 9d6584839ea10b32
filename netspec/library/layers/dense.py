"""Fully connected layers."""

from __future__ import annotations

from typing import Annotated

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import AxisOutOfRange
from netspec.kernels.matmul import contract
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Size, Weight
from netspec.library.base.field_bounds import Field
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.shape_rules.axis_arguments import Axes, axes_of
from netspec.library.shape_rules.sizes import axis_of, count, kernel, offset, require_positive, stretch_last
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType


class Dense(Layer):
    """Linear map of the last axis, or of several axes: y = x @ kernel + bias.

    [..., in] -> [..., features]; lists give several axes on either side: `dense([8, 64])` makes [..., in] to [..., 8, 64], and
    `dense(512, axis=[-2, -1])` makes [..., 8, 64] to [..., 512]. The axes that stay come first. Parameters: `kernel` [in…, features…]
    and `bias` [features…]; initializers see the kernel as one matrix. With `batch_dims`, so many leading axes stand in front of both: each
    of their elements is mapped by a kernel of its own, whose fans they do not change (Flax counts them in).
    FLOPs: 2 · in per output element, and 1 more for the bias. PyTorch's kernel is [features, in].
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Flax linen Dense and DenseGeneral"
    mistaken = {"bias": "how many features come in is known: write only those that come out"}

    features: Size | Annotated[tuple[Size, ...], Field(strict=False, min_length=1)]
    """Size of the last axis of the output, or a list of sizes for several."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""
    axis: Axes = -1
    """The input's axis that is mapped, or a list of axes in the order that the kernel has them (Flax sorts them), counted from 0, or from
    the end with -1, -2, …"""
    batch_dims: Annotated[int, Field(ge=0)] = 0
    """How many leading axes have kernels and biases of their own: 1 for the experts of [experts, …, in]."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=10), ("f32[4, 32]",)),
            Example(cls(features=1, bias=False), ("f32[3, 5, 7]",)),
            Example(cls(features=3), ("f32[1]",)),
            Example(cls(features=(2, 5)), ("f32[4, 3, 6]",)),
            Example(cls(features=7, axis=(-2, -1)), ("f32[5, 3, 2, 4]",)),
            Example(cls(features=(3, 2), axis=(3, 1), bias=False), ("f32[5, 4, 3, 2]",)),
            Example(cls(features=5, batch_dims=1), ("f32[3, 4, 2]",)),
            Example(cls(features=(2, 3), axis=(-1, 2), batch_dims=2), ("f32[3, 2, 4, 6, 5]",)),
        )

    def _axes(self, x: TensorType) -> tuple[int, ...]:
        """The axes that are mapped, counted from 0, in the order given. Raises `Mistake` for one that is not there or stands twice."""
        if self.batch_dims > x.rank:
            raise Mistake(AxisOutOfRange(self.op_name(), x.rank, x, blame="batch_dims"))
        given = (self.axis,) if isinstance(self.axis, int) else self.axis
        axes_of(self.op_name(), (*self._batch, *given), x)
        return tuple(axis_of(self.op_name(), axis, x) for axis in given)

    @property
    def _batch(self) -> tuple[int, ...]:
        return tuple(range(self.batch_dims))

    @property
    def _features(self) -> tuple[int | Dim, ...]:
        return self.features if isinstance(self.features, tuple) else (self.features,)

    def _sizes(self, x: TensorType) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
        """Sizes of the axes that stay, and of those that are mapped."""
        axes = self._axes(x)
        return tuple(size for axis, size in enumerate(x.shape) if axis not in axes), tuple(x.shape[axis] for axis in axes)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features = (require_positive(facts, self.op_name(), "features", size) for size in self._features)
        return x.with_shape((*self._sizes(x)[0], *features))

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": kernel("kernel", self._sizes(x)[1], self._features, self.kernel_init)}
        weights |= {"bias": offset("bias", self._features, self.bias_init)} if self.bias else {}
        return {name: self._each(weight, x) for name, weight in weights.items()} if self.batch_dims else weights

    def _each(self, weight: Weight, x: TensorType) -> Weight:
        """The parameter once for each element of the batch's axes."""
        batch = tuple(size.value if size.is_constant else size for size in x.shape[: self.batch_dims])
        return replace(weight, shape=(*batch, *weight.shape), matrix=False)

    def apply(self, scope: Scope, x: Array) -> Array:
        axes, batch = self._axes(scope.types[0]), self._batch
        mapped = tuple(range(len(batch), len(batch) + len(axes)))
        y = contract(scope.kernels, x, scope.param("kernel").astype(x.dtype), over=(axes, mapped), batch=(batch, batch))
        return y + self._spread(scope.param("bias"), y) if self.bias else y

    def _spread(self, bias: Array, y: Array) -> Array:
        """The bias with axes of size 1 for those of y that it does not have."""
        k = self.batch_dims
        return stretch_last(bias.reshape(*bias.shape[:k], *(1,) * (y.ndim - bias.ndim), *bias.shape[k:]), y)

    def flops(self, x: TensorType) -> Dim:
        rest, mapped = self._sizes(x)
        return count(rest) * count(self._features) * (2 * count(mapped) + int(self.bias))

    def adds_bias(self, *inputs: TensorType, **optional: TensorType) -> int | None:
        return len(self._features) if self.bias and not self.batch_dims else None

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*self._batch, *self._axes(passage.types[0]))
