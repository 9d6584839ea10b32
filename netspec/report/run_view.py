"""Reads what a page says of one run, without JAX: its lines, its spec proved again, its settings, the processes that trained it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.compile import Checked
from netspec.ir import Body, Goal, TrainPlan
from netspec.train.metrics_log import Record
from netspec.train.process_record import read_processes
from netspec.train.run_folder import RunFolder, open_run

Prove = Callable[[RunFolder], Checked]


@dataclass(frozen=True)
class RunView:
    """One run of a page."""

    label: str
    """What it is called on the page: the folder's name, with as much of its path as tells it from the others."""
    folder: RunFolder
    records: Sequence[Record]
    checked: Checked
    processes: Sequence[Mapping[str, Any]]

    @property
    def plan(self) -> TrainPlan | None:
        """How it was trained; None where the spec is no longer proved."""
        return self.checked.typed.train(self.folder.recipe.train) if self.checked.typed else None

    @property
    def model(self) -> Body | None:
        return self.plan.model if self.plan else None

    @property
    def settings(self) -> dict[str, str]:
        """Every setting as text of the language."""
        return {name: setting["value"] for name, setting in self.folder.settings["settings"].items()}

    @property
    def training(self) -> str:
        """The name of the `train` section."""
        return self.folder.recipe.train or (self.plan.name if self.plan else "")

    @property
    def best_step(self) -> int | None:
        """The step of the best checkpoint: of that which the test part measured at the end, else by the evaluations so far."""
        tested = next((record.checkpoint for record in self.records if record.checkpoint is not None), None)
        if tested is not None:
            return tested
        goal = self.plan.best if self.plan else Goal()
        found = ((record.values.get(goal.metric), record.step) for record in self.records if record.split != "train")
        scores = [(goal.score(value), step) for value, step in found if isinstance(value, int | float) and math.isfinite(value)]
        return min(scores)[1] if scores else None

    @property
    def unresolved(self) -> dict[str, str]:
        """The values of the command line that are no params of the trained model, which stand among the settings."""
        given = self.folder.recipe.overrides
        return {name: value for name, value in given.items() if f"param {name.rpartition('.')[2]}" not in self.settings}


def read_run(path: str, label: str, prove: Prove) -> RunView:
    """A run from its folder. Raises `Mistake` for what is none, or is damaged."""
    folder = open_run(path)
    return RunView(label, folder, folder.log.records(), prove(folder), read_processes(folder.path))


def label_runs(paths: Sequence[str]) -> list[str]:
    """A name for each folder, as short as tells them apart; the same folder once more is numbered."""
    parts = [Path(os.path.abspath(path)).parts for path in paths]
    labels = {own: own[-1] for own in parts}
    for count in range(2, max(map(len, parts), default=0) + 1):
        known = list(labels.values())
        labels = {own: "/".join(own[-count:]) if known.count(label) > 1 else label for own, label in labels.items()}
    counts = [parts[:k].count(own) + 1 for k, own in enumerate(parts)]
    return [labels[own] + (f" ({count})" if count > 1 else "") for own, count in zip(parts, counts, strict=True)]
