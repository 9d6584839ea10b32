"""Normalisation of each example, or each vector, by statistics of its own."""

from __future__ import annotations

from netspec.kernels.array_forms import widen
from netspec.kernels.normalize import moments
from netspec.library.base import Array, Example, Flow, In, Initializer, Passage, Scope
from netspec.library.initializers.distributions import Ones, Zeros
from netspec.library.layers.norm_statistics import MASK, Epsilon, Normalization, places, stretch_mask
from netspec.library.shape_rules.axis_arguments import Axes, axes_of
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class LayerNorm(Normalization):
    """Normalises each vector along the last axis by its own mean and (biased) variance; with several axes, what stands along them together.

    [..., features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. Parameters `scale`, `bias` have the shape of the
    axes. Where nothing counts, the result is the bias. PyTorch's epsilon is 1e-5.
    FLOPs: per element 5 (mean, subtract, square, sum, multiply), and 1 each for scale and bias.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1), MASK)
    source = "Ba et al., Layer Normalization, 2016; Flax linen LayerNorm"

    epsilon: Epsilon = 1e-6
    """Added to the variance."""
    scale: bool = True
    """Multiply by a learned scale."""
    bias: bool = True
    """Add a learned bias."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""
    axis: Axes = -1
    """The axis that is normalised, or several."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 5, 8]",)),
            Example(cls(epsilon=1e-3, bias=False), ("f32[3, 7]",)),
            Example(cls(scale=False), ("f32[5]",)),
            Example(cls(axis=(-2, -1)), ("f32[2, 3, 4]",)),
            Example(cls(axis=(1, 3), bias=False), ("f32[2, 3, 5, 4]",), {"mask": "bool[2, 3]"}),
            Example(cls(), ("f32[3, 4, 5]",), {"mask": "bool[1, 4, 5]"}),
        )

    def features(self, rank: int) -> tuple[int, ...]:
        return places(self.axis, rank)

    def shape(self, facts: Facts, x: TensorType, **mask: TensorType) -> TensorType:
        axes_of(self.op_name(), self.axis, x)
        return super().shape(facts, x, **mask)

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        _, centred, variance = moments(scope.kernels, widen(x), stretch_mask(x, mask), axes=self.features(x.ndim))
        return self.affine(scope, centred, variance, x.dtype)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*self.features(passage.types[0].rank))

    def pooled(self, training: bool, *inputs: TensorType, **optional: TensorType) -> Dim | int | None:
        x = inputs[0]
        return elements([x.shape[axis] for axis in self.features(x.rank)])


class InstanceNorm(Normalization):
    """Normalises each feature (last axis) of each example by its own mean and (biased) variance over all axes of space.

    [batch, space…, features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. Parameters `scale`, `bias` [features].
    A feature of which nothing counts gives the bias. PyTorch's has no scale and bias unless told so (`affine=True`), the features are the
    second axis, and its epsilon is 1e-5.
    FLOPs: per element 5 (mean, subtract, square, sum, multiply), and 1 each for scale and bias.
    """

    inputs = (In("x", "the batch first, then space, the features last", rank=3), MASK)
    source = "Ulyanov et al., Instance Normalization, 2016; Flax linen InstanceNorm"

    epsilon: Epsilon = 1e-6
    """Added to the variance."""
    scale: bool = True
    """Multiply by a learned scale."""
    bias: bool = True
    """Add a learned bias."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[2, 3, 4, 5]",)),
            Example(cls(epsilon=1e-3, scale=False), ("f32[3, 6, 2]",)),
            Example(cls(bias=False), ("f32[3, 5, 2]",), {"mask": "bool[3, 5]"}),
        )

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        _, centred, variance = moments(scope.kernels, widen(x), stretch_mask(x, mask), axes=tuple(range(1, x.ndim - 1)))
        return self.affine(scope, centred, variance, x.dtype)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))

    def pooled(self, training: bool, *inputs: TensorType, **optional: TensorType) -> Dim | int | None:
        return elements(inputs[0].shape[1:-1])

    def takes_means(self, *inputs: TensorType, **optional: TensorType) -> tuple[int, ...]:
        return tuple(range(1, inputs[0].rank - 1))
