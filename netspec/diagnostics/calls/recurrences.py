"""Defines the problems of cells and of the layers that run them over time. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class CellOutsideTime(Diagnostic):
    """A cell, or a block with `state`, is one time step; a layer such as `rnn` runs it over a sequence."""

    cell: str

    def message(self) -> str:
        return f"`{self.cell}` is one time step, and stands where a whole sequence goes through"

    def help(self) -> str | None:
        return f"run it over time: `rnn({self.cell}(…))`"


@record(kw_only=True)
class NotACell(Diagnostic):
    """`rnn` runs a cell: one of the shelf's cells, or a block with `state`."""

    op: str
    found: str

    def message(self) -> str:
        return f"`{self.op}` runs a cell, not {self.found}"

    def help(self) -> str | None:
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
