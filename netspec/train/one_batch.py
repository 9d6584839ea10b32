"""Trains on one batch over and over: whether a model can learn it at all is known in seconds. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.lazy import np
from netspec.train.gradient_accumulation import group_batches
from netspec.train.timetable import timetable

if TYPE_CHECKING:
    from netspec.train.trainable_model import Program

STEPS = 500
"""At most so many, unless it is said."""
SMALL = 0.01
"""The part of the first loss that is small."""
SHOWN = (1, 2, 5)
"""Steps that are shown, times powers of ten."""


@dataclass(frozen=True)
class OneBatch:
    """What came of it."""

    first: float
    last: float
    least: float
    steps: int

    @property
    def learned(self) -> bool:
        """Whether the loss became small."""
        return self.least <= SMALL * self.first

    def verdict(self) -> str:
        """What it means, and what to look at."""
        course = f"loss {self.first:.4g} -> {self.last:.4g} in {self.steps:,} steps on one batch"
        if self.learned:
            return f"{course}: the model can learn it."
        share = self.least / self.first if self.first > 0 else 1.0
        if share < 0.5:
            return f"{course}: it learns, but the loss is not small yet; take more steps, or `--find-rate`."
        return f"{course}: it does not learn; look at the learning rate (`--find-rate`), labels, inputs that are not scaled, frozen layers."


def overfit(program: Program, data: Path | None, steps: int, tell: Callable[[str], None]) -> OneBatch:
    """Take steps on the first batch of the training data until the loss is small. Raises `Mistake` for a loss that is no number."""
    plan = program.plan
    assert plan is not None
    feed = group_batches(program.training_feed(data), plan.accumulate)
    bound = program._bound(timetable(plan, feed.steps_per_epoch).clock)
    batch: Any = bound.send(next(iter(feed.training(0))))
    gauge, state, losses = bound.gauge(), bound.init(), list[float]()
    for step in range(1, steps + 1):
        state, statistics, seen = bound.observed_step(state, batch, gauge)
        values = bound.finish(statistics, "train")
        losses.append(values["loss"])
        if not np.isfinite(losses[-1]):
            raise Mistake(LossNotFinite(step=step, value=losses[-1]))
        done = min(losses) <= SMALL * losses[0]
        if done or step == steps or is_shown(step):
            tell(describe_step(step, values, bound.reading(gauge, seen)))
        if done:
            break
    return OneBatch(losses[0], losses[-1], min(losses), len(losses))


def is_shown(step: int) -> bool:
    """1, 2, 5, 10, 20, 50, …"""
    while step % 10 == 0:
        step //= 10
    return step in SHOWN


def describe_step(step: int, values: dict[str, Any], reading: Any) -> str:
    """`step   20  loss 0.6123  accuracy 0.75  rate 0.001  gradient 1.2`."""
    from netspec.train.measured_step import fields_of, words
    from netspec.train.progress import numbers

    shown = {"loss": values["loss"], **values}
    return f"step {step:>5,}  {numbers(shown)}  {words(fields_of(reading))}"
