"""Metrics of how scores rank yes before no, whatever the threshold, from histograms of the scores."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from netspec.kernels.array_forms import widen
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.metrics.binary import is_yes
from netspec.library.metrics.exact_sums import number, ratio, tally_bins
from netspec.library.metrics.output_average import one_number, require_output_axis, result_of
from netspec.library.shape_rules.targets import MASK, SCORES, TRUTH, truth_values, yes_and_no
from netspec.limits import LIMITS
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _Ranking(Metric):
    """Values f32[..., 2]: the probability of yes, and whether it is so. What is counted is how many of each fall into each bin."""

    better: ClassVar[str] = "higher"
    inputs: ClassVar[tuple[In, ...]] = (SCORES, TRUTH, MASK)
    averaged: ClassVar[bool] = False
    sloped: ClassVar[bool] = False
    axes: ClassVar[tuple[str, ...]] = ("output",)

    bins: Annotated[int, Field(ge=1, le=LIMITS.bins)] = 4096
    """Probabilities are told apart in steps of 1 / bins."""
    probabilities: bool = False
    """The scores are probabilities 0 to 1 as they are, not logits."""
    average: Literal["all", "outputs", "none"] = "all"
    """`"all"`: one ranking of all answers. `"outputs"`: the mean over the last axis of each output's own number, of those that have one.
    `"none"`: these numbers, one for each output."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[6]", "i32[6]")),
            Example(cls(bins=100, probabilities=True), ("f32[8]", "bool[8]"), {"mask": "f32[8]"}),
            Example(cls(average="outputs"), ("bf16[8, 3]", "bool[8, 3]"), {"mask": "bool[8, 3]"}),
            Example(cls(average="none"), ("f32[8, 3]", "f32[8, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = truth_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        require_output_axis(self.op_name(), self.average, values)
        return TensorType(values.dtype, (*values.shape, 2))

    def result(self, values: TensorType) -> TensorType:
        return result_of(self.average, values)

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return yes_and_no(inputs[1])

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        scores = widen(inputs[0])
        chances = scores if self.probabilities else jax.nn.sigmoid(scores)
        return jnp.stack([chances, is_yes(inputs[1]).astype(chances.dtype)], axis=-1)

    def statistics(self, values: Array, weight: Array) -> Any:
        """How many are yes, how many no: [outputs * (bins + 1)] each."""
        places = jnp.clip(jnp.floor(jnp.nan_to_num(values[..., 0]) * self.bins), 0, self.bins).astype(jnp.int32)
        yes, counts = values[..., 1], jnp.where(jnp.isnan(values[..., 0]), jnp.nan, weight[..., 0])  # a NaN must be seen
        outputs = 1 if self.average == "all" else places.shape[-1]
        if outputs > 1:
            places = places + lax.broadcasted_iota(jnp.int32, places.shape, places.ndim - 1) * (self.bins + 1)
        size = outputs * (self.bins + 1)
        return {"yes": tally_bins(counts * yes, places, size), "no": tally_bins(counts * (1 - yes), places, size)}

    def finish(self, statistics: Any) -> Array:
        yes, no = (number(statistics[name]).reshape(-1, self.bins + 1) for name in ("yes", "no"))
        return one_number(self.average, self.area(yes, no))

    def area(self, yes: Array, no: Array) -> Array:
        """[outputs] of how many are yes and no in each bin, f32[outputs, bins + 1], the surest no first; NaN where there is none."""
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """8 per answer: the sigmoid (4), its bin (2), and two sums."""
        return elements(inputs[0].shape) * 8


class Auroc(_Ranking):
    """The area under the receiver operating characteristic: how likely a yes has a higher score than a no, equal scores counting one half.

    0.5 is chance, 1 is a perfect ranking; NaN where all answers are the same. Labels in floats count as yes from one half on. Scores are
    sorted into `bins` equal steps of the probability, so that evaluations of any size need the same memory. Probabilities that are
    multiples of 1 / bins give scikit-learn's `roc_auc_score` exactly. Of others those in one bin count as equal, which moves the number by
    no more than half the share of pairs, one yes and one no, that are in one bin together.
    """

    source = "Hanley and McNeil, The Meaning and Use of the Area under a ROC Curve, 1982"

    def area(self, yes: Array, no: Array) -> Array:
        """The share of pairs that are ranked right; ties count half."""
        below = jnp.cumsum(no, axis=-1) - no / 2
        pairs = jnp.sum(yes, axis=-1) * jnp.sum(no, axis=-1)
        return ratio(jnp.sum(yes * below, axis=-1), pairs, jnp.nan)


class Auprc(_Ranking):
    """The area under the curve of precision over recall, as average precision: the mean of the precisions at each yes, from the surest on.

    It is the sum over thresholds of precision times the recall that it adds, without interpolation: scikit-learn's
    `average_precision_score`. The share of yes among the labels is chance, 1 is a perfect ranking; NaN where nothing is yes. Labels in
    floats count as yes from one half on. Scores are sorted into `bins` equal steps of the probability: multiples of 1 / bins give the
    exact number, others count as equal within a bin.
    """

    source = "Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves, 2006"

    def area(self, yes: Array, no: Array) -> Array:
        """The mean precision over the thresholds at which something is found."""
        found, wrong = (jnp.cumsum(x[..., ::-1], axis=-1)[..., ::-1] for x in (yes, no))
        return ratio(jnp.sum(yes * ratio(found, found + wrong), axis=-1), jnp.sum(yes, axis=-1), jnp.nan)
