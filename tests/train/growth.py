"""Watches how much memory a long training holds: `python -m tests.soak memory --count 10000` trains digits for so many steps."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import netspec
from netspec.train.feed import Feed
from netspec.train.metrics_log import Record
from netspec.train.progress import Silent
from tests.memory import held

SPEC = """netspec 1

model Digits {
  input image: f32[B, 8, 8, 1]
  output logits = image -> conv(8, 3) -> relu -> flatten -> dense(64) -> relu -> dropout(0.2) -> dense(10)
}

train Digits {
  data = digits() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = adam(0.001)
  duration = STEPS steps
  checkpoint { every = 50 steps; keep = 3 }
  eval { every = 250 steps }
  seed = SEED
}
"""
WARM = 0.2
"""The part of a training behind which everything is compiled and every buffer has its size."""
ALLOWED = 0.05
"""By how much the memory that is held may grow from there on."""


@dataclass
class Report:
    """Megabytes at the lines of a run."""

    held: list[tuple[int, float]] = field(default_factory=list)
    steps: int = 0

    @property
    def growth(self) -> float:
        """The mean of the last fifth over the mean of the fifth behind the beginning, less one."""
        parts = [[mb for step, mb in self.held if a < step / self.steps <= b] for a, b in ((WARM, 2 * WARM), (1 - WARM, 1.0))]
        before, after = (sum(part) / len(part) for part in parts)
        return after / before - 1

    @property
    def wrong(self) -> list[str]:
        return [f"{self.growth:.1%} more at the end"] if self.growth > ALLOWED else []

    def __str__(self) -> str:
        return f"from {self.held[0][1]:.0f} to {self.held[-1][1]:.0f} MB, {self.growth:+.1%} behind the first {WARM:.0%}"


class Watching(Silent):
    """Notes the memory at each line."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def record(self, record: Record) -> None:
        self.report.held.append((record.step, held()))


def run(count: int, seed: int) -> Report:
    """Trains digits for so many steps, with an evaluation every 250 and a checkpoint every 50: the memory must not grow by 5 %."""
    program = netspec.compile(SPEC.replace("STEPS", str(count)).replace("SEED", str(seed % 1000)))
    report = Report(steps=count)
    feeds: tuple[Feed, ...] = program.feeds(None, None, None)
    with tempfile.TemporaryDirectory() as folder:
        program.train(*feeds[:2], None, Path(folder) / "run", False, Watching(report))
    return report
