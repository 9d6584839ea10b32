"""Early stopping, best and the moving average against a transcription in plain Python, also where the run is killed on its way or goes on
when it has stopped."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.ir import Goal, StopPlan, TrainPlan, Typed
from netspec.library.base import Duration
from netspec.testing.checks import close, hold, require, require_same
from netspec.train.early_stopping import Course
from netspec.train.feed import feed_from
from netspec.train.progress import Lines
from netspec.train.run_folder import RunFolder
from netspec.train.session import Session
from netspec.train.trainable_model import Fit, Program
from tests.train.runs import RECIPE, killed_after, lines, plan, steps, tensors

HISTORIES = range(20)
EPOCHS, STEPS, DECAY = 12, 6, 0.9


def history(number: int) -> tuple[list[float], Goal, StopPlan]:
    """Values of twelve evaluations, with plateaus, ties and numbers that are none, and the rules by which they are judged."""
    draw = random.Random(number)
    values = [round(draw.uniform(0, 1), draw.choice((1, 3))) for _ in range(EPOCHS)]
    values = [math.nan if draw.random() < 0.1 else value for value in values]
    goal = Goal("accuracy", True) if draw.random() < 0.5 else Goal("loss", False)
    return values, goal, StopPlan(goal, draw.randint(1, 4), draw.choice((0.0, 0.05, 0.3)))


def transcribed(values: list[float], goal: Goal, stop: StopPlan) -> tuple[int, int | None]:
    """(evaluations until the training ends, the best of them), as one would write it down for one's own loop."""
    best, best_at, reference, bad = None, None, None, 0
    for number, value in enumerate(values, 1):
        number_is_one = not math.isnan(value)
        if number_is_one and (best is None or (value > best if goal.higher else value < best)):
            best, best_at = value, number
        gain = 0.0 if reference is None or not number_is_one else (value - reference if goal.higher else reference - value)
        if number_is_one and (reference is None or gain > stop.min_delta):
            reference, bad = value, 0
        else:
            bad += 1
        if bad >= stop.patience:
            return number, best_at
    return len(values), best_at


@cache
def averaging() -> Program:
    """The small model with a moving average, compiled once for all histories."""
    made = replace(plan(epochs=EPOCHS, checkpoint=Duration(1, "epoch"), keep=20), ema=DECAY)
    return replace(Program.of(Typed({"Deep": made.model}, (made,))), recipe=RECIPE)


@contextmanager
def scripted(number: int) -> Iterator[None]:
    """Evaluations give the values of a history, by the step that they are made at, and its rules judge them."""
    values, goal, stop = history(number)

    def evaluated(program: Any, state: Any, *more: Any) -> dict[str, Any]:
        value = values[int(state.step) // STEPS - 1]
        return {"loss": value, "accuracy": value}

    def session(program: Program, plan: TrainPlan, *more: Any) -> Session:
        return Session(program, replace(plan, best=goal, stop=stop), *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netspec.train.session.evaluate_feed", evaluated)
        patch.setattr("netspec.train.trainable_model.Session", session)
        yield


def train(number: int, out: Path | None = None, resume: bool = False, told: StringIO | None = None) -> Fit:
    made = averaging()
    assert made.plan and made.plan.eval.data
    feeds = feed_from(None, made.plan.data, made.plan.seed), feed_from(None, made.plan.eval.data, made.plan.seed)
    with scripted(number):
        return made.train(*feeds, None, out, resume, Lines(told or StringIO()))


def evaluations(fit: Fit) -> int:
    return sum(r.split != "train" for r in fit.history)


def test_when_a_training_ends_and_its_average_follow_the_transcription() -> None:
    """Twenty random histories."""

    def ends_and_averages(number: int) -> None:
        values, goal, stop = history(number)
        seen: list[dict[str, Any]] = []
        step = Session._step

        def stepping(self: Session, fed: Any) -> None:
            step(self, fed)
            seen.append({name: np.asarray(leaf, np.float64) for name, leaf in self.state.params.items()})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Session, "_step", stepping)
            fit = train(number)
        require_same(evaluations(fit), transcribed(values, goal, stop)[0], "it was evaluated", "by hand")
        require_same(len(seen), STEPS * evaluations(fit), "it took steps", "by hand")
        shares = [DECAY ** (len(seen) - 1 - age) for age in range(len(seen))]
        for name, leaf in fit.program.averaged(fit.state).params.items():
            wanted = sum(share * params[name] for share, params in zip(shares, seen, strict=True)) / sum(shares)
            close(np.asarray(leaf), wanted, rtol=1e-4, atol=1e-5)

    hold([ends_and_averages], *HISTORIES)


@pytest.mark.slow
def test_the_best_and_a_resumed_run_follow_the_transcription(tmp_path: Path) -> None:
    """A few of the histories, each killed on its way and resumed, and resumed again when it is over."""

    def resumes(number: int) -> None:
        values, goal, stop = history(number)
        ended, best = transcribed(values, goal, stop)
        whole, cut = tmp_path / f"whole-{number}", tmp_path / f"cut-{number}"
        train(number, whole)
        with killed_after(random.Random(number).randint(2, STEPS * ended)):
            train(number, cut)
        train(number, cut, resume=True)
        require_same(lines(cut), lines(whole), "resumed it wrote", "uninterrupted")
        require(tensors(cut) == tensors(whole), "a resumed run ends with other parameters")
        store = RunFolder(cut, RECIPE, {}).store
        require_same(store.best(), best and STEPS * best, "the best checkpoint is", "by hand")
        told = StringIO()
        train(number, cut, resume=True, told=told)
        require_same(lines(cut), lines(whole), "resumed at its end it wrote", "before")
        require_same("stopped early" in told.getvalue(), ended < EPOCHS, "it says that it stopped:", "by hand:")

    hold([resumes], *HISTORIES[::5])


@pytest.mark.parametrize("number", [1])
def test_a_checkpoint_remembers_how_the_evaluations_went(tmp_path: Path, number: int) -> None:
    values, goal, stop = history(number)
    train(number, tmp_path / "run")
    ended, _ = transcribed(values, goal, stop)
    course = Course()
    for value in values[:ended]:
        course = course.after({goal.metric: value}, goal, stop)
    _, manifest = RunFolder(tmp_path / "run", RECIPE, {}).store.restore(STEPS * ended)
    assert {name: manifest.facts[name] for name in ("waited", "stopped")} == {"waited": course.waited, "stopped": course.stopped}
    assert steps(tmp_path / "run")[-1] == STEPS * ended


def test_without_a_rule_a_training_goes_on_and_the_lowest_loss_is_the_best() -> None:
    course = Course()
    for value in (3.0, 1.0, math.nan, 2.0):
        course = course.after({"loss": value, "accuracy": 0.5}, Goal(), None)
    assert course == Course(best=1.0)
