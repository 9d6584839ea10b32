"""Fully connected layers."""

from __future__ import annotations

from netspec.lazy import lax
from netspec.library.base import Array, Example, In, Initializer, Layer, Scope, Size, Weight
from netspec.library.initializers import LecunNormal, Zeros
from netspec.library.sizes import along_last, parameter, positive
from netspec.shape import Dim, Facts, TensorType


class Dense(Layer):
    """Linear map of the last axis: y = x @ kernel + bias.

    [..., in] -> [..., features]. Parameters: `kernel` [in, features] and `bias` [features].
    FLOPs: 2 · in per output element, and 1 more for the bias.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Flax linen Dense"

    features: Size
    """Size of the last axis of the output."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=10), ("f32[4, 32]",)),
            Example(cls(features=1, bias=False), ("f32[3, 5, 7]",)),
            Example(cls(features=3), ("f32[1]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((*x.shape[:-1], positive(facts, self.op_name(), "features", self.features)))

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": parameter("kernel", (x.shape[-1], self.features), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        y = lax.dot_general(x, scope.param("kernel").astype(x.dtype), (((x.ndim - 1,), (0,)), ((), ())))
        return y + along_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        outputs = TensorType(x.dtype, x.shape[:-1]).size * self.features
        return outputs * (2 * x.shape[-1] + int(self.bias))
