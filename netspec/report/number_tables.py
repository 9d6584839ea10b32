"""What the lines of runs come to: series for the curves, and the last and best numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from netspec.report.markup import Html, fold, table
from netspec.report.run_view import RunView
from netspec.train.loggers.protocol import scalars
from netspec.train.metrics_log import Record
from netspec.train.metrics_table import merge_columns, row_of


def series_of(views: Sequence[RunView]) -> list[dict[str, Any]]:
    """One series for each number of each part of each run: `x` has steps, epochs and seconds; what is no number is null."""
    found: dict[tuple[int, str, str], dict[str, Any]] = {}
    for run, view in enumerate(views):
        for record in view.records:
            for name, value in _numbers(record):
                new = {"run": run, "split": record.split, "name": name, "step": [], "epoch": [], "seconds": [], "y": []}
                series = found.setdefault((run, record.split, name), new)
                for axis in ("step", "epoch", "seconds"):
                    series[axis].append(getattr(record, axis))
                series["y"].append(value if math.isfinite(value) else None)
    return list(found.values())


def _numbers(record: Record) -> list[tuple[str, float]]:
    """The single numbers of a record; a loss stands there also where it is none."""
    return list(scalars(record))


def names_of(series: Sequence[dict[str, Any]]) -> list[str]:
    """What is measured, the loss first, then in the order of the lines."""
    return list(dict.fromkeys(["loss", *(s["name"] for s in series)])) if series else []


def tabulate(views: Sequence[RunView], series: Sequence[dict[str, Any]]) -> Html:
    """The last, lowest and highest of each series, with the steps of the parameters that were measured."""
    rows = []
    for one in series:
        steps = _steps_measured(views[one["run"]], one)
        pairs = [(y, step) for y, step in zip(one["y"], steps, strict=True) if y is not None]
        if pairs:
            low, high = min(pairs), max(pairs, key=lambda pair: (pair[0], -pair[1]))
            cells = (number(pairs[-1][0]), number(low[0]), f"{low[1]:,}", number(high[0]), f"{high[1]:,}")
            rows.append((views[one["run"]].label, one["name"], one["split"], *cells))
    return table(("run", "number", "part", "last", "lowest", "at step", "highest", "at step"), rows, words=3)


def _steps_measured(view: RunView, one: dict[str, Any]) -> list[int]:
    """The steps of a series; of the test part, which is measured at the end, that of the checkpoint which was."""
    own = [r for r in view.records if r.split == one["split"] and one["name"] in dict(_numbers(r))]
    return [record.step if record.checkpoint is None else record.checkpoint for record in own]


def tabulate_lines(view: RunView, most: int) -> Html:
    """All lines of a run as they stand in `metrics.csv`, the last ones where they are many."""
    found = [row_of(record) for record in view.records]
    columns = merge_columns(found)
    shown = found[-most:]
    rows = [[row[c] if c in ("step", "split") and c in row else number(row.get(c)) for c in columns] for row in shown]
    left = f", the last {most:,} of {len(found):,}" if len(found) > most else ""
    return fold(f"{view.label}: every line{left}", table(columns, rows, words=0))


def number(value: Any) -> str:
    """A number with so many digits that a person compares: `0.1034`, `12,345`, `3.2e-05`; nothing for none."""
    if value is None or isinstance(value, float) and not math.isfinite(value):
        return "" if value is None else str(value)
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 1e12:
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e12 else f"{value:.4g}"
    return f"{value:,.4f}" if 0.001 <= abs(value) else f"{value:.4g}"
