"""A small model that trains in a blink, and the pieces that its tests share.

It has what can go wrong in a resumed run: dropout (random numbers by step), batch_norm (buffers), a `repeat` (stacked parameters), adam
with a schedule (optimizer state), a shuffle, and an evaluation whose last batch is not full.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.ir import CheckpointPlan, DataPlan, EvalPlan, TrainPlan, Typed, UpdatePlan
from netspec.ir.paths import parameters
from netspec.library.base import Dataset, Duration, Optimizer
from netspec.library.data.transforms.steps import Batch, Shuffle
from netspec.library.optimizers.adam import Adam
from netspec.library.schedules import WarmupCosine
from netspec.shape import TensorType
from netspec.train.feed import feed_from
from netspec.train.metrics_log import TIMES
from netspec.train.progress import Silent
from netspec.train.recipe import Recipe
from netspec.train.run_folder import RunFolder
from netspec.train.session import Session
from netspec.train.timetable import Timetable
from netspec.train.trainable_model import Fit, Program
from netspec.train.trained_run import Loaded, load
from tests.lower.models import deep, objective
from tests.train.faults import INTERVAL

FOUR_STEPS = Duration(4, "step")
RECIPE = Recipe("netspec 1\n\nmodel Points { }\n", "points.net")


class Points(Dataset):
    """Points in four dimensions in three classes, the same in every process. 50 are 6 batches of 8; two are left out of each epoch."""

    count: int = 50
    seed: int = 0

    def fields(self) -> dict[str, TensorType]:
        return {"x": TensorType("f32", ["B", 4]), "label": TensorType("i32", ["B"])}

    def load(self, folder: Path | None) -> dict[str, Any]:
        rng = np.random.default_rng(self.seed)
        label = rng.integers(0, 3, self.count).astype(np.int32)
        return {"x": (rng.normal(size=(self.count, 4)) + label[:, None]).astype(np.float32), "label": label}


@cache
def long() -> Program:
    """120 steps with many evaluations and checkpoints, for processes that are to be interrupted."""
    return model(epochs=20, checkpoint=Duration(INTERVAL, "step"))


def plan(epochs: float = 3, checkpoint: Duration = FOUR_STEPS, keep: int = 2, optimizer: Optimizer | None = None) -> TrainPlan:
    body = deep(2, rate=0.2)
    fields = Points().fields()
    data = DataPlan(Points(), (Shuffle(), Batch(size=8)), fields, 8)
    test = DataPlan(Points(count=21, seed=1), (Shuffle(), Batch(size=8)), fields, 8)
    goal = objective(body)
    rule = optimizer or Adam(learning_rate=WarmupCosine(peak=0.02, warmup=Duration(3, "step")))
    evaluation = EvalPlan(test, Duration(1, "epoch"), None, goal)
    settings = {"duration": f"{epochs} epochs"}
    trained = (UpdatePlan("", goal, rule, tuple(parameters(body))),)
    return TrainPlan(
        name="Points",
        model=body,
        data=data,
        objective=goal,
        updates=trained,
        duration=Duration(epochs, "epoch"),
        eval=evaluation,
        checkpoint=CheckpointPlan(checkpoint, keep),
        seed=5,
        precision="f32",
        settings=settings,
        origins={},
    )


@cache
def model(recipe: Recipe = RECIPE, **changes: Any) -> Program:
    """The model, as the compiler would make it of the recipe. Made once, since XLA is slow."""
    made = plan(**changes)
    return replace(Program.of(Typed({"Deep": made.model}, (made,))), recipe=recipe)


def train(out: Path | None, made: Program | None = None, resume: bool = False) -> Fit:
    """Train as `netspec train` does."""
    made = made or model()
    assert made.plan and made.plan.eval.data
    feeds = feed_from(None, made.plan.data, made.plan.seed), feed_from(None, made.plan.eval.data, made.plan.seed)
    return made.train(*feeds, None, out, resume, Silent())


def opened(run: Path, which: str | int = "best") -> Loaded:
    def compiled(recipe: Recipe) -> Program:
        assert recipe.text == RECIPE.text
        return model()

    return load(run, which, compile=compiled)


def steps(run: Path) -> list[int]:
    return RunFolder(run, RECIPE, {}).store.steps()


def tensors(run: Path) -> dict[str, bytes]:
    """Every tensor of the newest checkpoint with its dtype and shape, to compare bit for bit."""
    arrays, _ = RunFolder(run, RECIPE, {}).store.restore(steps(run)[-1])
    return {name: f"{a.dtype}{a.shape}".encode() + a.tobytes() for name, a in arrays.items()}


def lines(run: Path) -> list[dict[str, Any]]:
    """`metrics.jsonl` without what the clock on the wall says."""
    records = RunFolder(run, RECIPE, {}).log.records()
    return [{k: v for k, v in r.__dict__.items() if k not in TIMES} for r in records]


class Killed(BaseException):
    """The process is gone: nothing else runs, nothing is saved."""


@contextmanager
def happening(step: int, what: Any) -> Iterator[None]:
    """`what()` is called right after that step, at which those that are taken in one call end then."""
    original, ends = Session._step, Timetable.ends

    def stepping(self: Session, fed: Any) -> None:
        original(self, fed)
        if fed.after.step == step:
            what()

    def ending(self: Timetable, behind: int) -> int:
        end = ends(self, behind)
        return min(end, step) if behind < step else end

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "_step", stepping)
        patch.setattr(Timetable, "ends", ending)
        yield


@contextmanager
def killed_after(step: int) -> Iterator[None]:
    def die() -> None:
        raise Killed

    with happening(step, die), pytest.raises(Killed):
        yield
