"""Means over a whole evaluation."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.losses.classes import SoftmaxCrossEntropy, cross_entropy
from netspec.library.shape_rules.targets import LABELS, MASK, SOFTMAX_LOGITS, count_classes, label_values, require_mask, value_dtype
from netspec.shape import Dim, Facts, TensorType


class Mean(Metric):
    """The mean of values over all examples of an evaluation, whatever the batches. Values true and false count as 1 and 0."""

    inputs: ClassVar[tuple[In, ...]] = (In("values", "Numbers [B, ...], the first axis counting examples.", dtype="any", rank=1), MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[8]",)), Example(cls(), ("bf16[4, 5]",), {"mask": "bool[4, 5]"}), Example(cls(), ("bool[6]",)))

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return require_mask(self.op_name(), facts, inputs[0].with_dtype(value_dtype(inputs[0])), optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return widen(inputs[0])


class Perplexity(Metric):
    """How many classes a prediction is undecided between: the exponential of the mean softmax cross-entropy over the whole evaluation.

    It is `exp(softmax_cross_entropy(logits, labels))`, so 1 at best, and 1 as well where nothing counts.
    """

    better: ClassVar[str] = "lower"
    inputs: ClassVar[tuple[In, ...]] = (SOFTMAX_LOGITS, LABELS, MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return cross_entropy(scope, *inputs)

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def finish(self, statistics: Any) -> Array:
        return jnp.exp(super().finish(statistics))

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """Those of `softmax_cross_entropy`."""
        return SoftmaxCrossEntropy().flops(*inputs, **optional)
