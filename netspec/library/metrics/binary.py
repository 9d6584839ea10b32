"""Metrics of yes-or-no answers: what is said where the probability of yes is above a threshold, beside what is so."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.metrics.exact_sums import number, ratio, tally
from netspec.library.shape_rules.targets import MASK, SIGMOID_LOGITS, TRUTH, truth_values, yes_and_no
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _Binary(Metric):
    """Values i32[..., 2]: is yes said, and is it so. All answers of all axes count together."""

    better: ClassVar[str] = "higher"
    inputs: ClassVar[tuple[In, ...]] = (SIGMOID_LOGITS, TRUTH, MASK)
    averaged: ClassVar[bool] = False
    sloped: ClassVar[bool] = False

    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Yes is said where its probability, the sigmoid of the logit, is above this."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[6]", "i32[6]")),
            Example(cls(threshold=0.25), ("bf16[4, 3]", "bool[4, 3]"), {"mask": "bool[4, 3]"}),
            Example(cls(), ("f32[4, 3]", "f32[4, 3]"), {"mask": "f32[4, 3]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = truth_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        return TensorType("i32", (*values.shape, 2))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return yes_and_no(inputs[1])

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        said = widen(inputs[0]) > logit(self.threshold)
        return jnp.stack([said, is_yes(inputs[1])], axis=-1).astype(jnp.int32)

    def statistics(self, values: Array, weight: Array) -> Any:
        said, so = values[..., 0], values[..., 1]
        counted = {"both": said * so, "said": said, "so": so, "all": jnp.ones_like(so)}
        return {name: tally(answers * weight[..., 0]) for name, answers in counted.items()}

    def finish(self, statistics: Any) -> Array:
        return self.score(*(number(statistics[name]) for name in ("both", "said", "so", "all")))

    def score(self, both: Array, said: Array, so: Array, every: Array) -> Array:
        """The number, where yes is said `said` times and is so `so` times, `both` at once, of `every` answers."""
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """6 per answer: two comparisons, a product, and three sums."""
        return elements(inputs[0].shape) * 6


def logit(probability: float) -> float:
    """The score that has a probability of yes; infinite at 0 and 1."""
    if probability in (0, 1):
        return math.inf if probability else -math.inf
    return math.log(probability) - math.log1p(-probability)


def is_yes(labels: Array) -> Array:
    """Labels as true and false: a probability of at least one half is yes."""
    return labels >= 0.5 if jnp.issubdtype(labels.dtype, jnp.floating) else labels > 0


class BinaryAccuracy(_Binary):
    """The share of yes-or-no answers that are right, 0 to 1. Labels in floats count as yes from one half on."""

    def score(self, both: Array, said: Array, so: Array, every: Array) -> Array:
        return ratio(every - said - so + 2 * both, every)


class BinaryPrecision(_Binary):
    """How often yes is right where it is said, 0 to 1; 0 where it is never said. Labels in floats count as yes from one half on."""

    def score(self, both: Array, said: Array, so: Array, every: Array) -> Array:
        return ratio(both, said)


class BinaryRecall(_Binary):
    """How often yes is said where it is right, 0 to 1; 0 where it never is. Labels in floats count as yes from one half on."""

    def score(self, both: Array, said: Array, so: Array, every: Array) -> Array:
        return ratio(both, so)


class BinaryF1(_Binary):
    """The harmonic mean of `binary_precision` and `binary_recall`, 0 to 1: 2 * right / (said + so). Labels in floats count as yes from one
    half on."""

    def score(self, both: Array, said: Array, so: Array, every: Array) -> Array:
        return ratio(2 * both, said + so)


class BinaryIou(_Binary):
    """Intersection over union of where yes is said and where it is right, 0 to 1: of a mask of pixels, for instance. Labels in floats count
    as yes from one half on."""

    def score(self, both: Array, said: Array, so: Array, every: Array) -> Array:
        return ratio(both, said + so - both)
