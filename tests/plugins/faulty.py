"""A plugin with a bug in each place where netspec calls one."""

from __future__ import annotations

from netspec.library.base import Array, In, Layer, Scope, Size, Weight
from netspec.library.base.field_bounds import model_validator
from netspec.shape import Dim, Facts, TensorType

INPUTS = (In("x", "any shape"),)


class Shape(Layer):
    """Its shape rule fails."""

    inputs = INPUTS

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape(x.shape[99])  # type: ignore[arg-type]


class Make(Layer):
    """Its own check fails."""

    inputs = INPUTS

    size: Size = 1
    """A size."""

    @model_validator(mode="after")
    def judge(self) -> None:
        raise KeyError("judge")


class Params(Layer):
    """Its parameters fail."""

    inputs = INPUTS

    def params(self, x: TensorType) -> dict[str, Weight]:
        raise ZeroDivisionError("no width")


class Flops(Layer):
    """Its cost fails."""

    inputs = INPUTS

    def flops(self, x: TensorType) -> Dim:
        raise AssertionError("priceless")

    def apply(self, scope: Scope, x: Array) -> Array:
        return x


class Apply(Layer):
    """Its mathematics fails."""

    inputs = INPUTS

    def apply(self, scope: Scope, x: Array) -> Array:
        return x[0, 0, 0, 0, 0]
