"""Defines what a cell is, and the layers that run one over time."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.library.base import Callable, In, Initializer, Layer, Positive, Rate
from netspec.library.initializers.distributions import Zeros
from netspec.shape import Dim, TensorType

StateTypes = dict[str, tuple[TensorType, Initializer]]


class Cell(Layer):
    """One time step of a recurrence. Its states are its optional inputs; `apply` returns the output and then the new states in their order.

    A cell stands inside a layer that runs it over time: `x -> rnn(gru_cell(128))`.
    """

    built: ClassVar[str] = "cell"

    def states(self, x: TensorType) -> StateTypes:
        """Type and first value of each state for a step x, [B, ...]."""
        return {i.name: (x.with_shape((*x.shape[:-1], self.width)), Zeros()) for i in self.inputs if i.optional}

    @property
    def width(self) -> Dim:
        """Size of the states' last axis."""
        raise TypeError(f"{self.op_name()} has no width")


class Recurrence(Layer):
    """Runs cells over axis 1 of a sequence: [B, T, ...] -> [B, T, ...]."""

    inputs: ClassVar[tuple[In, ...]] = (
        In("x", "The sequence, [B, T, ...].", dtype="any", rank=2),
        In("lengths", "i32[B]: states stay as they are past each example's length.", dtype="int", rank=1, optional=True),
    )

    built: ClassVar[str] = "recurrence"
    mistaken = {"activation": "how many features come in is known: write only those of the state"}
    last_arguments: ClassVar[tuple[str, ...]] = ("layers", "dropout", "reverse", "return_state", "initial", "unroll")

    layers: Positive = 1
    """How many recurrences stand on top of each other, each over the outputs of the one below."""
    dropout: Rate = 0.0
    """Probability that an element between two layers is dropped in training; nothing is dropped behind the last."""
    return_state: bool = False
    """Give the states after the last step too, as a record: `h, carry = x -> lstm(512, return_state=true)`, then `carry.h`. With several
    layers their names are numbered from the lowest: `carry.h_0`, `carry.h_1`."""
    initial: Any = None
    """First states: a carry, or a dict such as `{h: h0}`; zeros where left out."""
    unroll: Positive = 1
    """Steps that are computed in one turn of the compiled loop."""

    def between(self) -> Callable | None:
        """What stands between two layers."""
        from netspec.library.layers.dropout import Dropout  # few recurrences have several layers

        return Dropout(rate=self.dropout) if self.dropout else None


class OneWay(Recurrence):
    """Runs one cell over time in one direction."""

    reverse: bool = False
    """Time runs backwards, within the lengths; outputs stand in the input's order all the same."""

    def running(self) -> Any:
        """The cell, or the block, that is run."""
        raise TypeError(f"{self.op_name()} runs nothing")


WAYS = ("forward", "backward")
"""What the two directions are called in paths and records of states."""


class BothWays(Recurrence):
    """Runs a sequence forwards and backwards, and puts the two outputs of every step together."""

    def given(self) -> tuple[Any, ...]:
        """What it is given to run: a cell, a block with `state` or a layer that goes one way. The first runs forwards."""
        return ()

    def ways(self) -> tuple[OneWay, OneWay]:
        """The two directions as layers of their own."""
        raise TypeError(f"{self.op_name()} runs nothing")

    def merging(self) -> Callable:
        """The op that puts two outputs together."""
        raise TypeError(f"{self.op_name()} runs nothing")

    def halving(self) -> Callable | None:
        """The op that makes a mean of a sum."""
        return None
