"""Turns the heads of attention layers by their places."""

from __future__ import annotations

from typing import Annotated

from netspec.diagnostics.base import Mistake
from netspec.library.base import Array, Function, Scope, hand_on
from netspec.library.base.field_bounds import AfterValidator
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType


def require_rotation(function: Function) -> Function:
    """A function that may stand as `rotary`: of heads and positions."""
    if [port.name for port in function.inputs] != ["x", "position"]:
        raise ValueError("a function that turns heads by their positions, such as `rope` or `rope(theta=500_000)`")
    return function


Rotation = Annotated[Function, AfterValidator(require_rotation)]


def require_turnable(facts: Facts, rotary: Function | None, heads: TensorType) -> None:
    """Heads [batch…, length, heads, size] can be turned. Raises `Mistake` otherwise, which blames the argument."""
    if rotary is None:
        return
    try:
        rotary.shape(facts, heads, _places(heads))
    except Mistake as mistake:
        raise Mistake(replace(mistake.diagnostic, blame="rotary")) from None


def turn(scope: Scope, rotary: Function, kind: TensorType, heads: Array, position: Array) -> Array:
    """The heads, of that type at full length, turned by their positions [length]."""
    return rotary.apply(hand_on(scope, kind, _places(kind)), heads, position)


def turning_flops(rotary: Function | None, heads: TensorType) -> Dim:
    """What turning the heads costs."""
    return Dim.of(0) if rotary is None else Dim.of(rotary.flops(heads, _places(heads)))


def _places(heads: TensorType) -> TensorType:
    """The type of the positions of heads [batch…, length, heads, size]."""
    return TensorType("i32", (heads.shape[-3],))
