"""Cells and the layers that run them over time."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class CellOutsideTime(Diagnostic):
    """A cell, or a block with `state`, is one time step; a layer such as `rnn` runs it over a sequence.

    ```net bad
    model M {
      input x: f32[B, T, 8]
      output y = x -> lstm_cell(4)
    }
    ```
    ```net good
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(lstm_cell(4))
    }
    ```
    """

    cell: str

    def message(self) -> str:
        return f"`{self.cell}` is one time step, and stands where a whole sequence goes through"

    def help(self) -> str | None:
        return f"run it over time: `rnn({self.cell}(…))`"


@record(kw_only=True)
class NotACell(Diagnostic):
    """`rnn` runs a cell: one of the shelf's cells, or a block with `state`.

    ```net bad
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(dense(4))
    }
    ```
    ```net good
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(gru_cell(4))
    }
    ```
    """

    op: str
    found: str

    def message(self) -> str:
        return f"`{self.op}` runs a cell, not {self.found}"

    def help(self) -> str | None:
        return "a cell is `lstm_cell(n)`, `gru_cell(n)`, or a block with a `state`"


@record(kw_only=True)
class StateNeverSet(Diagnostic):
    """A `state` must be bound anew in its block: its last binding is its value in the next step.

    ```net bad
    block Cell {
      input x: f32[B, D]
      state h: f32[B, D] = zeros
      output x + h
    }
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(Cell)
    }
    ```
    ```net good
    block Cell {
      input x: f32[B, D]
      state h: f32[B, D] = zeros
      h = x + h
      output h
    }
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(Cell)
    }
    ```
    """

    name: str

    def message(self) -> str:
        return f"the state `{self.name}` never gets a value for the next step"

    def help(self) -> str | None:
        return f"bind it at the end of the block: `{self.name} = …`"


@record(kw_only=True)
class BadInitialState(Diagnostic):
    """The first states given to a recurrence do not fit its cell's: another name, or another type.

    ```net bad
    model M {
      input x: f32[B, T, 8]
      input h0: f32[B, 5]
      output y = x -> gru(4, initial={h: h0})
    }
    ```
    ```net good
    model M {
      input x: f32[B, T, 8]
      input h0: f32[B, 4]
      output y = x -> gru(4, initial={h: h0})
    }
    ```
    """

    op: str
    wanted: str
    found: str

    def message(self) -> str:
        return f"`{self.op}` begins with {self.wanted}, but it is given {self.found}"


@record(kw_only=True)
class StateOnlyConstant(Diagnostic):
    """A `state` begins with one number: `zeros`, `ones` or `constant(c)`; other beginnings are given by `initial`.

    ```net bad
    block Cell {
      input x: f32[B, D]
      state h: f32[B, D] = normal(0.1)
      h = x + h
      output h
    }
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(Cell)
    }
    ```
    ```net good
    block Cell {
      input x: f32[B, D]
      state h: f32[B, D] = zeros
      h = x + h
      output h
    }
    model M {
      input x: f32[B, T, 8]
      output y = x -> rnn(Cell)
    }
    ```
    """

    name: str

    def message(self) -> str:
        return f"the state `{self.name}` must begin with one number"

    def help(self) -> str | None:
        return "write `zeros`, `ones` or `constant(c)`; random or computed states are given where the cell runs, by `initial={…}`"


@record(kw_only=True)
class LengthOutOfRange(Diagnostic):
    """A length given to a recurrence is negative, or beyond the end of its sequence.

    Examples are counted from 0. A length counts the steps of an example that are real, from the first one: 0 to the size of the axis.

    ```text bad
    # the spec says: y = tokens -> embed(500, 64) -> lstm(64, lengths=n)
    program.predict(state, tokens=np.zeros((2, 10), np.int32), n=[10, 12])
    error[length-out-of-range]: `n` says that example 1 has 12 steps, but sequences here have 10 (T).
    ```
    ```text good
    program.predict(state, tokens=np.zeros((2, 10), np.int32), n=[10, 9])
    ```
    """

    field: str
    record: int
    value: int
    longest: int
    axis: str
    """The sequence's size as the spec writes it."""

    def message(self) -> str:
        axis = f" ({self.axis})" if self.axis != str(self.longest) else ""
        return f"`{self.field}` says that example {self.record} has {self.value} steps, but sequences here have {self.longest}{axis}."

    def help(self) -> str | None:
        return "cut the lengths where the sequences are cut, or give longer sequences"
