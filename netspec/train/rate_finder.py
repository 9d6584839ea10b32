"""Finds a learning rate by a sweep: from far too small to far too large within a hundred steps, while the loss is looked at (Smith 2017,
Cyclical learning rates for training neural networks). It writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.trials import NoRateToFind
from netspec.ir import Nonfinite, TrainPlan
from netspec.lazy import jnp, np
from netspec.library.base import Array, Clock, Optimizer, Schedule
from netspec.record import replace as changed
from netspec.train.batch_stream import Position, stream
from netspec.train.gradient_accumulation import group_batches
from netspec.train.timetable import timetable

if TYPE_CHECKING:
    from netspec.train.trainable_model import Program

LOW, HIGH, STEPS = 1e-7, 10.0, 100
SMOOTH = 0.8
"""How much of the smoothed loss before stays in the next one."""
LOST = 4.0
"""The sweep ends where the smoothed loss is so many times the least one."""


class Sweep(Schedule):
    """Learning rates that grow by one factor each step."""

    low: float
    growth: float

    def value(self, step: Array, clock: Clock) -> Array:
        return self.low * jnp.exp(jnp.asarray(step, jnp.float32) * math.log(self.growth))


@dataclass(frozen=True)
class Rate:
    """A learning rate of a spec: where `--set` finds it, and how large it is."""

    path: str
    value: float | None
    """Its largest value, None where no single argument says it."""


@dataclass(frozen=True)
class Swept:
    """What a sweep found."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]

    @property
    def best(self) -> int | None:
        """The step at which the smoothed loss falls fastest, on its way to the least one; None where it never falls."""
        least = int(np.argmin(self.smoothed))
        if least < 2:
            return None
        slopes = np.gradient(np.asarray(self.smoothed), np.log(self.rates))[: least + 1]
        found = int(np.argmin(slopes))
        return found if slopes[found] < 0 else None

    def rows(self, count: int = 25) -> Iterator[str]:
        """A table of the sweep, the suggested rate marked."""
        best, number = self.best, len(self.rates)
        shown = {round(i * (number - 1) / max(count - 1, 1)) for i in range(min(count, number))} | ({best} if best is not None else set())
        yield f"{'rate':>10}  {'loss':>10}  {'smoothed':>10}"
        for i in sorted(shown):
            mark = "  <- falls fastest" if i == best else ""
            yield f"{self.rates[i]:>10.3g}  {self.losses[i]:>10.4g}  {self.smoothed[i]:>10.4g}{mark}"


def list_rates(plan: TrainPlan) -> list[Rate]:
    """The learning rates of a plan, in order."""
    found: list[Rate] = []
    for update in plan.updates:
        start = f"train.update.{update.name}.optimizer" if update.name else "train.optimizer"
        found += _rates_in(update.optimizer, start)
    return found


def _rates_in(value: Any, path: str) -> Iterator[Rate]:
    """The learning rates of optimizers within a value, the parts of a chain as if each stood alone."""
    if isinstance(value, Optimizer):
        composed = getattr(value, "composed", False)
        here = path if composed else f"{path}.{value.op_name()}"
        for name, part in vars(value).items():
            if name == "learning_rate" and part is not None:
                yield _rate_of(part, f"{here}.{name}")
            else:
                yield from _rates_in(part, here if composed else f"{here}.{name}")
    elif isinstance(value, tuple):
        for part in value:
            yield from _rates_in(part, path)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _rates_in(part, f"{path}.{key}")


def _rate_of(rate: Any, path: str) -> Rate:
    """A number, or a schedule by the argument that says how large it becomes."""
    if not isinstance(rate, Schedule):
        return Rate(path, float(rate))
    argument = rate.height()
    return Rate(f"{path}.{rate.op_name()}.{argument}", float(getattr(rate, argument))) if argument else Rate(path, None)


def swept_plan(plan: TrainPlan) -> TrainPlan:
    """The plan with every learning rate swept; several keep their proportions. A loss that is no number ends the sweep."""
    largest = max((r.value for r in list_rates(plan) if r.value), default=1.0)

    def sweep(rate: Any) -> Sweep:
        share = (_rate_of(rate, "").value or largest) / largest
        return Sweep(low=LOW * share, growth=(HIGH / LOW) ** (1 / (STEPS - 1)))

    updates = tuple(changed(u, optimizer=_exchange(u.optimizer, sweep)) for u in plan.updates)
    return changed(plan, updates=updates, on_nonfinite=Nonfinite())


def _exchange(value: Any, sweep: Any) -> Any:
    """A value with the learning rates of optimizers exchanged."""
    if isinstance(value, tuple):
        return tuple(_exchange(part, sweep) for part in value)
    if isinstance(value, Mapping):
        return {key: _exchange(part, sweep) for key, part in value.items()}
    if not isinstance(value, Optimizer):
        return value
    own = {name: sweep(x) if name == "learning_rate" and x is not None else _exchange(x, sweep) for name, x in vars(value).items()}
    return value.replaced(**own)


def find_rate(program: Program, data: Path | None) -> Swept:
    """Sweep the learning rates of a program over its training data. Raises `Mistake` for an optimizer that has none."""
    plan = program.plan
    assert plan is not None
    if not list_rates(plan) or program.foreign:
        raise Mistake(NoRateToFind(optimizer=plan.optimizer.op_name(), at=plan.updates[0].span))
    feed = group_batches(program.training_feed(data), plan.accumulate)
    clock = timetable(plan, feed.steps_per_epoch).clock
    swept = replace(program, plan=swept_plan(plan), clock=clock)
    axes = 1 if plan.accumulate == 1 else 2
    state, losses, seen = swept.init(), list[float](), list[float]()
    with closing(stream(feed, Position(), STEPS, axes, swept.send)) as batches:
        for fed in batches:
            state, statistics = swept.train_step(state, fed.batch)
            loss = float(swept.finish(statistics, "train")["loss"])
            if not math.isfinite(loss):
                break
            losses.append(loss)
            seen.append(follow(losses)[-1])
            if len(losses) > 10 and seen[-1] > LOST * min(seen) > 0:
                break
    rates = tuple(LOW * (HIGH / LOW) ** (i / (STEPS - 1)) for i in range(len(losses)))
    return Swept(rates, tuple(losses), smooth(losses))


def smooth(losses: list[float]) -> tuple[float, ...]:
    """The losses without their noise, and without a delay: the exponential mean forwards, and of that backwards. What is above the first
    ones counts as they do, so that the end of the sweep does not reach back."""
    bound = max(losses[:5], default=0.0)
    return tuple(follow(follow([min(x, bound) for x in losses])[::-1])[::-1])


def follow(values: list[float]) -> list[float]:
    """The exponential mean of the values up to each, which owes nothing to where it begins."""
    found, total, weight = list[float](), 0.0, 0.0
    for value in values:
        total, weight = SMOOTH * total + value, SMOOTH * weight + 1
        found.append(total / weight)
    return found


def suggest(plan: TrainPlan, rate: float) -> dict[str, str]:
    """What to set each learning rate to, by the path that `--set` has for it; several keep their proportions."""
    found = list_rates(plan)
    largest = max((r.value for r in found if r.value), default=1.0)
    return {r.path: f"{rate * (r.value or largest) / largest:.2g}" for r in found}
