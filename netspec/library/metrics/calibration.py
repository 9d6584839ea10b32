"""Whether a model is as often right as it is sure."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from netspec.kernels.array_forms import widen
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.metrics.accuracy import class_numbers
from netspec.library.metrics.exact_sums import binned_shares, number, ratio, shares_of, tally_bins
from netspec.library.shape_rules.targets import LABELS, MASK, SOFTMAX_LOGITS, count_classes, label_values, value_dtype
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class CalibrationError(Metric):
    """How far confidence is from accuracy: 0 for a model that is right in 80 of 100 cases of which it is 80 % sure, and so on.

    A prediction's confidence is its largest probability, the softmax of the logits. Predictions are sorted by it into `bins` equal steps,
    each with its upper end; in each the mean confidence is held against the share that is right. Soft labels count as the class of
    their largest number. Values are [..., 2]: confidence, and 1 where the prediction is right.
    """

    better: ClassVar[str] = "lower"
    source = "Guo et al., On Calibration of Modern Neural Networks, 2017"
    inputs: ClassVar[tuple[In, ...]] = (SOFTMAX_LOGITS, LABELS, MASK)
    averaged: ClassVar[bool] = False
    sloped: ClassVar[bool] = False

    bins: Annotated[int, Field(ge=1, le=100_000)] = 15
    """How many equal steps from 0 to 1 there are."""
    norm: Literal["mean", "square", "max"] = "mean"
    """Which distance of the bins: their mean, weighted by how many predictions they have (the expected calibration error, ECE), the root
    of the mean of squares, or the largest one (MCE)."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(bins=10, norm="max"), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(norm="square"), ("f32[5, 3]", "f32[5, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        return TensorType(value_dtype(inputs[0]), (*values.shape, 2))

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        chances = jax.nn.softmax(widen(inputs[0]), axis=-1)
        right = jnp.argmax(inputs[0], axis=-1) == class_numbers(inputs[1])
        return jnp.stack([jnp.max(chances, axis=-1), right.astype(chances.dtype)], axis=-1)

    def statistics(self, values: Array, weight: Array) -> Any:
        sure, right, counts = values[..., 0], values[..., 1], weight[..., 0]
        places = jnp.clip(jnp.ceil(jnp.nan_to_num(sure) * self.bins) - 1, 0, self.bins - 1).astype(jnp.int32)
        return {
            "sure": binned_shares(sure, counts, places, self.bins),
            "right": tally_bins(right * counts, places, self.bins),
            "all": tally_bins(counts, places, self.bins),
        }

    def finish(self, statistics: Any) -> Array:
        sure, right, every = shares_of(statistics["sure"]), number(statistics["right"]), number(statistics["all"])
        apart = jnp.abs(ratio(sure - right, every))
        if self.norm == "max":
            return jnp.max(apart)
        mean = ratio(jnp.sum(every * (apart if self.norm == "mean" else apart**2)), jnp.sum(every))
        return mean if self.norm == "mean" else jnp.sqrt(mean)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """7 per logit (a softmax of 5, two maxima), 1 more per one-hot label, and 6 per value."""
        return elements(inputs[0].shape) * (8 if inputs[1].is_float else 7) + elements(inputs[0].shape[:-1]) * 6
