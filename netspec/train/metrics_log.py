"""Writes and reads `metrics.jsonl`, which has one JSON object per line, in the order of the steps.

`{"step": 220, "epoch": 5, "split": "train", "loss": 0.31, "metrics": {"accuracy": 0.92}, "examples_per_second": 9421.5, "seconds": 3.2}`.
`split` is "train" (means since the line before) or "eval"; `seconds` is the age of the run. A resumed run writes the lines of an
uninterrupted one; only the last two fields tell them apart. A metric of several numbers is a list, a matrix a list of rows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.files import append_line, write_atomic

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result

NAME = "metrics.jsonl"
TIMES = ("examples_per_second", "seconds")
"""Fields that differ from run to run."""


@dataclass(frozen=True)
class Record:
    """One line."""

    step: int
    epoch: float
    split: str
    loss: float
    metrics: Mapping[str, Result]
    """Numbers, or of a metric of several nested lists of them."""
    examples_per_second: float | None
    """Of training, without compilation, evaluations and checkpoints."""
    seconds: float

    def text(self) -> str:
        """The line as strict JSON: a metric that is no number is null."""
        fields = {**self.__dict__, "metrics": {k: _number(v) for k, v in self.metrics.items()}, "loss": _number(self.loss)}
        return json.dumps(fields, allow_nan=False)


def _number(value: Result) -> Any:
    """A number as JSON has it, null for none, also within lists."""
    return [_number(x) for x in value] if isinstance(value, list) else value if math.isfinite(value) else None


def _read(value: Any) -> Result:
    """A value of a line; what JSON has no number for was written as null."""
    return [_read(x) for x in value] if isinstance(value, list) else math.nan if value is None else value


def _record(line: str) -> Record | None:
    """A line read back; None for one that a crash cut short."""
    try:
        fields: dict[str, Any] = json.loads(line)
        numbers = {k: _read(v) for k, v in fields["metrics"].items()}
        return Record(**{**fields, "metrics": numbers, "loss": math.nan if fields["loss"] is None else fields["loss"]})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


@dataclass(frozen=True)
class Log:
    """The file of one run."""

    path: Path

    def add(self, record: Record) -> None:
        append_line(self.path, record.text())

    def records(self) -> list[Record]:
        """Every whole line; none when there is no file yet."""
        if not self.path.exists():
            return []
        return [r for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines() if (r := _record(line)) is not None]

    def keep_until(self, step: int, evaluated: int) -> list[Record]:
        """Drop what a resumed run will write again: lines of training after `step`, of evaluation after the step `evaluated`."""
        limits = {"train": step, "eval": evaluated}
        kept = [r for r in self.records() if r.step <= limits.get(r.split, -1)]
        write_atomic(self.path, "".join(f"{r.text()}\n" for r in kept))
        return kept
