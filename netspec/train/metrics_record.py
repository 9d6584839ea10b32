"""Defines a line of `metrics.jsonl`, whose fields `metrics_log` explains."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result


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
    checkpoint: int | None = None
    """Of the test part at the end: the step of the checkpoint that was measured."""
    data_wait: float | None = None
    """The share of the time since the line before in which training waited for data; None of an evaluation, and in older lines."""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """Of a line of training, what was measured of the step before it: see `measured_step`. In the line it stands beside the others."""

    @property
    def values(self) -> dict[str, Result]:
        """Loss and metrics."""
        return {"loss": self.loss, **self.metrics}

    def text(self) -> str:
        """The line as strict JSON: a metric that is no number is null."""
        own = {name: value for name, value in self.__dict__.items() if name != "measured"}
        fields = {**own, **self.measured, "metrics": {k: finite(v) for k, v in self.metrics.items()}, "loss": finite(self.loss)}
        if self.checkpoint is None:
            del fields["checkpoint"]
        return json.dumps(fields, allow_nan=False)


def finite(value: Any) -> Any:
    """A value as JSON and tables have it: None for what is no number, also within lists."""
    if isinstance(value, list):
        return [finite(x) for x in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
