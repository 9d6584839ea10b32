"""Turns a train section's lengths into steps, once the length of an epoch is known."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import EpochOfUnknownLength
from netspec.ir import TrainPlan
from netspec.library.base import Clock, Duration
from netspec.lower.several_steps import AT_ONCE
from netspec.train.light_steps import is_light

LOG_EVERY = 1_000
"""Steps after which a line of training metrics is written even within an epoch."""
SHORT, APART = 5, 100
"""Where an epoch has fewer light steps than the first, as many epochs as have the second go together: between two evaluations that the spec
leaves to netspec, and so between two lines."""
LINES = 20
"""Epochs do not go together below so many lines."""
SAVED_APART = 1_000
"""Light steps between two checkpoints that the spec leaves to netspec, at least: they take less than a second."""


@dataclass(frozen=True)
class Timetable:
    """When what is due. Everything is due at the last step."""

    clock: Clock
    evaluate: int
    checkpoint: int
    keep: int = 0
    """Checkpoints of its multiples stay; 0: of none."""
    lines: int = 0
    """A line stands at its multiples; 0: at the end of each epoch."""

    def log_due(self, step: int) -> bool:
        """Lines stand at the ends of epochs, of several where they are short and light, at evaluations, and often enough in long epochs."""
        clock = self.clock
        within = step % clock.steps_per_epoch
        due = step % (self.lines or clock.steps_per_epoch) == 0 if within == 0 else within % LOG_EVERY == 0
        return due or step == clock.total_steps or self.evaluation_due(step)

    def ends(self, step: int) -> int:
        """Where the steps behind this one, which are taken in one call, end: at the first at which anything is due, behind as many as one
        call takes since the last of those, and behind the first of all, whose loss is looked at. The number of the step alone decides."""
        if step == 0:
            return 1
        before, due = max(step // each * each for each in self._lengths), min((step // each + 1) * each for each in self._lengths)
        start = step - step % self.clock.steps_per_epoch
        before = max(before, start + (step - start) // LOG_EVERY * LOG_EVERY)
        due = min(due, start + ((step - start) // LOG_EVERY + 1) * LOG_EVERY)
        return min(before + ((step - before) // AT_ONCE + 1) * AT_ONCE, due, self.clock.total_steps)

    @property
    def _lengths(self) -> tuple[int, ...]:
        """At multiples of these something is due."""
        return (self.lines or self.clock.steps_per_epoch, self.evaluate, self.checkpoint, *([self.keep] if self.keep else []))

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
    lines = steps_per_epoch
    if plan.eval.automatic and is_light(plan):
        apart = min(APART, total // LINES)
        lines = evaluate = _multiple(steps_per_epoch, apart) if steps_per_epoch < SHORT and apart > steps_per_epoch else evaluate
        checkpoint = _multiple(evaluate, SAVED_APART) if plan.checkpoint.automatic else checkpoint
    return Timetable(clock, evaluate, checkpoint, 0 if kept is None else _steps(kept, clock), lines)


def _multiple(length: int, least: int) -> int:
    """The smallest multiple of a length that is at least so large."""
    return -(-least // length) * length


def describe_apart(plan: TrainPlan, table: Timetable) -> str:
    """What is due less often than at the end of each epoch, since epochs are short and the spec says nothing else; "" where nothing is."""
    length = table.clock.steps_per_epoch
    if table.lines <= length or table.clock.total_steps <= length:
        return ""
    saved = f", checkpoints {table.checkpoint // length:,} epochs or at a new best" if plan.checkpoint.automatic else ""
    what = f"an epoch is {length:,} small step{'s' if length > 1 else ''}: lines and evaluations are {table.lines // length:,} epochs apart"
    return f"{what}{saved}; `eval {{ every = 1 epoch }}` has them at each"


def _steps(duration: Duration, clock: Clock) -> int:
    """A duration in steps, one at least."""
    return max(duration.steps(clock), 1)
