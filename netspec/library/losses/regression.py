"""Losses of numbers, which are compared one by one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Loss, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.targets import MASK, equal_values
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _OfNumbers(Loss):
    """A loss of the difference between predictions and targets of one shape; `cost` is its FLOPs per number."""

    inputs: ClassVar[tuple[In, ...]] = (
        In("predictions", "What the model says, any shape."),
        In("targets", "What it should say, of the same shape."),
        MASK,
    )
    cost: ClassVar[int] = 2

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[6]", "f32[6]"), {"mask": "bool[6]"}),
        )

    def says(self) -> tuple[str, str]:
        return "predictions", "targets"

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return equal_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return self.values(widen(inputs[0]) - widen(inputs[1]))

    def values(self, error: Array) -> Array:
        """What a difference costs."""
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * self.cost


class MeanSquaredError(_OfNumbers):
    """Squared difference of predictions and targets, number by number: (predictions - targets)**2.

    FLOPs: 2 per number (a difference and a square). optax's `l2_loss` is half of it.
    """

    def values(self, error: Array) -> Array:
        return jnp.square(error)


class MeanAbsoluteError(_OfNumbers):
    """Absolute difference of predictions and targets, number by number: |predictions - targets|.

    Its gradient at 0 is 0. FLOPs: 2 per number.
    """

    def values(self, error: Array) -> Array:
        return jnp.abs(error)


class Huber(_OfNumbers):
    """Half the square of a difference e up to `delta`, from there on a straight line: e² / 2, or delta * (|e| - delta / 2).

    One value per number. PyTorch's `SmoothL1Loss(beta)` is `huber(delta=beta)` divided by beta. FLOPs: 6 per number.
    """

    cost: ClassVar[int] = 6
    source = "Huber, Robust Estimation of a Location Parameter, 1964"

    delta: Annotated[float, Field(gt=0)] = 1.0
    """The difference from which on the loss is a line."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(delta=0.25), ("f32[4, 3]", "f32[4, 3]")))

    def values(self, error: Array) -> Array:
        size = jnp.abs(error)
        inner = jnp.minimum(size, self.delta)
        return 0.5 * inner * inner + self.delta * (size - inner)


class LogCosh(_OfNumbers):
    """log(cosh(e)) of a difference e: e² / 2 where it is small, |e| - log 2 where it is large.

    One value per number; large differences do not overflow. FLOPs: 7 per number.
    """

    cost: ClassVar[int] = 7

    def values(self, error: Array) -> Array:
        return jnp.logaddexp(error, -error) - jnp.log(2.0).astype(error.dtype)


class Pinball(_OfNumbers):
    """The loss whose best constant prediction is a quantile: quantile * e where e > 0, else (quantile - 1) * e.

    e is targets - predictions. One value per number; at quantile 0.5 half the absolute difference. FLOPs: 4 per number.
    """

    cost: ClassVar[int] = 4
    source = "Koenker and Bassett, Regression Quantiles, 1978"

    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The share of targets that should lie below the prediction."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(quantile=0.9), ("f32[4, 3]", "f32[4, 3]")))

    def values(self, error: Array) -> Array:
        return jnp.maximum(-self.quantile * error, (1 - self.quantile) * error)
