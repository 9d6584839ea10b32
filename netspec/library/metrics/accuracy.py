"""How many predictions are right."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.targets import FewerClasses
from netspec.kernels.array_forms import widen
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, In, Positive, Scope
from netspec.library.metrics.share import Share
from netspec.library.shape_rules.targets import LABELS, LOGITS, MASK, count_classes, label_values, sequence_values
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class Accuracy(Share):
    """The share of predictions whose largest logit is at the label, 0 to 1. Of equal logits the first one is the prediction.

    Labels that are probabilities, one-hot or mixed by `mixup`, count as the class of their largest number, the first of equal ones.
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

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = inputs
        return (jnp.argmax(logits, axis=-1) == class_numbers(labels)).astype(widen(logits).dtype)

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"labels": inputs[0].shape[-1]} if inputs[1].is_int else {}

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """1 per logit (the maximum), and per one-hot label, and 1 per value."""
        return elements(inputs[0].shape) * (2 if inputs[1].is_float else 1) + elements(inputs[0].shape[:-1])


def class_numbers(labels: Array) -> Array:
    """Class numbers of labels; of probabilities the first of the largest."""
    return labels if jnp.issubdtype(labels.dtype, jnp.integer) else jnp.argmax(labels, axis=-1)


class TopKAccuracy(Share):
    """The share of predictions whose label is among the k largest logits, 0 to 1. Of equal logits the first ones are the larger.

    So `top_k_accuracy(logits, label, k=1)` is `accuracy(logits, label)`, and labels that are probabilities count as there. A
    label whose logit is NaN is never among the largest.
    """

    inputs: ClassVar[tuple[In, ...]] = (LOGITS, LABELS, MASK)

    k: Positive = 5
    """How many of the largest logits count, at most as many as there are classes."""

    @classmethod
    def op_name(cls) -> str:
        return "top_k_accuracy"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(k=2), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(k=2), ("f32[5, 3]", "f32[5, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        logits, labels = inputs
        values = label_values(self.op_name(), facts, logits, labels, optional.get("mask"))
        classes = logits.shape[-1]
        if classes.is_constant and classes.value < self.k:
            raise Mistake(FewerClasses(op=self.op_name(), k=self.k, logits=logits, blame="k"))
        return values

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, classes = inputs[0], class_numbers(inputs[1])[..., None]
        inside = (classes >= 0) & (classes < logits.shape[-1])
        own = jnp.take_along_axis(logits, jnp.where(inside, classes, 0), axis=-1)
        before = lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1) < classes
        larger = jnp.where(before, ~(logits < own), ~(logits <= own))  # also NaN
        right = inside & ~jnp.isnan(own) & (jnp.sum(larger, axis=-1, keepdims=True) < self.k)
        return right[..., 0].astype(widen(logits).dtype)

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"labels": inputs[0].shape[-1]} if inputs[1].is_int else {}

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """2 per logit (a comparison, a sum), 1 more per one-hot label, and 1 per value."""
        return elements(inputs[0].shape) * (3 if inputs[1].is_float else 2) + elements(inputs[0].shape[:-1])


class SequenceExact(Share):
    """The share of sequences that are right from end to end, 0 to 1: every position that the mask leaves in is equal.

    One value per sequence, the last axis being time. The mask chooses positions (0 and false leave one out) and weighs nothing; a
    sequence without any position left counts as right.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("prediction", "Whole numbers [..., T], such as tokens that were decoded.", dtype="int", rank=1, named=True),
        In("target", "What they should be, of the same shape.", dtype="int", rank=1, named=True),
        In("mask", "Which positions are compared, of the same shape.", dtype="any", optional=True),
    )
    mask_weighs: ClassVar[bool] = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("i32[4, 6]", "i32[4, 6]")),
            Example(cls(), ("i32[4, 6]", "i32[4, 6]"), {"mask": "bool[4, 6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return sequence_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        equal = inputs[0] == inputs[1]
        right = equal if "mask" not in optional else equal | (optional["mask"] == 0)
        return jnp.all(right, axis=-1).astype(jnp.float32)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """1 per position, 2 more with a mask."""
        return elements(inputs[0].shape) * (3 if optional else 1)
