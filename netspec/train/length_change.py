"""Lets a run go on with another length than it was begun with, and says what its learning rates then do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import NothingLeftToTrain
from netspec.infer.calls.rates import list_rates
from netspec.ir import TrainPlan
from netspec.lazy import jax, jnp, np
from netspec.library.base import Clock, Duration, Schedule
from netspec.library.shelf.op_text import to_text
from netspec.train.progress import Reporter
from netspec.train.recipe import Recipe
from netspec.train.run_folder import RunFolder, change_recipe

LOOKED_AT = 64
"""Steps at which two courses of a learning rate are compared."""


def change_length(run: RunFolder, recipe: Recipe, plan: TrainPlan, clock: Clock, tell: Reporter) -> RunFolder:
    """The run, with the length that its spec has now, and a note of what that changes; the run as it is where its length is the same.

    Raises `Mistake` where the new length is over already.
    """
    kept = run.settings.get("duration")
    if run.recipe.digest == recipe.digest or kept is None or Duration(*kept) == plan.duration:
        return run
    step = max(run.store.steps(), default=0)
    if step >= clock.total_steps:
        raise Mistake(NothingLeftToTrain(run=str(run.path), step=step, duration=str(plan.duration), steps=clock.total_steps))
    before = _clock_of(Duration(*kept), plan, clock)
    tell.note("\n".join(_describe_change(plan, Duration(*kept), before, clock, step, recipe.foreign)))
    return change_recipe(run, recipe, plan, step)


def _clock_of(length: Duration, plan: TrainPlan, now: Clock) -> Clock:
    """The clock of the run before. Where nothing tells the length of an epoch, the whole training is one."""
    steps = length.steps(now)
    return Clock(steps if now.steps_per_epoch == now.total_steps and plan.duration.unit == "step" else now.steps_per_epoch, steps)


def _describe_change(plan: TrainPlan, length: Duration, before: Clock, now: Clock, step: int, foreign: bool) -> Iterator[str]:
    """The lengths, and each learning rate on a line of its own."""
    yield (
        f"duration: {plan.duration} in place of {length} ({now.total_steps:,} steps, {before.total_steps:,} before); "
        f"the run goes on behind step {step:,}"
    )
    for update in () if foreign else plan.updates:
        name = f" in the update {update.name}" if update.name else ""
        for path, owner, rate in list_rates(update.optimizer):
            yield f"  {path[-1][0]} of {owner.op_name()}{name}: {_describe_rate(rate, before, now, step)}"


def _describe_rate(rate: Schedule | float, before: Clock, now: Clock, step: int) -> str:
    """What a learning rate does from a step on: whether it goes on as it would have, or is drawn anew along the new length."""
    if not isinstance(rate, Schedule):
        return f"{rate:g} at every step, as before"
    last = now.total_steps - 1
    steps = sorted({step, last, *np.linspace(step, last, LOOKED_AT).astype(int).tolist()})
    new = _values(rate, now, steps)
    common = [i for i, s in enumerate(steps) if s < max(before.total_steps, step + 1)]
    same = np.allclose(new[common], _values(rate, before, [steps[i] for i in common]), rtol=1e-5, atol=0)
    if same:
        return f"{to_text(rate)} goes on as it was: {new[0]:.4g} at the next step, {new[-1]:.4g} at the last"
    was = f", where the one before had {_values(rate, before, [step - 1])[0]:.4g}" if step else ""
    return f"{to_text(rate)} is drawn anew along {now.total_steps:,} steps: {new[0]:.4g} at the next step{was}, {new[-1]:.4g} at the last"


def _values(rate: Schedule, clock: Clock, steps: list[int]) -> Any:
    """The rate at some steps, as training computes it."""
    return np.asarray(jax.vmap(lambda step: jnp.asarray(rate.value(step, clock), jnp.float32))(np.asarray(steps, np.int32)))
