"""What a block computes that works element by element, as a function that a cell can hold."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from netspec.library.base import Array, Function, In, Scope, hand_on
from netspec.library.base.field_bounds import Field, InstanceOf
from netspec.record import record
from netspec.shape import TensorType


@record
class Step:
    """One function of a formula."""

    op: Any
    reads: tuple[int | None, ...]
    """For each of its inputs which value it is: 0 is x, 1 the result of the first step, and so on; None for a number."""
    numbers: tuple[Any, ...]
    """In the place of each None the number."""
    dtype: str
    """The element type of the result at full precision."""


class _Formula(Function):
    """Functions of one tensor, element by element, one after the other; the last one gives the result. Specs write it as a block."""

    inputs = (In("x", "any tensor"),)
    elementwise: ClassVar[bool] = True

    name: str
    """The block's name."""
    steps: Annotated[tuple[InstanceOf[Step], ...], Field(strict=False, min_length=1)]
    """In the order in which they are computed."""

    def apply(self, scope: Scope, x: Array) -> Array:
        kinds: list[Any] = [scope.types[0]]
        values = [x]
        for step in self.steps:
            inputs, given = [], []
            for place, number in zip(step.reads, step.numbers, strict=True):
                inputs.append(number if place is None else values[place])
                given.append(number if place is None else kinds[place])
            values.append(step.op.apply(hand_on(scope, *given), *inputs))
            kinds.append(scope.types[0].with_dtype(step.dtype) if isinstance(scope.types[0], TensorType) else scope.types[0])
        return values[-1]


def make_formula(name: str, steps: list[Step]) -> Function:
    """The function of these steps."""
    return _Formula(name=name, steps=tuple(steps))
