"""Defines the problems of cells and of the layers that run them over time. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.record import record


@record(kw_only=True)
class CellOutsideTime(Diagnostic):
    """A cell, or a block with `state`, is one time step; a layer such as `rnn` runs it over a sequence."""

    cell: str

    def message(self) -> str:
        return f"`{self.cell}` is one time step, and stands where a whole sequence goes through"

    def help(self) -> str | None:
        return f"run it over time: `rnn({self.cell}(…))`"


def list_cells(text: str) -> list[str]:
    """The call of a recurrence with the cell that may have been meant."""
    number = re.fullmatch(r"(\w+\()([0-9_]+)(.*\))", text, re.DOTALL)
    if number is not None:
        return [f"{number[1]}{cell}({number[2]}){number[3]}" for cell in ("lstm_cell", "simple_cell")]
    layer = re.fullmatch(r"(\w+)\((lstm|gru)(\(.*\))\)", text, re.DOTALL)
    return [f"{layer[1]}({layer[2]}_cell{layer[3]})", f"{layer[2]}{layer[3]}"] if layer is not None else []


@record(kw_only=True)
class NotACell(Diagnostic):
    """`rnn` runs a cell: one of the shelf's cells, or a block with `state`."""

    op: str
    found: str

    def message(self) -> str:
        return f"`{self.op}` runs a cell, not {self.found}"

    def repairs(self) -> Sequence[Repair]:
        """A number is a cell's size; a layer's cell is called like it."""
        return (*self.ways, *(Repair((Edit(self.at, text),), text) for text in list_cells(self.at.text)))

    def help(self) -> str | None:
        if self.proposed():
            return f"{self.proposed()}; a cell is `lstm_cell(n)`, `gru_cell(n)`, or a block with a `state`"
        return "a cell is `lstm_cell(n)`, `gru_cell(n)`, or a block with a `state`"


@record(kw_only=True)
class StateNeverSet(Diagnostic):
    """A `state` must be bound anew in its block: its last binding is its value in the next step."""

    name: str

    def message(self) -> str:
        return f"the state `{self.name}` never gets a value for the next step"

    def help(self) -> str | None:
        return f"bind it at the end of the block: `{self.name} = …`"


@record(kw_only=True)
class BadInitialState(Diagnostic):
    """The first states given to a recurrence do not fit its cell's: another name, or another type."""

    op: str
    wanted: str
    found: str

    def message(self) -> str:
        return f"`{self.op}` begins with {self.wanted}, but it is given {self.found}"


@record(kw_only=True)
class StateOnlyConstant(Diagnostic):
    """A `state` begins with one number: `zeros`, `ones` or `constant(c)`; other beginnings are given by `initial`."""

    name: str

    def message(self) -> str:
        return f"the state `{self.name}` must begin with one number"

    def help(self) -> str | None:
        return "write `zeros`, `ones` or `constant(c)`; random or computed states are given where the cell runs, by `initial={…}`"
