"""How much of a number's variation a model explains."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.metrics.exact_sums import product, sum_precise
from netspec.library.metrics.output_average import ALL, one_number, require_output_axis, result_of
from netspec.library.shape_rules.targets import MASK, equal_values
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

SAME = 2.0**-44
"""Targets whose variance is smaller than this part of their mean square are all the same: more an f32 cannot tell."""


class R2(Metric):
    """The coefficient of determination: 1 - sum of squared errors / sum of squared distances of the targets from their mean.

    1 is perfect, 0 is what the targets' mean would reach, and a worse model is below 0; of targets that are all the same 1 if every
    prediction is right, else 0. That is scikit-learn's `r2_score`. The sums are kept in two floats each, so that targets far from 0 lose
    nothing. Values are [..., 2]: prediction and target.
    """

    better: ClassVar[str] = "higher"
    inputs: ClassVar[tuple[In, ...]] = (
        In("predictions", "What the model says, any shape."),
        In("targets", "What it should say, of the same shape."),
        MASK,
    )
    averaged: ClassVar[bool] = False
    axes: ClassVar[tuple[str, ...]] = ("output",)

    average: Literal["all", "outputs", "none"] = "all"
    """`"all"`: all numbers of all axes together. `"outputs"`: the mean over the last axis of each output's own number, as scikit-learn has
    it for [N, outputs]. `"none"`: these numbers, one for each output."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[6]", "f32[6]")),
            Example(cls(), ("bf16[4, 3]", "f32[4, 3]"), {"mask": "bool[4, 3]"}),
            Example(cls(average="outputs"), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(average="none"), ("f32[4, 3]", "f32[4, 3]"), {"mask": "f32[4, 3]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = equal_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        require_output_axis(self.op_name(), self.average, values)
        return TensorType(values.dtype, (*values.shape, 2))

    def result(self, values: TensorType) -> TensorType:
        return result_of(self.average, values)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        kind = jnp.promote_types(jnp.promote_types(inputs[0].dtype, inputs[1].dtype), jnp.float32)
        return jnp.stack([x.astype(kind) for x in inputs], axis=-1)

    def statistics(self, values: Array, weight: Array) -> Any:
        """Of each output the sums of weights, targets, their squares and the squared errors."""
        said, so, counts = values[..., 0], values[..., 1], weight[..., 0].astype(values.dtype)
        axes = tuple(range(so.ndim if self.average == ALL else so.ndim - 1))
        return {
            "all": sum_precise(counts, jnp.zeros_like(counts), axes),
            "targets": sum_precise(*product(counts, so), axes),
            "squares": sum_precise(*_squares(counts, so), axes),
            "errors": sum_precise(*_squares(counts, said - so), axes),
        }

    def finish(self, statistics: Any) -> Array:
        every, targets, squares, errors = (jnp.add(*statistics[name]) for name in ("all", "targets", "squares", "errors"))
        apart = squares - targets**2 / jnp.where(every > 0, every, 1)
        varied = apart > SAME * squares
        same = jnp.where(errors == 0, 1.0, 0.0)
        found = jnp.where(varied, 1 - errors / jnp.where(varied, apart, 1), same)
        return one_number(self.average, jnp.where(every > 0, found, jnp.nan).reshape(-1))

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """9 per number: a difference, four products and four sums."""
        return elements(inputs[0].shape) * 9


def _squares(weight: Array, numbers: Array) -> tuple[Array, Array]:
    """weight * numbers**2 in two floats."""
    high, low = product(numbers, numbers)
    whole, lost = product(weight, high)
    return whole, lost + weight * low
