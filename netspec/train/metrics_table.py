"""Writes `metrics.csv`: the numbers of `metrics.jsonl` as one table, which a spreadsheet opens.

One row for each line, `split` says which part of the data it is of. A metric of several numbers has a column for each, `recall[3]`, as long
as they are not too many; what is no number is an empty cell. The file is made of the lines: a run that goes on writes it anew.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netspec.files import append_line, write_atomic
from netspec.limits import LIMITS
from netspec.train.metrics_record import Record, finite

NAME = "metrics.csv"
FIRST = ("step", "epoch", "split", "loss")
"""The columns that stand before those of the metrics."""


def row_of(record: Record) -> dict[str, Any]:
    """The cells of a record by column: what every record has, its metrics, then what else is measured."""
    first = {name: getattr(record, name) for name in FIRST}
    last: dict[str, Any] = {}
    for name, value in vars(record).items():
        if name not in first and name != "metrics":
            last |= _measured(value) if isinstance(value, Mapping) else {name: value}
    cells: dict[str, Any] = {}
    for name, value in record.metrics.items():
        cells |= _cells(f"metric {name}" if name in first or name in last else name, value)
    return {**first, **cells, **last}


def _measured(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is measured of a step: numbers, and of each of several optimizers one, `learning_rate/critic`."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        several = {f"{name}/{key}": item for key, item in value.items()} if isinstance(value, Mapping) else {name: value}
        found |= {key: item for key, item in several.items() if not isinstance(item, Mapping | list | tuple)}
    return found


def _cells(name: str, value: Any) -> dict[str, Any]:
    """A column for each number of a metric; none of one that has too many."""
    found = dict(_numbers(name, value))
    return found if len(found) <= LIMITS.metric_lines else {}


def _numbers(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The numbers of nested lists, each with its place."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _numbers(f"{name}[{place}]", item)
    else:
        yield name, value


def merge_columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of all rows: those that every row begins with, then each where it first stands among the others."""
    found: list[str] = []
    for row in rows:
        place = 0
        for name in row:
            if name in found:
                place = found.index(name) + 1
            else:
                found.insert(place, name)
                place += 1
    return found


def csv_line(cells: Sequence[Any]) -> str:
    """Cells as one line without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([finite(cell) for cell in cells])
    return text.getvalue()


@dataclass
class Table:
    """The file of one run, as one process writes it."""

    path: Path
    columns: list[str] = field(default_factory=list)
    """Those of the file, once this process has written it."""

    def add(self, history: Sequence[Record]) -> None:
        """Writes the newest record of a run, of which all lines are given: they are written anew where it has columns of its own. Raises
        `Mistake` with `WriteFailed`."""
        row = row_of(history[-1])
        if self.columns and row.keys() <= set(self.columns):
            append_line(self.path, csv_line([row.get(name) for name in self.columns]))
            return
        rows = [row_of(record) for record in history]
        self.columns = merge_columns(rows)
        lines = [csv_line(self.columns), *(csv_line([row.get(name) for name in self.columns]) for row in rows)]
        write_atomic(self.path, "".join(f"{line}\n" for line in lines))
