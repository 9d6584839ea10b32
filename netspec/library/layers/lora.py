"""Fully connected layers that are tuned by few parameters."""

from __future__ import annotations

from typing import Annotated

from netspec.kernels.matmul import matmul
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Scope, Size, Weight
from netspec.library.base.field_bounds import Field
from netspec.library.initializers.distributions import HeUniform, LecunNormal, Zeros
from netspec.library.shape_rules.sizes import parameter, require_positive, stretch_last
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class Lora(Layer):
    """Linear map of the last axis with a correction of low rank: y = x @ kernel + (alpha / rank) · (x @ lora_a) @ lora_b + bias.

    [..., in] -> [..., features], as `dense`. Parameters: `kernel` [in, features], `bias` [features], `lora_a` [in, rank] and `lora_b`
    [rank, features], which starts as zeros, so that the layer begins as the dense one. What is trained says the optimizer: an
    `update` with `params = "**/lora_*"` leaves all else as it is.
    FLOPs: 2 · (in + rank) + 1 per output element, 1 more for the bias, and (2 · in + 1) · rank for each vector.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021; defaults of Hugging Face PEFT; names of Flax NNX"

    features: Size
    """Size of the last axis of the output."""
    rank: Positive = 8
    """Rank of the correction."""
    alpha: Annotated[float, Field(gt=0)] = 8.0
    """The correction counts alpha / rank."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""
    lora_a_init: Initializer = HeUniform()
    """Initial value of `lora_a`; its fan-in is in."""
    lora_b_init: Initializer = Zeros()
    """Initial value of `lora_b`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=5, rank=2), ("f32[4, 6]",)),
            Example(cls(features=3, alpha=16.0, bias=False), ("f32[2, 3, 4]",)),
            Example(cls(features=2, rank=1, alpha=0.5), ("f32[3]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((*x.shape[:-1], require_positive(facts, self.op_name(), "features", self.features)))

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {
            "kernel": parameter("kernel", (x.shape[-1], self.features), self.kernel_init),
            "lora_a": parameter("lora_a", (x.shape[-1], self.rank), self.lora_a_init),
            "lora_b": parameter("lora_b", (self.rank, self.features), self.lora_b_init),
        }
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        kernel, a, b = (scope.param(name).astype(x.dtype) for name in ("kernel", "lora_a", "lora_b"))
        narrow = matmul(scope.kernels, x, a) * (self.alpha / self.rank)
        y = matmul(scope.kernels, x, kernel) + matmul(scope.kernels, narrow, b)
        return y + stretch_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        size, features = x.shape[-1], Dim.of(self.features)
        wide = features * (size * 2 + (2 * self.rank + 1 + int(self.bias)))
        return elements(x.shape[:-1]) * (wide + (size * 2 + 1) * self.rank)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)
