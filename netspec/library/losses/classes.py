"""Losses of one class out of several, by the scores on the last axis."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.kernels import cross_entropy as kernels
from netspec.kernels.array_forms import widen
from netspec.kernels.cross_entropy import take_label as pick_scores
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Callable, Example, In, Loss, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.losses.label_weights import (
    Weights,
    counted_labels,
    ignored_is_integer,
    label_weights,
    leave_out,
    require_class_weights,
)
from netspec.library.shape_rules.targets import LABELS, MASK, SOFTMAX_LOGITS, count_classes, is_integer, label_values
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _OfClasses(Loss):
    """A loss of scores [..., C] and labels, whose values may be weighed by the label's class."""

    inputs: ClassVar[tuple[In, ...]] = (SOFTMAX_LOGITS, LABELS, MASK)
    last_arguments: ClassVar[tuple[str, ...]] = ("class_weights", "ignore")
    cost: ClassVar[int] = 4
    """FLOPs per score; 2 more with a distribution."""

    class_weights: Weights = None
    """How much a value counts whose label is each class, a list of C numbers; none: all the same. They stand in the denominator of the mean
    too. A distribution counts as the mean of its classes' weights."""
    ignore: int | None = None
    """An integer label that does not count, such as 0 for padding, or -1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(), ("f32[5, 3]", "f32[5, 3]"), {"mask": "f32[5]"}),
            Example(cls(class_weights=(1.0, 0.5, 2.0)), ("f32[5, 3]", "i32[5]")),
            Example(cls(ignore=0), ("f32[2, 6, 30]", "i32[2, 6]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        ignored_is_integer(self.op_name(), self.ignore, inputs[1])
        require_class_weights(self.op_name(), facts, self.class_weights, inputs[0])
        return values

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"labels": inputs[0].shape[-1]} if inputs[1].is_int and self.ignore is None else {}

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def counting_all(self) -> Callable:
        return self.replaced(ignore=None)

    def classes_left(self, count: int) -> int:
        return leave_out(count, self.ignore)

    def weights(self, *inputs: Array, **optional: Array) -> Array | None:
        weights = label_weights(self.class_weights, widen(inputs[0]), inputs[1])
        return counted_labels(weights, inputs[1], self.ignore)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        logits, labels = inputs
        return elements(logits.shape) * (self.cost + 2 * labels.is_float) + elements(logits.shape[:-1]) * 2


class SoftmaxCrossEntropy(_OfClasses):
    """Cross-entropy of a softmax over the last axis: -log softmax(logits)[label], or -sum(labels * log softmax(logits)) for a distribution.

    One value per example or token, in nats. An integer label that is no class (below 0, or C and above) gives NaN, unless its value is
    masked out or it is `ignore`. A class of probability 0 may have a logit of minus infinity. FLOPs: 4 per logit (maximum, difference,
    exponential, sum) and 2 per value; with a distribution 2 more per logit.

    `class_weights` weigh values: the mean is the sum of weight times value by the sum of weights, as PyTorch has it for class numbers. For
    a distribution PyTorch weighs each term of the sum and divides by the number of examples.
    """

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """This share of each label is spread over all C classes evenly."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        smooth = cls(label_smoothing=0.1)
        return (*super().examples(), Example(smooth, ("f32[5, 3]", "i32[5]")), Example(smooth, ("f32[5, 3]", "f32[5, 3]")))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        values = cross_entropy(scope, *inputs)
        if self.label_smoothing == 0:
            return values
        even = -jnp.mean(jax.nn.log_softmax(widen(inputs[0]), axis=-1), axis=-1)
        return (1 - self.label_smoothing) * values + self.label_smoothing * even


def cross_entropy(scope: Scope, logits: Array, labels: Array) -> Array:
    """-log softmax(logits)[label], or -sum(labels * log softmax(logits)), in f32 at least; [...]."""
    kernel = kernels.cross_entropy if is_integer(labels) else kernels.cross_entropy_of_shares
    return kernel(scope.kernels, logits, labels)


class SoftmaxFocal(_OfClasses):
    """Cross-entropy of a softmax that gives what is right already less to say: (1 - p)**gamma * -log p, p the label's probability.

    With a distribution the sum over classes of label * (1 - p)**gamma * -log p. One value per example or token, in nats; with gamma 0 it is
    `softmax_cross_entropy`, and labels are as there. FLOPs: 9 per logit and 2 per value; with a distribution 2 more per logit.
    """

    cost: ClassVar[int] = 9
    source = "Lin et al., Focal Loss for Dense Object Detection, 2017"

    gamma: Annotated[float, Field(ge=0)] = 2.0
    """How much less the easy ones count: the exponent of 1 - p."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(gamma=0.5), ("f32[5, 3]", "i32[5]")))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logs, labels = jax.nn.log_softmax(widen(inputs[0]), axis=-1), inputs[1]
        if is_integer(labels):
            return pick_scores(logs, labels, self._value)
        return jnp.sum(jnp.where(labels == 0, 0, widen(labels) * self._value(logs)), axis=-1)

    def _value(self, log: Array) -> Array:
        """The focal loss of logarithms of the true class' probability, element by element."""
        if self.gamma == 0:
            return -log
        wrong = jnp.maximum(-jnp.expm1(log), jnp.finfo(log.dtype).tiny)  # its slope stays finite where the probability is 1
        return -log * wrong**self.gamma


class PolyCrossEntropy(_OfClasses):
    """Cross-entropy of a softmax with the first term of its series in 1 - p reweighted: -log p + epsilon * (1 - p).

    p is the label's probability, or the mean one of a distribution. One value per example or token; with epsilon 0 it is
    `softmax_cross_entropy`, and labels are as there. FLOPs: 5 per logit and 2 per value; with a distribution 2 more per logit.
    """

    cost: ClassVar[int] = 5
    source = "Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, 2022"

    epsilon: float = 2.0
    """What is added to the factor 1 of 1 - p."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(epsilon=-1.0), ("f32[5, 3]", "i32[5]")))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        shares, labels = jax.nn.softmax(widen(inputs[0]), axis=-1), inputs[1]
        own = pick_scores(shares, labels, lambda p: p) if is_integer(labels) else jnp.sum(widen(labels) * shares, axis=-1)
        return cross_entropy(scope, *inputs) + self.epsilon * (1 - own)


class LogLoss(_OfClasses):
    """-log of the label's probability, for outputs that are probabilities already: the output of a `softmax`.

    One value per example or token, in nats: -log p[label], or -sum(labels * log p). Probabilities count as the dtype's epsilon (1.2e-7 in
    f32) at least, so that the value is finite; below it the gradient is 0. On logits `softmax_cross_entropy` gives the same without this
    loss of precision. An integer label that is no class gives NaN, unless its value is masked out or it is `ignore`. FLOPs: 2 per
    probability and 2 per value; with a distribution 2 more per probability.
    """

    cost: ClassVar[int] = 2
    inputs: ClassVar[tuple[In, ...]] = (
        In("probabilities", "Probabilities [..., C] of the classes on the last axis, which sum to 1.", rank=1, wants="probabilities"),
        LABELS,
        MASK,
    )

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        p, labels = widen(inputs[0]), inputs[1]
        logs = jnp.log(jnp.maximum(p, jnp.finfo(p.dtype).eps))
        return pick_scores(-logs, labels, lambda own: own) if is_integer(labels) else -jnp.sum(widen(labels) * logs, axis=-1)


class MulticlassHinge(_OfClasses):
    """By how much the best wrong class, raised by the margin, beats the right one: max over c of (logits[c] + margin · [c ≠ label]) -
    logits[label].

    One value per example or token, 0 once the right class leads by the margin. Labels are as of `softmax_cross_entropy`; a distribution
    stands for the class of its largest number. FLOPs: 4 per logit and 2 per value; with a distribution 2 more per logit.
    """

    source = "Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001"
    inputs: ClassVar[tuple[In, ...]] = (In("logits", "Scores [..., C], one for each class.", rank=1, wants="logits"), LABELS, MASK)

    margin: Annotated[float, Field(ge=0)] = 1.0
    """By how much the right class must lead. With 0 it is the perceptron's loss."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(margin=0.0), ("f32[5, 3]", "i32[5]")))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = widen(inputs[0]), inputs[1]
        classes = labels if is_integer(labels) else jnp.argmax(labels, axis=-1)
        others = lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1) != classes[..., None]
        return pick_scores(logits, classes, lambda own: jnp.max(logits + self.margin * others, axis=-1) - own)
