"""A run that goes on with another length: what is said, what stays the same, what is refused."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec import files
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import NothingLeftToTrain, RunOfAnotherSpec
from netspec.diagnostics.running.files import WriteFailed
from netspec.library.base import Duration
from netspec.library.optimizers.adam import Adam
from netspec.library.schedules import WarmupCosine
from netspec.record import replace as replace_record
from netspec.train.progress import Silent
from netspec.train.run_folder import open_run
from netspec.train.trainable_model import Program
from tests.train.runs import RECIPE, killed_after, lines, model, plan, steps, tensors, train

STEADY = Adam(learning_rate=0.02)


class Heard(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes += text.split("\n")


def of(epochs: float, **changes: Any) -> Program:
    """The model trained so long, by a recipe that says so."""
    return replace(model(epochs=epochs, **changes), recipe=replace(RECIPE, overrides={"train.duration": f"{epochs:g} epochs"}))


def go_on(run: Path, made: Program) -> list[str]:
    """Train on, and what is said of it."""
    from netspec.train.feed import feed_from

    assert made.plan and made.plan.eval.data
    feeds = feed_from(None, made.plan.data, made.plan.seed), feed_from(None, made.plan.eval.data, made.plan.seed)
    told = Heard()
    made.train(*feeds, None, run, True, told)
    return told.notes


def refused(run: Path, made: Program) -> Any:
    with pytest.raises(Mistake) as caught:
        go_on(run, made)
    return caught.value.diagnostic


def test_a_finished_run_goes_on_to_what_a_longer_one_has_at_once(tmp_path: Path) -> None:
    train(tmp_path / "run", of(1, optimizer=STEADY))
    notes = go_on(tmp_path / "run", of(2, optimizer=STEADY))
    assert notes == [
        "duration: 2 epochs in place of 1 epoch (12 steps, 6 before); the run goes on behind step 6",
        "  learning_rate of adam: 0.02 at every step, as before",
    ]
    train(tmp_path / "whole", of(2, optimizer=STEADY))
    assert tensors(tmp_path / "run") == tensors(tmp_path / "whole")
    assert lines(tmp_path / "run") == lines(tmp_path / "whole")
    settings = open_run(tmp_path / "run").settings
    assert (settings["duration"], [e["until"] for e in settings["earlier"]]) == ((2, "epoch"), [6])


@pytest.mark.slow
def test_what_a_schedule_does_is_said_and_a_kill_in_between_changes_no_bit(tmp_path: Path) -> None:
    for name in ("run", "other"):
        train(tmp_path / name, of(1))
    notes = go_on(tmp_path / "other", of(2))
    assert notes[1].startswith("  learning_rate of adam: warmup_cosine(0.02, warmup=3 steps) is drawn anew along 12 steps: ")
    assert "at the next step, where the one before had" in notes[1]
    with killed_after(10):
        go_on(tmp_path / "run", of(2))
    assert go_on(tmp_path / "run", of(2)) == []
    assert (tensors(tmp_path / "run"), lines(tmp_path / "run")) == (tensors(tmp_path / "other"), lines(tmp_path / "other"))


@pytest.mark.slow
def test_a_run_may_become_shorter_than_it_was_to_be_but_not_than_it_is(tmp_path: Path) -> None:
    with killed_after(9):
        train(tmp_path / "run", of(3))
    before = (tmp_path / "run" / "settings.json").read_text()
    assert refused(tmp_path / "run", of(1)) == NothingLeftToTrain(run=str(tmp_path / "run"), step=8, duration="1 epoch", steps=6)
    assert (tmp_path / "run" / "settings.json").read_text() == before
    assert go_on(tmp_path / "run", of(2))[0].startswith("duration: 2 epochs in place of 3 epochs (12 steps, 18 before)")
    assert steps(tmp_path / "run")[-1] == 12


@pytest.mark.slow
def test_a_schedule_that_does_not_end_with_the_training_goes_on_as_it_was(tmp_path: Path) -> None:
    rule = Adam(learning_rate=WarmupCosine(peak=0.02, warmup=Duration(3, "step"), duration=Duration(30, "step")))
    with killed_after(9):
        train(tmp_path / "run", of(3, optimizer=rule))
    notes = go_on(tmp_path / "run", of(2, optimizer=rule))
    assert "goes on as it was: " in notes[-1]


def test_a_new_text_is_kept_beside_the_old_one(tmp_path: Path) -> None:
    train(tmp_path / "run", of(1))
    text = RECIPE.text + "# longer\n"
    go_on(tmp_path / "run", replace(of(2), recipe=replace(RECIPE, text=text)))
    run = open_run(tmp_path / "run")
    assert run.recipe.text == text and (tmp_path / "run" / "spec.net").read_text() == RECIPE.text
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["spec"] == "spec.2.net"


def test_the_same_meaning_in_other_words_goes_on_and_changes_nothing(tmp_path: Path) -> None:
    with killed_after(5):
        train(tmp_path / "run", of(1))
    before = (tmp_path / "run" / "settings.json").read_text()
    assert go_on(tmp_path / "run", replace(of(1), recipe=replace(RECIPE, text=RECIPE.text + "# a comment\n"))) == []
    assert (tmp_path / "run" / "settings.json").read_text() == before and plan().duration.count == 3


def test_anything_else_is_another_spec(tmp_path: Path) -> None:
    train(tmp_path / "run", of(1))
    found = refused(tmp_path / "run", of(2, optimizer=STEADY))
    assert isinstance(found, RunOfAnotherSpec) and found.differences == ("train.duration: was 1 epochs, is 2 epochs",)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spec.2.net", "settings.json"])
def test_a_full_disk_while_the_length_changes_leaves_the_run_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    train(tmp_path / "run", of(1))
    before, original = (tmp_path / "run" / "settings.json").read_text(), files.write_all

    def write(descriptor: int, data: bytes) -> None:
        if data.startswith({"spec.2.net": b"netspec", "settings.json": b"{\n"}[name]):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(descriptor, data)

    monkeypatch.setattr(files, "write_all", write)
    longer = replace(of(2), recipe=replace(RECIPE, text=RECIPE.text + "# longer\n"))
    problem = refused(tmp_path / "run", longer)
    assert isinstance(problem, WriteFailed) and problem.path == str(tmp_path / "run" / name)
    assert (tmp_path / "run" / "settings.json").read_text() == before
    monkeypatch.undo()
    go_on(tmp_path / "run", longer)
    assert steps(tmp_path / "run")[-1] == 12


def test_kept_multiples_are_saved_where_nothing_else_is_due(tmp_path: Path) -> None:
    made = model(epochs=3, keep=1, checkpoint=Duration(100, "step"))
    assert made.plan
    kept = replace(made, plan=replace_record(made.plan, checkpoint=replace_record(made.plan.checkpoint, keep_every=Duration(7, "step"))))
    train(tmp_path / "run", kept)
    assert {7, 14, 18} <= set(steps(tmp_path / "run"))


def test_the_setting_in_a_spec() -> None:
    text = (
        "netspec 1\nmodel M { input x: f32[B, 3]; output y = x -> dense(3) }\n"
        "train M { data = arrays(fields={x: f32[3]}) -> batch(4); loss = mean(y); optimizer = sgd(0.1); duration = 9 epochs; "
        "checkpoint { keep = 2; keep_every = KEPT } }\n"
    )
    checked = netspec.check(text.replace("KEPT", "3 epochs"))
    assert checked.typed and checked.typed.trains[0].checkpoint.keep_every == Duration(3, "epoch")
    assert checked.typed.trains[0].settings["checkpoint.keep_every"] == "3 epochs"
    assert [p.slug() for p in netspec.check(text.replace("KEPT", "3")).problems] == ["bad-setting"]
