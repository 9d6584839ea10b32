"""Normalisation by the root mean square."""

from __future__ import annotations

from netspec.kernels.array_forms import widen
from netspec.kernels.normalize import mean_square
from netspec.library.base import Array, Example, Flow, In, Initializer, Passage, Scope
from netspec.library.initializers.distributions import Ones
from netspec.library.layers.norm_statistics import MASK, Epsilon, Normalization, places, stretch_mask
from netspec.library.shape_rules.axis_arguments import Axes, axes_of
from netspec.shape import Facts, TensorType


class RmsNorm(Normalization):
    """Divides each vector along the last axis by its root mean square: y = x / sqrt(mean(x²) + epsilon) · scale. No mean is subtracted.

    [..., features] -> the same; with several axes, what stands along them is taken together. The mean is taken in at least f32. Parameter
    `scale` has the shape of the axes.
    FLOPs: per element 3 (square, sum, multiply), and 1 for the scale.
    PyTorch's epsilon, unless given, is that of its numbers: 1.2e-7 for f32.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1), MASK)
    source = "Zhang and Sennrich, Root Mean Square Layer Normalization, 2019; Flax linen RMSNorm"
    centres = False

    epsilon: Epsilon = 1e-6
    """Added to the mean square."""
    scale: bool = True
    """Multiply by a learned scale."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""
    axis: Axes = -1
    """The axis that is normalised, or several."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 5, 8]",)),
            Example(cls(epsilon=1e-3, scale=False), ("f32[3, 7]",)),
            Example(cls(), ("f32[5]",)),
            Example(cls(axis=(-2, -1)), ("f32[2, 3, 4]",)),
            Example(cls(), ("f32[3, 2, 4]",), {"mask": "bool[3, 2, 4]"}),
        )

    def features(self, rank: int) -> tuple[int, ...]:
        return places(self.axis, rank)

    def shape(self, facts: Facts, x: TensorType, **mask: TensorType) -> TensorType:
        axes_of(self.op_name(), self.axis, x)
        return super().shape(facts, x, **mask)

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        values = widen(x)
        square = mean_square(scope.kernels, values, stretch_mask(x, mask), axes=self.features(x.ndim))
        return self.affine(scope, values, square, x.dtype)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*self.features(passage.types[0].rank))
