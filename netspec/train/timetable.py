"""Turns a train section's lengths into steps, once the length of an epoch is known."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import EpochOfUnknownLength
from netspec.ir import TrainPlan
from netspec.library.base import Clock, Duration

LOG_EVERY = 1_000
"""Steps after which a line of training metrics is written even within an epoch."""


@dataclass(frozen=True)
class Timetable:
    """When what is due. Everything is due at the last step."""

    clock: Clock
    evaluate: int
    checkpoint: int
    keep: int = 0
    """Checkpoints of its multiples stay; 0: of none."""

    def log_due(self, step: int) -> bool:
        """Lines stand at the ends of epochs and evaluations, and often enough within long epochs."""
        clock = self.clock
        within = step % clock.steps_per_epoch
        return within == 0 or within % LOG_EVERY == 0 or step == clock.total_steps or self.evaluation_due(step)

    def evaluation_due(self, step: int) -> bool:
        return step % self.evaluate == 0 or step == self.clock.total_steps

    def checkpoint_due(self, step: int) -> bool:
        kept = self.keep > 0 and step % self.keep == 0
        return kept or step % self.checkpoint == 0 or step == self.clock.total_steps


def timetable(plan: TrainPlan, steps_per_epoch: int | None) -> Timetable:
    """Raises `Mistake` with `EpochOfUnknownLength` when a duration counts epochs of unknown length.

    Where nothing counts epochs and their length is unknown, the whole training is one.
    """
    every = (plan.eval.every, plan.checkpoint.every)
    if steps_per_epoch is None:
        plain = Clock(1, 0)
        counted = [d for d in (plan.duration, *every) if d.unit == "epoch" and d is plan.duration]
        if counted:
            raise Mistake(EpochOfUnknownLength(setting=str(counted[0])))
        steps_per_epoch = max(plan.duration.steps(plain), 1)
    total = plan.duration.steps(Clock(steps_per_epoch, 0))
    clock = Clock(steps_per_epoch, total)
    kept = plan.checkpoint.keep_every
    evaluate, checkpoint = (_steps(d, clock) for d in every)
    return Timetable(clock, evaluate, checkpoint, 0 if kept is None else _steps(kept, clock))


def _steps(duration: Duration, clock: Clock) -> int:
    """A duration in steps, one at least."""
    return max(duration.steps(clock), 1)
