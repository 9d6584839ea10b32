"""Shows the lines of a run as rows of one table on a terminal, where training and evaluations stand below one another."""

from __future__ import annotations

from typing import Any

from netspec.train.metrics_record import Record
from netspec.train.metrics_table import merge_columns, row_of

LEAST = 8
"""Columns of the terminal that a number takes at least."""
RENAMED = {"split": "part", "examples_per_second": "examples/s", "data_wait": "data-wait"}
RENAMED |= {"learning_rate": "rate", "gradient_norm": "gradient"}
"""What columns are called where room is short."""
LEFT_OUT = ("seconds", "checkpoint")


class Rows:
    """The rows of one run; the headings stand again where a row has numbers that the ones before had not."""

    def __init__(self) -> None:
        self._columns: list[str] = []

    def draw(self, record: Record, total: int, room: int) -> list[str] | None:
        """A record's row, below headings where they are due; None where the table is wider than `room` columns of the terminal."""
        cells = {RENAMED.get(name, name): _text(name, value) for name, value in _shown(record, total).items()}
        columns = merge_columns([dict.fromkeys(self._columns), cells]) if self._columns else list(cells)
        least = {"step": max(LEAST, 2 * len(f"{total:,}") + 1), "part": len("validation")}
        widths = [max(len(name), least.get(name, LEAST)) for name in columns]
        if sum(widths) + 2 * len(widths) > room:
            return None
        due, self._columns = columns != self._columns, columns
        head = [_line(columns, widths)] if due else []
        return [*head, _line([cells.get(name, "") for name in columns], widths)]


def _shown(record: Record, total: int) -> dict[str, Any]:
    """The cells of a record that a person looks at, without metrics of several numbers. `test@880` is of the checkpoint of that step."""
    row = {name: value for name, value in row_of(record).items() if name not in LEFT_OUT and not name.endswith("]")}
    part = record.split if record.checkpoint in (None, record.step) else f"{record.split}@{record.checkpoint}"
    return {**row, "step": f"{record.step:,}/{total:,}", "split": part}


def _text(name: str, value: Any) -> str:
    """A cell as it is written: shares in percent, large numbers without a point."""
    if value is None or isinstance(value, str):
        return value or ""
    if name == "data_wait":
        return f"{value:.0%}"
    if name == "epoch" or isinstance(value, int):
        return f"{value:.4g}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.2e}"


def _line(cells: list[str], widths: list[int]) -> str:
    """Cells flush right."""
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
