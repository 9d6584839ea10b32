"""What training makes small. A loss computes one value per example, token or number; the trainer averages them (see `Measure`).

Values are in f32 at least, whatever the model computes in.
"""

from __future__ import annotations

from typing import ClassVar

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, In, Loss, Scope
from netspec.library.targets import LABELS, LOGITS, MASK, SCORES, TRUTH, equal_values, label_values, truth_values, widen
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class SoftmaxCrossEntropy(Loss):
    """Cross-entropy of a softmax over the last axis: -log softmax(logits)[label], or -sum(labels * log softmax(logits)) for a distribution.

    One value per example or token, in nats. An integer label that is no class (below 0, or C and above) gives NaN, unless its value is
    masked out.
    """

    inputs: ClassVar[tuple[In, ...]] = (LOGITS, LABELS, MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(), ("f32[5, 3]", "f32[5, 3]"), {"mask": "f32[5]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"labels": inputs[0].shape[-1]} if inputs[1].is_int else {}

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return cross_entropy(*inputs)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """4 per logit (maximum, difference, exponential, sum) and 2 per value; with a distribution 2 more per logit."""
        logits, labels = inputs
        return elements(logits.shape) * (6 if labels.is_float else 4) + elements(logits.shape[:-1]) * 2


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log softmax(logits)[label], or -sum(labels * log softmax(logits)), in f32 at least; [...]."""
    wide = widen(logits)
    return _of_classes(wide, labels) if jnp.issubdtype(labels.dtype, jnp.integer) else _of_distribution(wide, widen(labels))


def _of_classes(logits: Array, labels: Array) -> Array:
    classes = logits.shape[-1]
    inside = (labels >= 0) & (labels < classes)
    chosen = jnp.take_along_axis(logits, jnp.where(inside, labels, 0)[..., None], axis=-1)[..., 0]
    return jnp.where(inside, jax.nn.logsumexp(logits, axis=-1) - chosen, jnp.nan)


def _of_distribution(logits: Array, labels: Array) -> Array:
    """Classes of probability 0 do not count, also where their logit is -inf."""
    return -jnp.sum(jnp.where(labels == 0, 0, labels * jax.nn.log_softmax(logits, axis=-1)), axis=-1)


class SigmoidCrossEntropy(Loss):
    """Cross-entropy of independent yes-or-no answers: -labels * log sigmoid(logits) - (1 - labels) * log sigmoid(-logits).

    One value per number, in nats; nothing is summed over the last axis. Labels are the probabilities of yes: floats 0 to 1, or true and
    false, or 1 and 0. An integer label that is neither gives NaN, unless its value is masked out. Large logits do not overflow.
    """

    inputs: ClassVar[tuple[In, ...]] = (SCORES, TRUTH, MASK)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[6]", "bool[6]"), {"mask": "bool[6]"}),
            Example(cls(), ("f32[4, 3]", "i32[4, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return truth_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = widen(inputs[0]), inputs[1]
        values = _of_answers(logits, labels.astype(logits.dtype))
        return values if not jnp.issubdtype(labels.dtype, jnp.integer) else jnp.where((labels == 0) | (labels == 1), values, jnp.nan)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """12 per number: two soft maxima of 4 (an exponential, a logarithm, a sum, a maximum), two products, a difference, a sum."""
        return elements(inputs[0].shape) * 12


def _of_answers(logits: Array, labels: Array) -> Array:
    """An answer of probability 0 does not count, also where its logit is infinite."""
    yes = jnp.where(labels == 0, 0, labels * jax.nn.softplus(-logits))
    return yes + jnp.where(labels == 1, 0, (1 - labels) * jax.nn.softplus(logits))


class MeanSquaredError(Loss):
    """Squared difference of predictions and targets, number by number: (predictions - targets)**2."""

    inputs: ClassVar[tuple[In, ...]] = (
        In("predictions", "What the model says, any shape."),
        In("targets", "What it should say, of the same shape."),
        MASK,
    )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[6]", "f32[6]"), {"mask": "bool[6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return equal_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return jnp.square(widen(inputs[0]) - widen(inputs[1]))

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """2 per number: a difference and a square."""
        return elements(inputs[0].shape) * 2
