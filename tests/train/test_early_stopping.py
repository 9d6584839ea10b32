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
from typing import Any, NamedTuple

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
from netspec.train.timetable import Timetable
from netspec.train.trainable_model import Fit, Program
from tests.train.runs import RECIPE, killed_after, lines, plan, steps, tensors

HISTORIES = range(20)
EPOCHS, STEPS, DECAY = 12, 6, 0.9


class History(NamedTuple):
    """What twelve evaluations give, and the rules by which they are judged; `best` and `stop` may go by different numbers."""

    loss: list[float]
    accuracy: list[float]
    best: Goal
    stop: StopPlan

    def by(self, goal: Goal) -> list[float]:
        """The values that a rule looks at."""
        return self.accuracy if goal.metric == "accuracy" else self.loss


def history(number: int) -> History:
    """Numbers with plateaus, ties and some that are none; differences of all of them are exact, that of `min_delta` too."""
    draw = random.Random(number)

    def values() -> list[float]:
        found = [draw.randint(0, parts := draw.choice((8, 128))) / parts for _ in range(EPOCHS)]
        return [math.nan if draw.random() < 0.1 else value for value in found]

    goals = [Goal(metric, higher) for metric in ("loss", "accuracy") for higher in (False, True)]
    stop = StopPlan(draw.choice(goals), draw.randint(1, 4), draw.choice((0.0, 1 / 16, 1 / 4)))
    return History(values(), values(), draw.choice(goals), stop)


def transcribed(told: History) -> tuple[int, int | None]:
    """(evaluations until the training ends, the best of them), as one would write it down for one's own loop."""
    best, best_at, reference, bad = None, None, None, 0
    judged = told.by(told.best), told.by(told.stop.goal)
    for number, (value, watched) in enumerate(zip(*judged, strict=True), 1):
        if not math.isnan(value) and (best is None or (value > best if told.best.higher else value < best)):
            best, best_at = value, number
        if math.isnan(watched):
            bad += 1
        elif reference is None or (watched - reference if told.stop.goal.higher else reference - watched) > told.stop.min_delta:
            reference, bad = watched, 0
        else:
            bad += 1
        if bad >= told.stop.patience:
            return number, best_at
    return EPOCHS, best_at


@cache
def averaging() -> Program:
    """The small model with a moving average, compiled once for all histories."""
    made = replace(plan(epochs=EPOCHS, checkpoint=Duration(1, "epoch"), keep=20), ema=DECAY)
    return replace(Program.of(Typed({"Deep": made.model}, (made,))), recipe=RECIPE)


@contextmanager
def scripted(number: int) -> Iterator[None]:
    """Evaluations give the values of a history, by the step that they are made at, and its rules judge them."""
    told = history(number)

    def evaluated(program: Any, state: Any, *more: Any) -> dict[str, Any]:
        place = int(state.step) // STEPS - 1
        return {"loss": told.loss[place], "accuracy": told.accuracy[place]}

    def session(program: Program, plan: TrainPlan, *more: Any) -> Session:
        return Session(program, replace(plan, best=told.best, stop=told.stop), *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netspec.train.session.evaluate_feed", evaluated)
        patch.setattr("netspec.train.whole_training.Session", session)
        yield


def train(number: int, out: Path | None = None, resume: bool = False, told: StringIO | None = None) -> Fit:
    made = averaging()
    assert made.plan and made.plan.eval.data
    feeds = feed_from(None, made.plan.data, made.plan.seed), feed_from(None, made.plan.eval.data, made.plan.seed)
    with scripted(number):
        return made.train(*feeds, None, out, resume, Lines(told or StringIO()))


def evaluations(fit: Fit) -> int:
    return sum(r.split != "train" for r in fit.history)


@pytest.mark.parametrize("numbers", [HISTORIES[:3], pytest.param(HISTORIES[3:], marks=pytest.mark.slow)], ids=["three", "others"])
def test_when_a_training_ends_and_its_average_follow_the_transcription(numbers: range) -> None:
    """Twenty random histories."""

    def ends_and_averages(number: int) -> None:
        seen: list[dict[str, Any]] = []
        step = Session._step

        def stepping(self: Session, fed: Any) -> None:
            step(self, fed)
            seen.append({name: np.asarray(leaf, np.float64) for name, leaf in self.state.params.items()})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Session, "_step", stepping)
            patch.setattr(Timetable, "ends", lambda table, step: step + 1)
            fit = train(number)
        require_same(evaluations(fit), transcribed(history(number))[0], "it was evaluated", "by hand")
        require_same(len(seen), STEPS * evaluations(fit), "it took steps", "by hand")
        shares = [DECAY ** (len(seen) - 1 - age) for age in range(len(seen))]
        for name, leaf in fit.program.averaged(fit.state).params.items():
            wanted = sum(share * params[name] for share, params in zip(shares, seen, strict=True)) / sum(shares)
            close(np.asarray(leaf), wanted, rtol=1e-4, atol=1e-5)

    hold([ends_and_averages], *numbers)


def test_the_best_is_that_of_the_transcription() -> None:
    """By the course alone, for all histories and a thousand more."""

    def chooses(number: int) -> None:
        told, course, best = history(number), Course(), None
        ended, best_at = transcribed(told)
        for place in range(EPOCHS):
            before = course
            course = course.after({"loss": told.loss[place], "accuracy": told.accuracy[place]}, told.best, told.stop)
            best = place + 1 if course.best < before.best else best
            if course.stopped:
                break
        require_same((place + 1, best), (ended, best_at), "it ended at, and chose,", "by hand")

    hold([chooses], *range(1020))


def resumes_as_if_nothing_had_happened(number: int, folder: Path) -> None:
    """A history that is killed on its way and resumed, and resumed again when it is over."""
    ended, best = transcribed(history(number))
    whole, cut = folder / f"whole-{number}", folder / f"cut-{number}"
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
    course = Course()
    for place in range(ended):
        values = {"loss": history(number).loss[place], "accuracy": history(number).accuracy[place]}
        course = course.after(values, history(number).best, history(number).stop)
    _, manifest = store.restore(STEPS * ended)
    require_same(
        {name: manifest.facts[name] for name in ("waited", "stopped")},
        {"waited": course.waited, "stopped": course.stopped},
        "it keeps",
        "by hand",
    )
    require_same(steps(cut)[-1], STEPS * ended, "the last checkpoint is", "by hand")


@pytest.mark.parametrize("number", [1, *(pytest.param(number, marks=pytest.mark.slow) for number in HISTORIES if number != 1)])
def test_a_resumed_run_follows_the_transcription(tmp_path: Path, number: int) -> None:
    """Of all twenty; they train, which one of them does in every test run."""
    resumes_as_if_nothing_had_happened(number, tmp_path)


def test_without_a_rule_a_training_goes_on_and_the_lowest_loss_is_the_best() -> None:
    course = Course()
    for value in (3.0, 1.0, math.nan, 2.0):
        course = course.after({"loss": value, "accuracy": 0.5}, Goal(), None)
    assert course == Course(best=1.0)
