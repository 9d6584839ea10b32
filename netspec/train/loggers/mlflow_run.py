"""Sends a training's numbers to MLflow, as the package `mlflow` is set up: by `MLFLOW_TRACKING_URI`, …"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from netspec.files import read_start, write_atomic
from netspec.train.loggers.protocol import Training, scalars
from netspec.train.metrics_log import Record

NAME = "mlflow-run"
"""The file of a run folder that keeps MLflow's name of the run, for processes that go on with it."""
MOST = 500
"""Characters of a setting that every server of MLflow takes."""


class MLflow:
    """One run of MLflow for a run folder, also behind an interruption. The experiment is `$MLFLOW_EXPERIMENT_NAME`, else the training's
    name."""

    def __init__(self) -> None:
        self._mlflow: Any = None

    def begin(self, training: Training) -> None:
        import mlflow  # pyright: ignore[reportMissingImports]

        self._mlflow = mlflow
        known = _read_name(training.folder) if training.folder and training.step else None
        if known is None:
            self._mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or training.name)
        run = self._mlflow.start_run(run_id=known, run_name=None if known or not training.folder else training.folder.name)
        if known is None:
            self._mlflow.log_params({name: value[:MOST] for name, value in training.settings.items()})
            if training.folder:
                write_atomic(training.folder / NAME, f"{run.info.run_id}\n")

    def record(self, record: Record) -> None:
        self._mlflow.log_metrics({f"{record.split}/{_allowed(name)}": value for name, value in scalars(record)}, step=record.step)

    def end(self, failed: bool) -> None:
        self._mlflow.end_run("FAILED" if failed else "FINISHED")


def _read_name(folder: Path) -> str | None:
    """MLflow's name of the run that an earlier process began."""
    path = folder / NAME
    return read_start(path, 200).decode("ascii", "replace").strip() or None if path.is_file() else None


def _allowed(name: str) -> str:
    """A name with the characters that MLflow takes."""
    return re.sub(r"[^\w. /:-]", "_", name)
