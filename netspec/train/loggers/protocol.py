"""Defines what a logger is: it is told of a training's begin, of every line of `metrics.jsonl`, and of the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from netspec.train.metrics_record import Record
from netspec.train.metrics_table import row_of


@dataclass(frozen=True)
class Training:
    """What a logger may know of the training that begins."""

    name: str
    """That of the `train` section."""
    folder: Path | None
    """The run folder; None where Python trains without one."""
    step: int
    """The step behind which it goes on: 0 for a new run."""
    total: int
    """The last step."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Every setting as text of the language, defaults included."""
    spec: str = ""
    """The spec's text."""


class Logger(Protocol):
    """Whatever it raises switches it off for the rest of the training, which goes on; that is told once."""

    def begin(self, training: Training) -> None:
        """Before the first step."""
        ...

    def record(self, record: Record) -> None:
        """A line of `metrics.jsonl` was written."""
        ...

    def end(self, failed: bool) -> None:
        """Behind the last step; `failed`: an error ended the training."""
        ...


ABOUT = ("step", "epoch", "split", "seconds", "checkpoint")
"""What a record says besides what was measured: when, and of what."""


def scalars(record: Record) -> Iterator[tuple[str, float]]:
    """The single numbers of a record by name, loss and metrics first; what is no number, or several, is left out."""
    for name, value in row_of(record).items():
        single = isinstance(value, int | float) and not isinstance(value, bool)
        if single and name not in ABOUT and not name.endswith("]"):
            yield name, float(value)
