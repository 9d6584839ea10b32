"""Makes the optimizers of a plan ready to run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from netspec.ir import TrainPlan, UpdatePlan
from netspec.library.base import Array, Clock, Duration, Op, Optimizer, Schedule
from netspec.library.gradients.optax_protocol import from_optax
from netspec.library.gradients.path_selection import Chosen
from netspec.lower.forward_pass import Forward
from netspec.lower.gradient import Gradient
from netspec.lower.precision import Precision
from netspec.lower.step_functions import Update
from netspec.lower.step_gauge import RateReader
from netspec.lower.step_guard import StepGuard


def make_update(
    plan: UpdatePlan, forward: Forward, clock: Clock, accumulate: int, foreign: Any = None, guard: StepGuard | None = None
) -> Update:
    """An update that trains its own parameters only, by the plan's optimizer or by a `foreign` one with optax's protocol."""
    chosen = Chosen.of(forward.layout.leaves(), plan.paths)
    gradient = Gradient(forward, plan.objective, chosen, accumulate)
    if foreign is not None:
        return Update(gradient, from_optax(foreign, chosen.leaves()), plan.every, RateReader(None, clock), guard)
    optimizer = plan.optimizer if plan.every == 1 else rescale_schedules(plan.optimizer, plan.every)
    return Update(gradient, optimizer.build(clock, chosen.leaves()), plan.every, RateReader(optimizer, clock), guard)


def make_guard(plan: TrainPlan, precision: Precision, foreign: Collection[str]) -> StepGuard | None:
    """What judges the steps of a plan; None where a step that is no number stops the run, and nothing scales the loss."""
    action = plan.on_nonfinite.action
    own = all(any(part.scales for part in u.optimizer.in_order()) and u.name not in foreign for u in plan.updates)
    scaled = precision.compute == "float16" and not own
    return StepGuard(scaled, action != "stop", action == "rollback") if scaled or action != "stop" else None


class InSteps(Schedule):
    """A schedule for an optimizer that runs in every so many-th step: its value at the training's step, not at the optimizer's own."""

    schedule: Schedule
    every: int

    def value(self, step: Array, clock: Clock) -> Array:
        """The schedule at the step of the training in which this update takes its turn."""
        return self.schedule.value(step * self.every + self.every - 1, clock)


def rescale_schedules(optimizer: Optimizer, every: int) -> Optimizer:
    """The optimizer with each of its schedules, and each duration of its own, against the steps of the training."""
    return _rescale_value(optimizer, every)


def _rescale_value(value: Any, every: int) -> Any:
    """Schedules and durations of an update, counted in its own steps; anything else as it is."""
    if isinstance(value, Schedule):
        return InSteps(schedule=value, every=every)
    if isinstance(value, Duration):
        return Duration(value.count / every, value.unit)
    if isinstance(value, tuple):
        items = tuple(_rescale_value(item, every) for item in value)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        entries = {key: _rescale_value(item, every) for key, item in value.items()}
        return entries if any(entries[key] is not value[key] for key in value) else value
    if not isinstance(value, Op):
        return value
    changed = {name: new for name, old in vars(value).items() if (new := _rescale_value(old, every)) is not old}
    return value.replaced(**changed) if changed else value
