"""What a cell is, and the layers that run one over time."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.library.base import In, Initializer, Layer, Positive
from netspec.library.initializers import Zeros
from netspec.shape import Dim, TensorType

StateTypes = dict[str, tuple[TensorType, Initializer]]


class Wanted:
    """Metadata of a field that takes a value of the language: the kinds of op (blocks among layers) that may stand there."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds


class Cell(Layer):
    """One time step of a recurrence. Its states are its optional inputs; `apply` returns the output and then the new states in their order.

    A cell stands inside a layer that runs it over time: `x -> rnn(gru_cell(128))`.
    """

    def states(self, x: TensorType) -> StateTypes:
        """Type and first value of each state for a step x, [B, ...]."""
        return {i.name: (x.with_shape((x.shape[0], self.width)), Zeros()) for i in self.inputs if i.optional}

    @property
    def width(self) -> Dim:
        """Size of the states' last axis."""
        raise TypeError(f"{self.op_name()} has no width")


class Recurrence(Layer):
    """Runs a cell over axis 1 of a sequence: [B, T, ...] -> [B, T, features]."""

    inputs: ClassVar[tuple[In, ...]] = (
        In("x", "The sequence, [B, T, ...].", dtype="any", rank=2),
        In("lengths", "i32[B]: states stay as they are past each example's length.", dtype="int", rank=1, optional=True),
    )

    last_arguments: ClassVar[tuple[str, ...]] = ("reverse", "return_state", "initial", "unroll")

    reverse: bool = False
    """Time runs backwards, within the lengths; outputs stand in the input's order all the same."""
    return_state: bool = False
    """Give the states after the last step as a second result, a record: `h, carry = x -> lstm(512, return_state=true)`, `carry.h`."""
    initial: Any = None
    """First states: a carry, or a dict such as `{h: h0}`; zeros when left out."""
    unroll: Positive = 1
    """Steps that are computed in one turn of the compiled loop."""

    def running(self) -> Any:
        """The cell, or the block, that is run."""
        raise TypeError(f"{self.op_name()} runs nothing")
