"""Metrics of sequences of tokens: how many edits are between two, and how many of their stretches are the same."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.metrics import UnequalSequences
from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Metric, Positive, Scope
from netspec.library.functions.broadcasting import need_value
from netspec.library.metrics.edit_distance import edits
from netspec.library.metrics.exact_sums import number, ratio, tally, tally_examples
from netspec.library.metrics.ngrams import matches
from netspec.library.shape_rules.targets import require_mask, shapes_equal
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

PREDICTION = In("prediction", "Whole numbers [..., P]: the tokens that were written.", dtype="int", rank=1, named=True)
TARGET = In("target", "Whole numbers [..., T]: the tokens that should be.", dtype="int", rank=1, named=True)
WEIGHT = In("mask", "Which sequences count, [...]: false or 0 leaves one out, other numbers are weights.", dtype="any", optional=True)
LENGTHS = (
    In("prediction_length", "How many tokens of each prediction count, [...].", dtype="int", optional=True),
    In("target_length", "How many tokens of each target count, of the shape of the target's leading axes.", dtype="int", optional=True),
)


class _Tokens(Metric):
    """Of two sequences, which need not have the same length."""

    inputs: ClassVar[tuple[In, ...]] = (PREDICTION, TARGET, *LENGTHS, WEIGHT)
    averaged: ClassVar[bool] = False
    sloped: ClassVar[bool] = False

    end: int | None = None
    """A sequence ends before its first token with this number, such as that of the end of a sentence, or of padding."""

    def checked(self, facts: Facts, prediction: TensorType, target: TensorType, extra: int, **optional: TensorType) -> TensorType:
        """The type f32[...] of one value per sequence. The target may have `extra` axes in front of its last one."""
        several = target.rank - prediction.rank == 1 and extra == 1
        if not shapes_equal(facts, target.shape[: -2 if several else -1], prediction.shape[:-1]):
            raise Mistake(UnequalSequences(op=self.op_name(), prediction=prediction, target=target, blame="target"))
        for name, tokens in (("prediction_length", prediction), ("target_length", target)):
            lengths, wanted = optional.get(name), tokens.with_shape(tokens.shape[:-1])
            if lengths is not None and not shapes_equal(facts, lengths.shape, wanted.shape):
                raise Mistake(UnequalSequences(op=self.op_name(), prediction=wanted, target=lengths, lengths=name, blame=name))
        for tokens in (prediction, target):
            if self.end is not None:
                need_value(self.op_name(), self.end, tokens, blame="end")
        return require_mask(self.op_name(), facts, TensorType("f32", prediction.shape[:-1]), optional.get("mask"))

    def lengths(self, tokens: Array, given: Array | None) -> Array:
        """How many tokens of each sequence count, i32[...]."""
        size = tokens.shape[-1]
        length = jnp.full(tokens.shape[:-1], size, jnp.int32) if given is None else jnp.clip(given, 0, size).astype(jnp.int32)
        if self.end is None:
            return length
        ends = tokens == self.end
        return jnp.minimum(length, jnp.where(jnp.any(ends, axis=-1), jnp.argmax(ends, axis=-1), size).astype(jnp.int32))


class EditDistance(_Tokens):
    """How many tokens must be inserted, removed or replaced to make a prediction the target (Levenshtein), as a mean over sequences.

    0 is perfect. With `normalize="corpus"` it is the word or token error rate of speech recognition. Values are [..., 3]: edits, the
    target's length, edits by length. The work grows with the product of the two lengths.
    """

    better: ClassVar[str] = "lower"
    source = "Levenshtein, Binary Codes Capable of Correcting Deletions, Insertions and Reversals, 1966"

    normalize: Literal["none", "sequence", "corpus"] = "none"
    """What the edits are divided by: nothing, so that it is a mean number of edits per sequence; each sequence's by the length of its
    target, at least 1; or all edits by the length of all targets together."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        lengths = {"prediction_length": "i32[4]", "target_length": "i32[4]"}
        return (
            Example(cls(), ("i32[4, 6]", "i32[4, 5]")),
            Example(cls(normalize="sequence"), ("i32[4, 6]", "i32[4, 6]"), {"mask": "bool[4]"}),
            Example(cls(normalize="corpus"), ("i32[4, 6]", "i32[4, 5]"), lengths),
            Example(cls(end=1), ("i32[2, 3, 6]", "i32[2, 3, 6]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = self.checked(facts, inputs[0], inputs[1], 0, **optional)
        return values.with_shape((*values.shape, 3))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        prediction, target = inputs
        long = self.lengths(prediction, optional.get("prediction_length")), self.lengths(target, optional.get("target_length"))
        count = edits(prediction, long[0], target, long[1])
        return jnp.stack([count, long[1], count / jnp.maximum(long[1], 1)], axis=-1).astype(jnp.float32)

    def statistics(self, values: Array, weight: Array) -> Any:
        return {"sums": tally_examples(values * weight, 1), "all": tally(weight[..., 0])}

    def finish(self, statistics: Any) -> Array:
        count, length, shares = number(statistics["sums"])
        every = number(statistics["all"])
        return ratio(shares if self.normalize == "sequence" else count, length if self.normalize == "corpus" else every)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """6 for each pair of a predicted and a wanted token."""
        return elements(inputs[0].shape) * inputs[1].shape[-1] * 6


class Bleu(_Tokens):
    """The BLEU score of predicted sentences over the whole evaluation, 0 to 1: how many of their stretches of words stand in a reference.

    The geometric mean, over stretches of 1 to `order` tokens, of the share of predicted stretches that a reference of the same sentence
    has, each at most as often as the reference that has it most often; times exp(1 - r / c) where all predictions together, c tokens, are
    shorter than their references, r: for each sentence that nearest in length, the shorter of two. References are [..., T], or several
    for each sentence, [..., R, T]; one of length 0 is none. Counts are summed over sentences before anything is divided, so it is not the
    mean of sentence scores. 0 where no stretch of some length is right, unless `smooth`. Often it is told in hundredths. Values are
    counts, [..., 2 * order + 2]: right stretches of each length, stretches of each length, c, r.
    """

    better: ClassVar[str] = "higher"
    source = "Papineni et al., BLEU: a Method for Automatic Evaluation of Machine Translation, 2002"

    order: Positive = 4
    """The longest stretch that is compared."""
    smooth: bool = False
    """Count one stretch more, and one more that is right, of each length above 1 (Lin and Och 2004)."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(order=2), ("i32[4, 6]", "i32[4, 5]")),
            Example(cls(smooth=True), ("i32[4, 6]", "i32[4, 2, 7]"), {"mask": "bool[4]"}),
            Example(cls(end=1), ("i32[4, 6]", "i32[4, 6]"), {"prediction_length": "i32[4]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = self.checked(facts, inputs[0], inputs[1], 1, **optional)
        return values.with_shape((*values.shape, 2 * self.order + 2))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        prediction, references = inputs
        long = self.lengths(prediction, optional.get("prediction_length"))
        known = self.lengths(references, optional.get("target_length"))
        if references.ndim == prediction.ndim:
            references, known = references[..., None, :], known[..., None]
        right, every = matches(prediction, long, references, known, self.order)
        return jnp.stack([*right, *every, long, _nearest_length(long, known)], axis=-1).astype(jnp.float32)

    def statistics(self, values: Array, weight: Array) -> Any:
        return tally_examples(values * weight, 1)

    def finish(self, statistics: Any) -> Array:
        counts = number(statistics)
        right, every, (long, wanted) = counts[: self.order], counts[self.order : -2], counts[-2:]
        more = jnp.arange(self.order) > 0 if self.smooth else 0
        shares = ratio(right + more, every + more)
        brevity = jnp.where(long < wanted, jnp.exp(1 - ratio(wanted, long, jnp.inf)), 1)
        mean = jnp.exp(jnp.mean(jnp.log(jnp.where(shares > 0, shares, 1))))
        return jnp.where(jnp.all(shares > 0), brevity * mean, 0)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """2 for each pair of predicted tokens, and of a predicted and a wanted one, for each length of stretches."""
        prediction, target = inputs
        axes = target.shape[-2:] if target.rank > prediction.rank else target.shape[-1:]
        return elements(prediction.shape) * (prediction.shape[-1] + elements(axes)) * 2 * self.order


def _nearest_length(length: Array, references: Array) -> Array:
    """The reference's length that is nearest to the prediction's, the shorter of two; [...] of [..., R]. Those of length 0 are none."""
    apart = jnp.abs(references - length[..., None])
    worst = jnp.iinfo(jnp.int32).max
    order = jnp.where(references > 0, 2 * apart + (references > length[..., None]), worst)
    return jnp.take_along_axis(references, jnp.argmin(order, axis=-1)[..., None], axis=-1)[..., 0]
