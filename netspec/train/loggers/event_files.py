"""Writes TensorBoard's event files to the folder `tensorboard` of a run, by tensorboardX, which needs neither TensorFlow nor TensorBoard.

Each part of the data has a folder of its own, so that training and evaluation share a chart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspec.train.loggers.protocol import Training, scalars
from netspec.train.metrics_log import Record

FOLDER = "tensorboard"


class TensorBoard:
    """Event files, written through after each line."""

    def __init__(self) -> None:
        self._training: Training | None = None
        self._writers: dict[str, Any] = {}

    def begin(self, training: Training) -> None:
        """Makes the writer of training's numbers, with the spec as a text."""
        if training.folder is None:
            raise ValueError("its files lie in a run folder, and there is none: `out=`")
        self._training = training
        if not training.step:
            fenced = "\n".join(f"    {line}" for line in training.spec.splitlines())
            self._writer("train").add_text("spec", fenced, 0)

    def record(self, record: Record) -> None:
        writer = self._writer(record.split)
        for name, value in scalars(record):
            writer.add_scalar(name, value, record.step)
        writer.flush()

    def end(self, failed: bool) -> None:
        for writer in self._writers.values():
            writer.close()

    def _writer(self, part: str) -> Any:
        """The writer of a part. In a run that goes on TensorBoard drops what an earlier process wrote of the steps that come again."""
        from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]

        assert self._training is not None and self._training.folder is not None
        if part not in self._writers:
            purge = self._training.step + 1 if self._training.step else None
            folder = str(Path(self._training.folder) / FOLDER / part)
            own = f".{self._training.step}"  # files are named by seconds, and a run that goes on within one would write over its own
            self._writers[part] = SummaryWriter(folder, purge_step=purge, filename_suffix=own)
        return self._writers[part]
