"""Sends a training's numbers to Weights & Biases, as the package `wandb` is set up: by `wandb login`, `WANDB_MODE=offline`, …"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from netspec.train.loggers.protocol import Training, scalars
from netspec.train.metrics_log import Record
from netspec.train.process_record import read_processes


class WandB:
    """One run of W&B for a run folder, also behind an interruption. The project is `$WANDB_PROJECT`, else the name of the training."""

    def __init__(self) -> None:
        self._run: Any = None

    def begin(self, training: Training) -> None:
        import wandb  # pyright: ignore[reportMissingImports]

        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or training.name,
            name=training.folder.name if training.folder else None,
            id=_identify(training),
            resume="allow",
            dir=str(training.folder) if training.folder else None,
            config={"settings": dict(training.settings), "spec": training.spec},
        )

    def record(self, record: Record) -> None:
        self._run.log({f"{record.split}/{name}": value for name, value in scalars(record)}, step=record.step)

    def end(self, failed: bool) -> None:
        self._run.finish(exit_code=int(failed))


def _identify(training: Training) -> str | None:
    """The same for every process of a run: where and when the first one began."""
    if training.folder is None:
        return None
    first = next(iter(read_processes(training.folder)), {})
    text = f"{first.get('host')} {first.get('began')} {training.folder.resolve()}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
