"""Defines the problems between the two sides of an operator."""

from __future__ import annotations

import math

from netspec.diagnostics.base import Diagnostic
from netspec.record import record, replace
from netspec.shape import TensorType
from netspec.shape.types import LARGEST, RANGES


def _ordinal(from_end: int) -> str:
    """Axis -1 in words."""
    return {-1: "last", -2: "second last", -3: "third last"}.get(from_end, f"{-from_end}th last")


@record
class UnequalDims(Diagnostic):
    """An operator needs equal shapes. Leading axes may be missing on one side; a 1 stretches only when both sides have equally
    many axes."""

    op: str
    left: TensorType
    right: TensorType
    axis: int
    """The guilty axis, counted from the end: -1 is the last."""
    project: tuple[str, str] | None = None
    """The side whose features can be projected, and the call that does it: ("left", "dense(64)")."""
    operands: tuple[str, ...] = ()
    """Both sides as written, where they are known."""

    def message(self) -> str:
        left, right = self.left.shape[self.axis], self.right.shape[self.axis]
        return f"`{self.op}` needs equal shapes, but the {_ordinal(self.axis)} dims differ: {left} and {right}."

    def label(self) -> str:
        return f"{self.left} {self.op} {self.right}"

    def help(self) -> str | None:
        if proposed := self.proposed() or self.instead():
            return proposed
        if self.left.rank != self.right.rank and 1 in (self.left.shape[self.axis], self.right.shape[self.axis]):
            return "a dim of 1 stretches only when both sides have the same number of axes: add the missing axes with `[none, …]`"
        if self.project is None or self.tried:
            return None
        side, call = self.project
        return f"project the {side} side first: `-> {call}`"

    def instead(self) -> str | None:
        """Where the shorter shape is the beginning of the longer one: the axes that it lacks."""
        number = 0 if self.left.rank < self.right.rank else 1
        short, long = sorted((self.left, self.right), key=lambda side: side.rank)
        if short.rank == long.rank or short.shape != long.shape[: short.rank]:
            return None
        items = ", ".join([":"] * short.rank + ["none"] * (long.rank - short.rank))
        return f"axes meet from the right: write `{name_operand(self.operands, number)}[{items}]`"


def name_operand(operands: tuple[str, ...], number: int) -> str:
    """An operand in a proposal: its name, or `…` for one that is not a name."""
    text = operands[number] if number < len(operands) else ""
    return text if text.replace(".", "_").isidentifier() else "…"


def with_operands(problem: Diagnostic, operands: tuple[str, ...]) -> Diagnostic:
    """The problem with what stands on the sides, if it is one that speaks of them."""
    rule = getattr(problem, "rule", None)
    if rule is not None:
        return replace(problem, rule=with_operands(rule, operands))
    return replace(problem, operands=operands) if hasattr(problem, "operands") else problem


@record
class InnerDims(Diagnostic):
    """A matrix product sums over the last axis of the left side and the second last of the right side; they must be equal."""

    left: TensorType
    right: TensorType

    def message(self) -> str:
        inner = self.right.shape[-2] if self.right.rank > 1 else self.right.shape[-1]
        which = "second last" if self.right.rank > 1 else "only"
        sides = f"the last axis of the left side and the {which} axis of the right side"
        return f"`@` sums over {sides}, which differ: {self.left.shape[-1]} and {inner}."

    def label(self) -> str:
        return f"{self.left} @ {self.right}"

    def help(self) -> str | None:
        return self.proposed() or None


@record
class UnequalDtypes(Diagnostic):
    """Nothing is converted silently: both sides of an operator have the same element type."""

    op: str
    left: TensorType
    right: TensorType

    def message(self) -> str:
        return f"`{self.op}` needs equal element types, not {self.left.dtype} and {self.right.dtype}."

    def label(self) -> str:
        return f"{self.left} {self.op} {self.right}"

    def help(self) -> str:
        if proposed := self.proposed():
            return proposed
        dtypes = (self.left.dtype, self.right.dtype)
        wide = next((d for d in ("f64", "f32", "bf16", "f16", "i32", "u32", "i8", "u8") if d in dtypes), self.left.dtype)
        return f"convert one side: `cast(…, {wide})`"


@record
class WrongOperand(Diagnostic):
    """An operator does not work on this element type: `and` takes bool, arithmetic takes numbers, `/` takes floats."""

    op: str
    operand: TensorType
    needs: str

    def message(self) -> str:
        return f"`{self.op}` works on {self.needs}, not on {self.operand}."

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        if self.op == "/" and self.operand.is_int:
            return "use `//` for whole quotients, or convert with `cast(…, f32)`"
        if self.operand.dtype == "bool":
            return "convert it with `cast(…, f32)`, or choose with `where(…)`"
        return None


WIDER = ("i32", "u32", "f32")
"""What a number that does not fit is converted to, the first that holds it."""


def holds(dtype: str, number: float) -> bool:
    """Does the element type hold the number, rounding of fractions apart?"""
    if dtype in RANGES:
        return isinstance(number, int) and RANGES[dtype][0] <= number <= RANGES[dtype][1]
    return abs(number) <= LARGEST[dtype] or abs(number) == math.inf


@record
class LiteralDoesNotFit(Diagnostic):
    """A number written in the spec takes the element type of the tensor beside it; this one has no such value."""

    op: str
    literal: int | float | bool
    operand: TensorType
    made: bool = False
    """The tensor is made of the number, of an element type that stands beside it."""

    def message(self) -> str:
        if self.made:
            return f"{self._text()} is no value of {self.operand.dtype}{self._range()}, the element type of what `{self.op}` makes here."
        where = f"that `{self.op}` works on here" if self.op.isidentifier() else f"on the other side of `{self.op}`"
        return f"{self._text()} is no value of {self.operand.dtype}{self._range()}, the element type {where}."

    def _range(self) -> str:
        """What the element type holds, where the number is beyond it."""
        low, high = RANGES.get(self.operand.dtype, (0, 0))
        return f", which holds {low:,} to {high:,}" if high and self._is_whole() else ""

    def _is_whole(self) -> bool:
        return isinstance(self.literal, int) and not isinstance(self.literal, bool)

    def _text(self) -> str:
        if isinstance(self.literal, bool):
            return str(self.literal).lower()
        return f"{self.literal:g}" if isinstance(self.literal, float) else str(self.literal)

    def help(self) -> str | None:
        if isinstance(self.literal, bool) or (self.operand.dtype == "bool" and not self.made):
            return None
        wide = next((name for name in WIDER if holds(name, self.literal)), "f64")
        return f"make it {wide}" if self.made else f"convert the tensor first: `cast(…, {wide})`"
