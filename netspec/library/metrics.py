"""What an evaluation reports. A metric computes one value per example, token or number; their weighted mean is over the whole set."""

from __future__ import annotations

from typing import ClassVar

from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.targets import LABELS, LOGITS, MASK, label_values, masked, wide, widen
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class Accuracy(Metric):
    """The share of predictions whose largest logit is at the label, 0 to 1. Of equal logits the first one is the prediction.

    One-hot labels count as the class of their largest number.
    """

    inputs: ClassVar[tuple[In, ...]] = (LOGITS, LABELS, MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(), ("f32[5, 3]", "f32[5, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = inputs
        classes = labels if jnp.issubdtype(labels.dtype, jnp.integer) else jnp.argmax(labels, axis=-1)
        return (jnp.argmax(logits, axis=-1) == classes).astype(widen(logits).dtype)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """1 per logit (the maximum), and per one-hot label, and 1 per value."""
        return elements(inputs[0].shape) * (2 if inputs[1].is_float else 1) + elements(inputs[0].shape[:-1])


class Mean(Metric):
    """The mean of values over all examples of an evaluation, whatever the batches. Values true and false count as 1 and 0."""

    inputs: ClassVar[tuple[In, ...]] = (In("values", "Numbers [B, ...], the first axis counting examples.", dtype="any", rank=1), MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[8]",)), Example(cls(), ("bf16[4, 5]",), {"mask": "bool[4, 5]"}), Example(cls(), ("bool[6]",)))

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return masked(self.op_name(), facts, inputs[0].with_dtype(wide(inputs[0])), optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return widen(inputs[0])
