"""When lines, evaluations and checkpoints are due in short epochs of small steps, where the spec leaves it open."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from netspec.compile import compile
from netspec.files import models_dir
from netspec.ir import TrainPlan
from netspec.train.light_steps import FLOPS, NUMBERS, PARAMETERS, is_light
from netspec.train.progress import Lines
from netspec.train.run_folder import RunFolder
from netspec.train.timetable import APART, SAVED_APART, Timetable, describe_apart, timetable
from tests.train.runs import RECIPE, steps

SPEC = """netspec 1
model M {{ input x: f32[B, {inputs}]; output y = x -> dense({hidden}) -> relu -> dense(1) }}
train M {{
  data = synthetic(fields={{x: f32[{inputs}], t: f32[1]}}, count={examples}) -> batch(8)
  loss = mean_squared_error(y, t)
  optimizer = sgd(0.01)
  duration = 5_000 steps
  {more}
}}
"""


def plan(more: str = "", inputs: int = 4, hidden: int = 8, examples: int = 80) -> TrainPlan:
    found = compile(SPEC.format(more=more, inputs=inputs, hidden=hidden, examples=examples)).plan
    assert found is not None
    return found


def due(table: Timetable, within: int) -> tuple[list[int], list[int], list[int]]:
    """The steps with a line, an evaluation and a checkpoint."""
    looked_at = range(1, within + 1)
    asked = (table.log_due, table.evaluation_due, table.checkpoint_due)
    return tuple([step for step in looked_at if is_due(step)] for is_due in asked)  # type: ignore[return-value]


def test_short_epochs_of_small_steps_go_together() -> None:
    for length, apart in ((1, 100), (3, 102), (4, 100), (5, 5), (49, 49), (50, 50), (130, 130)):
        lines, evaluations, checkpoints = due(timetable(plan(), length), 2_500)
        assert lines == evaluations == list(range(apart, 2_501, apart)), length
        saved = -(-SAVED_APART // apart) * apart
        assert checkpoints == list(range(saved, 2_501, saved)) and set(checkpoints) <= set(evaluations), length
    whole = timetable(plan(), 1_200)
    assert due(whole, 2_500) == ([1_000, 1_200, 2_200, 2_400], [1_200, 2_400], [1_200, 2_400])


def test_everything_is_due_at_the_end() -> None:
    table = timetable(plan(), 1)
    assert table.log_due(5_000) and table.evaluation_due(5_000) and table.checkpoint_due(5_000)
    few = timetable(replace(plan(), duration=replace(plan().duration, count=20.0)), 1)
    assert due(few, 20) == ([*range(1, 21)], [*range(1, 21)], [20]), "no fewer than twenty lines"


@pytest.mark.parametrize(
    ("more", "evaluations", "checkpoints"),
    [
        ("eval { every = 1 epoch }", 1, 1),
        ("eval { every = 3 steps }", 3, 3),
        ("checkpoint { every = 2 steps }", APART, 2),
        ("eval { every = 1 epoch }; checkpoint { every = 9 steps }", 1, 9),
        ("stop { patience = 3 }", 1, 1),
        ("eval { limit = 2 steps }; checkpoint { keep = 2 }", APART, SAVED_APART),
    ],
)
def test_what_the_spec_says_is_done(more: str, evaluations: int, checkpoints: int) -> None:
    table = timetable(plan(more), 1)
    assert (table.evaluate, table.checkpoint) == (evaluations, checkpoints)
    assert all(table.log_due(step) for step in range(evaluations, 200, evaluations)), "each evaluation has a line beside it"


def test_steps_that_are_not_small_have_all_of_it_at_each_epoch() -> None:
    light = plan()
    assert is_light(light)
    heavy = {
        "flops": plan(inputs=250, hidden=int(FLOPS / 8 / 500) + 1),
        "parameters": plan(hidden=PARAMETERS // 6 + 1),
        "numbers": plan(inputs=NUMBERS // 8 + 1, hidden=1),
        "batches that count as one": plan("accumulate = 5_000"),
    }
    for name, found in heavy.items():
        assert not is_light(found), name
        table = timetable(found, 2)
        assert (table.lines, table.evaluate, table.checkpoint) == (2, 2, 2), name
        assert describe_apart(found, table) == "", name


def test_karate_is_light_and_digits_are_not() -> None:
    found = {name: compile(models_dir() / f"{name}.net").plan for name in ("karate", "karate_gcn", "digits")}
    assert {name: is_light(own) for name, own in found.items() if own} == {"karate": True, "karate_gcn": True, "digits": False}


def test_a_run_says_so_and_saves_the_best_and_the_last(tmp_path: Path) -> None:
    made = compile(models_dir() / "karate.net", set={"train.duration": "120 steps"})
    feeds, told = made.feeds(None, None, None), StringIO()
    made.train(feeds.train, feeds.validation, None, tmp_path / "run", False, Lines(told))
    note = "an epoch is 1 small step: lines and evaluations are 6 epochs apart, checkpoints 1,002 epochs or at a new best"
    assert note in told.getvalue()
    records = RunFolder(tmp_path / "run", RECIPE, {}).log.records()
    assert [(r.step, r.split) for r in records] == [(step, split) for step in range(6, 121, 6) for split in ("train", "eval")]
    best = min((r.loss, r.step) for r in records if r.split == "eval")[1]
    assert {best, 120} <= set(steps(tmp_path / "run")) <= {*range(6, 121, 6)}
