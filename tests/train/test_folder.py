"""Run folders: what is refused, and what is kept."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netspec.cli.main import main
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.checkpoints import (
    CheckpointDamaged,
    CheckpointMismatch,
    CheckpointTooNew,
    NoSuchCheckpoint,
    NotARun,
    RunFileDamaged,
    RunOfAnotherSpec,
    RunOfMean,
    TooFewCheckpoints,
)
from netspec.diagnostics.running.files import AlreadyExists
from netspec.diagnostics.spec_error import SpecError
from netspec.train.checkpoint_average import average_last, write_run
from netspec.train.checkpoint_store import Store
from netspec.train.recipe import Recipe, changes
from netspec.train.run_folder import find_free, open_run
from tests.lower.models import deep
from tests.train.runs import RECIPE, killed_after, model, opened, steps, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train(out)
    return out


def problem(out: Path, recipe: Recipe = RECIPE, resume: bool = True, **changes: Any) -> Diagnostic:
    with pytest.raises(Mistake) as caught:
        train(out, replace(model(**changes), recipe=recipe), resume)
    return caught.value.diagnostic


def load_problem(run: Path, which: str | int = "best") -> Diagnostic:
    with pytest.raises(SpecError) as caught:
        opened(run, which)
    return caught.value.diagnostics[0]


def test_a_run_is_not_overwritten(run: Path) -> None:
    found = problem(run, resume=False)
    assert isinstance(found, AlreadyExists) and found.path == str(run) and "--resume" in (found.help() or "")


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert train(tmp_path / "run", model(epochs=1)).run == tmp_path / "run"


def test_the_spec_is_kept_letter_by_letter(run: Path) -> None:
    assert (run / "spec.net").read_text() == RECIPE.text


def test_the_settings_tell_where_each_value_came_from(run: Path) -> None:
    assert json.loads((run / "settings.json").read_text())["settings"] == {"duration": {"value": "3 epochs", "origin": "default"}}


def test_another_text_is_another_spec(run: Path) -> None:
    found = problem(run, replace(RECIPE, text=RECIPE.text.replace("Points", "Dots")), keep=7)
    assert found == RunOfAnotherSpec(run=str(run), differences=("-model Points { }", "+model Dots { }"))
    assert "model Dots" in found.message()


def test_another_setting_on_the_command_line_is_another_spec(run: Path) -> None:
    found = problem(run, replace(RECIPE, overrides={"train.checkpoint.keep": "7"}), keep=7)
    assert found == RunOfAnotherSpec(run=str(run), differences=("train.checkpoint.keep: was not set, is 7",))


def test_the_same_spec_at_another_place_is_the_same(run: Path) -> None:
    assert train(run, replace(model(), recipe=replace(RECIPE, path="elsewhere/points.net")), resume=True).stop.exit_code == 0


@pytest.mark.parametrize("inside", [False, True], ids=["a new folder", "an empty folder"])
def test_nothing_goes_on_from_a_mean_of_checkpoints(run: Path, inside: bool, tmp_path: Path) -> None:
    """It would be a run that nobody can train again: the next thing to type begins one with its weights."""
    opened_run, mean = open_run(run), tmp_path / "mean"
    if inside:
        mean.mkdir()
    chosen = average_last(opened_run, 2)
    write_run(opened_run, mean, *chosen)
    before = sorted(path for path in mean.rglob("*") if path.is_file())
    found = problem(mean)
    (mean / ".lock").unlink()
    assert found == RunOfMean(run=str(mean), steps=chosen[0], spec="points.net") and len(chosen[0]) == 2
    assert f"netspec train points.net --init-from {mean}" in str(found.help())
    assert sorted(path for path in mean.rglob("*") if path.is_file()) == before and opened(mean).step == chosen[0][-1]


def test_a_checkpoint_that_is_removed_while_a_mean_is_made_is_none_of_it(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the process that trains into the run; one that is damaged and stays is told."""
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    first, last = steps(copy)
    original = Store.restore

    def restore(store: Store, step: int) -> Any:
        shutil.rmtree(store.path(first), ignore_errors=True)
        return original(store, step)

    monkeypatch.setattr(Store, "restore", restore)
    assert mean_problem(copy) == TooFewCheckpoints(run=str(copy), wanted=2, steps=(last,))
    monkeypatch.undo()
    shutil.copytree(run / "checkpoints" / str(first), copy / "checkpoints" / str(first))
    (copy / "checkpoints" / str(first) / "manifest.json").write_text("{}")
    assert isinstance(mean_problem(copy), CheckpointDamaged)


def test_what_a_killed_prune_has_left_is_cleared_away_by_the_next(run: Path, tmp_path: Path) -> None:
    """It renames a checkpoint before it removes what is in it."""
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    first, last = steps(copy)
    gone = (copy / "checkpoints" / str(first)).rename(copy / "checkpoints" / f".{first}.gone")
    (gone / "manifest.json").unlink()
    assert steps(copy) == [last] and main(["checkpoints", str(copy), "--prune", "1"]) == 0
    assert [path.name for path in (copy / "checkpoints").iterdir()] == [str(last)]


def mean_problem(run: Path) -> Diagnostic:
    with pytest.raises(Mistake) as caught:
        average_last(open_run(run), 2)
    return caught.value.diagnostic


def test_what_changed_is_listed_settings_first() -> None:
    before, after = Recipe("a\nb\n", "", {"x": "1", "y": "2"}), Recipe("a\nc\n", "", {"x": "3", "z": "4"}, "T")
    assert changes(before, after) == (
        "x: was 1, is 3", "y: was 2, is not set", "z: was not set, is 4", "train section: was the first, is T", "-b", "+c",
    )  # fmt: skip


def test_a_spec_changed_inside_the_run_is_refused(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    settings = json.loads((copy / "settings.json").read_text())
    (copy / "settings.json").write_text(json.dumps({**settings, "overrides": {"rate": "0.9"}}))
    assert isinstance(load_problem(copy), RunOfAnotherSpec)


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert problem(tmp_path) == NotARun(path=str(tmp_path), finding="it holds `notes.txt`, but no `settings.json`")
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_checkpoint_that_is_not_there(run: Path) -> None:
    assert load_problem(run, 7) == NoSuchCheckpoint(run=str(run), which="7", steps=tuple(steps(run)))
    assert load_problem(run, "bset") == NoSuchCheckpoint(run=str(run), which="bset", steps=tuple(steps(run)))


def test_a_run_without_any_checkpoint(tmp_path: Path) -> None:
    with killed_after(1):
        train(tmp_path / "run")
    assert load_problem(tmp_path / "run") == NoSuchCheckpoint(run=str(tmp_path / "run"), which="best", steps=())


COMPLETE = {"format": 1, "spec": "spec.net", "overrides": {}, "train": None, "data": None}


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ("{", "line 1, column 2: it is no JSON (expecting property name enclosed in double quotes)"),
        ("[]", ": it is a list, not an object"),
        ('{"format": 1}', ": `spec` is missing"),
        (json.dumps(COMPLETE | {"overrides": 3}), "/overrides: it is 3, not an object"),
        (json.dumps(COMPLETE | {"overrides": {"rate": 0.1}}), "/overrides/rate: it is 0.1, not a text"),
        (json.dumps(COMPLETE | {"imports": ["parts.net"]}), "/imports: it is a list, not an object"),
        (json.dumps(COMPLETE | {"format": True}), "/format: it is true, not a whole number"),
        (json.dumps(COMPLETE | {"format": 0}), "/format: it is 0, a format that never was"),
        (json.dumps(COMPLETE | {"more": 0}), ": `more` does not belong there"),
        (json.dumps(COMPLETE | {"spec": "../spec.net"}), '/spec: it is "../spec.net", which has not the form that was written'),
        (json.dumps(COMPLETE | {"data": "a\0b"}), "/data: it holds the character NUL"),
        (json.dumps(COMPLETE | {"train": "\ud800"}), "/train: it holds half a character (a lone surrogate)"),
        (json.dumps(COMPLETE)[:-1] + ', "train": null}', ': an object has the key "train" twice'),
        (json.dumps(COMPLETE | {"format": math.nan}), ": it holds NaN, which JSON does not know"),
        ("[" * 100_000, ": its lists or objects lie too deep inside one another"),
        ("9" * 10_000, ": it holds a number of too many digits"),
    ],
)
def test_broken_settings(tmp_path: Path, content: str, finding: str) -> None:
    (tmp_path / "settings.json").write_text(content)
    place, _, finding = finding.partition(": ")
    assert load_problem(tmp_path) == RunFileDamaged(path=str(tmp_path / "settings.json"), place=place, finding=finding)


def test_a_spec_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps(COMPLETE))
    (tmp_path / "spec.net").write_bytes(b"\xff")
    assert load_problem(tmp_path) == RunFileDamaged(path=str(tmp_path / "spec.net"), place="byte 0", finding="it is no UTF-8 text")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert load_problem(tmp_path / "run") == NotARun(path=str(tmp_path / "run"), finding="there is no such folder")


def test_a_run_of_a_newer_netspec(tmp_path: Path) -> None:
    settings = {"format": 2, "spec": "spec.net", "overrides": {}, "train": None, "data": None}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    assert load_problem(tmp_path) == CheckpointTooNew(path=str(tmp_path), format=2, known=1)


def test_a_program_with_other_tensors_lists_them(run: Path) -> None:
    from netspec.train.checkpoint_contents import restore_checkpoint
    from netspec.train.run_folder import open_run as folder_at
    from netspec.train.trainable_model import Program
    from tests.lower.models import program

    other: Program = program(deep(2, width=7))  # type: ignore[assignment]
    with pytest.raises(Mistake) as caught:
        restore_checkpoint(other, folder_at(run), steps(run)[-1])
    found = caught.value.diagnostic
    assert isinstance(found, CheckpointMismatch)
    assert ".params['dense_0/kernel']: is float32[4, 6], should be float32[4, 7]" in found.differences
    assert any(d.startswith("not known: .optimizer") for d in found.differences)


def test_the_first_free_number(tmp_path: Path) -> None:
    assert find_free("M", tmp_path) == tmp_path / "M-1"
    (tmp_path / "M-1").mkdir()
    (tmp_path / "M-2").touch()
    assert find_free("M", tmp_path) == tmp_path / "M-3"
