"""Losses of independent yes-or-no answers, number by number."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Callable, Example, In, Loss, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.losses.label_weights import Weights, counted_labels, ignored_is_integer, leave_out, require_class_weights
from netspec.library.shape_rules.targets import MASK, SIGMOID_LOGITS, TRUTH, is_integer, truth_values, yes_and_no
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _OfAnswers(Loss):
    """A loss of one number per answer and its truth; `cost` is its FLOPs per number."""

    inputs: ClassVar[tuple[In, ...]] = (SIGMOID_LOGITS, TRUTH, MASK)
    cost: ClassVar[int]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[6]", "bool[6]"), {"mask": "bool[6]"}),
            Example(cls(), ("f32[4, 3]", "i32[4, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return truth_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return yes_and_no(inputs[1])

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        said, labels = widen(inputs[0]), inputs[1]
        values = self.values(said, labels.astype(said.dtype))
        return values if not is_integer(labels) else jnp.where((labels == 0) | (labels == 1), values, jnp.nan)

    def values(self, said: Array, truth: Array) -> Array:
        """What each answer costs; the truth is in the dtype of what is said."""
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * self.cost


class SigmoidCrossEntropy(_OfAnswers):
    """Cross-entropy of independent yes-or-no answers: -labels * log sigmoid(logits) - (1 - labels) * log sigmoid(-logits).

    One value per number, in nats; nothing is summed over the last axis. Labels are the probabilities of yes: floats 0 to 1, or true and
    false, or 1 and 0. An integer label that is neither gives NaN, unless its value is masked out or it is `ignore`. Large logits do not
    overflow. FLOPs: 12 per number (two soft maxima of 4, two products, a difference, a sum).

    `class_weights`, `positive_weight` and `ignore` are weights of the values, so they stand in the denominator of the mean as well: a yes
    with `positive_weight=3` counts as three answers. PyTorch's `pos_weight` stands in the sum alone.
    """

    cost: ClassVar[int] = 12

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """This share of each label is replaced by one half."""
    class_weights: Weights = None
    """How much each number of the last axis counts, a list of its length; none: all the same."""
    positive_weight: Annotated[float, Field(ge=0)] = 1.0
    """How much a yes counts, where a no counts 1; a label in between counts in proportion."""
    ignore: int | None = None
    """An integer label that does not count, such as -1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example(cls(label_smoothing=0.1, class_weights=(1.0, 0.5, 2.0)), ("f32[4, 3]", "i32[4, 3]")),
            Example(cls(positive_weight=3.0, ignore=-1), ("f32[4, 3]", "i32[4, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = super().shape(facts, *inputs, **optional)
        ignored_is_integer(self.op_name(), self.ignore, inputs[1])
        require_class_weights(self.op_name(), facts, self.class_weights, inputs[0])
        return values

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {} if self.ignore is not None else super().ceilings(*inputs)

    def counting_all(self) -> Callable:
        return self.replaced(ignore=None)

    def classes_left(self, count: int) -> int:
        return leave_out(count, self.ignore)

    def values(self, said: Array, truth: Array) -> Array:
        return cross_entropy_of_answers(said, smooth_truth(truth, self.label_smoothing))

    def weights(self, *inputs: Array, **optional: Array) -> Array | None:
        if self.class_weights is None and self.positive_weight == 1 and self.ignore is None:
            return None
        logits, labels = widen(inputs[0]), inputs[1]
        yes = labels.astype(logits.dtype)
        found = 1 + (self.positive_weight - 1) * jnp.clip(yes, 0, 1)
        if self.class_weights is not None:
            found = found * jnp.asarray(self.class_weights, logits.dtype).reshape((1,) * (yes.ndim - 1) + (-1,))
        return counted_labels(found, labels, self.ignore)


def smooth_truth(truth: Array, share: float) -> Array:
    """Moves truths of 0 and 1 towards 1/2 by a share; their shape stays."""
    return truth if share == 0 else truth * (1 - share) + share / 2


def cross_entropy_of_answers(logits: Array, labels: Array) -> Array:
    """An answer of probability 0 does not count, also where its logit is infinite."""
    yes = jnp.where(labels == 0, 0, labels * jax.nn.softplus(-logits))
    return yes + jnp.where(labels == 1, 0, (1 - labels) * jax.nn.softplus(logits))


class SigmoidFocal(_OfAnswers):
    """Cross-entropy of yes-or-no answers that gives those that are right already less to say: (1 - p)**gamma times the cross-entropy.

    p is the probability of the truth, sigmoid(logits) for a yes. One value per number, in nats. With gamma 0 it is
    `sigmoid_cross_entropy`. Labels as there. FLOPs: 20 per number.
    """

    cost: ClassVar[int] = 20
    source = "Lin et al., Focal Loss for Dense Object Detection, 2017"

    gamma: Annotated[float, Field(ge=0)] = 2.0
    """How much less the easy ones count: the exponent of 1 - p."""
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    """The factor of a yes; that of a no is 1 - alpha. Of none both are 1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(gamma=0.5, alpha=0.25), ("f32[4, 3]", "bool[4, 3]")))

    def values(self, said: Array, truth: Array) -> Array:
        wrong = jax.nn.sigmoid(-said) * truth + jax.nn.sigmoid(said) * (1 - truth)
        values = focus_weight(wrong, self.gamma) * cross_entropy_of_answers(said, truth)
        return values if self.alpha is None else values * (self.alpha * truth + (1 - self.alpha) * (1 - truth))


def focus_weight(wrong: Array, gamma: float) -> Array:
    """(1 - p)**gamma, whose slope stays finite where p is 1."""
    return jnp.ones_like(wrong) if gamma == 0 else jnp.maximum(wrong, jnp.finfo(wrong.dtype).tiny) ** gamma


class BinaryLogLoss(_OfAnswers):
    """-log of the probability of the truth, for outputs that are probabilities of yes already: the output of a `sigmoid`.

    One value per number, in nats. Probabilities count as the dtype's epsilon (1.2e-7 in f32) at least and 1 less it at most, so that the
    value is finite; outside of that the gradient is 0. On logits `sigmoid_cross_entropy` gives the same without this loss of precision.
    Labels as there. FLOPs: 8 per number.
    """

    cost: ClassVar[int] = 8
    inputs: ClassVar[tuple[In, ...]] = (
        In("probabilities", "Probabilities of yes, 0 to 1, any shape.", wants="probabilities"),
        TRUTH,
        MASK,
    )

    def values(self, said: Array, truth: Array) -> Array:
        least = jnp.finfo(said.dtype).eps
        p = jnp.clip(said, least, 1 - least)
        return -(truth * jnp.log(p) + (1 - truth) * jnp.log1p(-p))


class _OfSigns(_OfAnswers):
    """A loss of a score whose sign is the answer. A float label outside of 0 to 1 gives NaN: labels -1 and 1 are no answers here."""

    def values(self, said: Array, truth: Array) -> Array:
        return jnp.where((truth >= 0) & (truth <= 1), self.margin_values((2 * truth - 1) * said), jnp.nan)

    def margin_values(self, margin: Array) -> Array:
        """What a score costs by how far it is on the right side."""
        raise TypeError(f"{self.op_name()} has no meaning")


class Hinge(_OfSigns):
    """max(0, 1 - s * logits), where s is 1 for a yes and -1 for a no: nothing once the score is on the right side by 1.

    One value per number. Labels are true and false, 1 and 0, or floats 0 to 1; of labels -1 and 1 write `(label + 1) / 2`. Any other label
    gives NaN, unless its value is masked out. FLOPs: 6 per number.
    """

    cost: ClassVar[int] = 6
    source = "Cortes and Vapnik, Support-Vector Networks, 1995"

    squared: bool = False
    """The square of it, which has no corner."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(squared=True), ("f32[4]", "bool[4]")))

    def margin_values(self, margin: Array) -> Array:
        found: Any = jnp.maximum(1 - margin, 0)
        return jnp.square(found) if self.squared else found


class Perceptron(_OfSigns):
    """max(0, -s * logits), where s is 1 for a yes and -1 for a no: by how much the score is on the wrong side.

    One value per number. Labels as of `hinge`. FLOPs: 5 per number.
    """

    cost: ClassVar[int] = 5
    source = "Rosenblatt, The Perceptron, 1958"

    def margin_values(self, margin: Array) -> Array:
        return jnp.maximum(-margin, 0)
