"""Normalisation by the root mean square."""

from __future__ import annotations

from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Weight
from netspec.library.initializers import Ones
from netspec.library.layers.norm import Epsilon
from netspec.library.sizes import along_last, parameter
from netspec.shape import Dim, Facts, TensorType


class RmsNorm(Layer):
    """Divides each vector along the last axis by its root mean square: y = x / sqrt(mean(x²) + epsilon) · scale. No mean is subtracted.

    [..., features] -> the same. The mean is taken in at least f32. Parameter `scale` [features].
    FLOPs: per element 3 (square, sum, multiply), and 1 for the scale.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Zhang and Sennrich, Root Mean Square Layer Normalization, 2019; Flax linen RMSNorm"

    epsilon: Epsilon = 1e-6
    """Added to the mean square."""
    scale: bool = True
    """Multiply by a learned scale."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 5, 8]",)), Example(cls(epsilon=1e-3, scale=False), ("f32[3, 7]",)), Example(cls(), ("f32[5]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x

    def params(self, x: TensorType) -> dict[str, Weight]:
        return {"scale": parameter("scale", x.shape[-1:], self.scale_init)} if self.scale else {}

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        factor = lax.rsqrt(jnp.mean(lax.square(wide), -1, keepdims=True) + self.epsilon)
        if self.scale:
            factor = factor * along_last(scope.param("scale"), wide)
        return (wide * factor).astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return x.size * (3 + int(self.scale))

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)
