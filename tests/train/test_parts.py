"""Tensors, locks, run folders and what is resumed."""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from netspec.diagnostics.running.checkpoints import NotARun, RunFileDamaged, RunInUse, RunOfAnotherSpec
from netspec.diagnostics.running.files import AlreadyExists, WriteFailed
from netspec.train import leaves, run_lock
from netspec.train.batch_stream import Position
from netspec.train.checkpoint_contents import Resumed, _read_resumed, copy_tensors, facts_of, restore_checkpoint
from netspec.train.early_stopping import Course
from netspec.train.leaves import Leaf, describe_leaves, differences, flat_names, flatten_tree, read_leaves, unflatten_tree
from netspec.train.manifest import Manifest, read
from netspec.train.recipe import Recipe
from netspec.train.run_folder import RunFolder, find_free, open_run, start_run
from tests.train import older
from tests.train.checkpoints import _inside, problem, save
from tests.train.runs import RECIPE, plan


def test_trees_and_lists() -> None:
    tree = {"b": (np.int32(1), np.zeros((2, 3), np.float32)), "a": {"x/y": np.ones(4, bool)}}
    arrays = flatten_tree(tree)
    assert list(arrays) == flat_names(tree) == ["['a']['x/y']", "['b'][0]", "['b'][1]"]
    again = unflatten_tree(tree, dict(reversed(arrays.items())))
    assert jax.tree.structure(again) == jax.tree.structure(tree) and flatten_tree(again).keys() == arrays.keys()
    assert all(np.array_equal(flatten_tree(again)[name], arrays[name]) for name in arrays)
    assert [str(leaf) for leaf in describe_leaves(arrays)] == ["bool[4]", "int32[]", "float32[2, 3]"]


def test_what_keeps_tensors_from_being_used() -> None:
    ours = (Leaf("a", "float32", (2,)), Leaf("b", "int32", ()), Leaf("c", "bool", (1,)))
    theirs = (Leaf("c", "bool", (1,)), Leaf("a", "float32", (3,)), Leaf("d", "bool", ()))
    assert differences(ours, theirs) == ("missing: b int32[]", "not known: d bool[]", "a: is float32[3], should be float32[2]")
    assert differences(ours, ours[::-1]) == ()


def test_tensors_without_elements_and_without_axes(tmp_path: Path) -> None:
    import ml_dtypes

    arrays = {"none": np.zeros((0, 2), np.int8), "one": np.array(2.5), "half": np.array([[1.5]], ml_dtypes.bfloat16), "last": np.zeros(0)}
    older.write_leaves(tmp_path / "t", list(arrays.values()))
    found = read_leaves(tmp_path / "t", describe_leaves(arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape, found[name].tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_orbax_is_quiet_for_that_moment_only() -> None:
    logger = logging.getLogger("absl")
    before = logger.level
    with pytest.raises(KeyError), leaves._quieten_orbax():
        assert not logger.isEnabledFor(logging.CRITICAL)
        raise KeyError
    assert logger.level == before


def test_only_the_echo_of_a_closed_loop_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    before = sys.unraisablehook
    events = [
        SimpleNamespace(exc_value=error)
        for error in (RuntimeError("Event loop is closed"), RuntimeError("other"), ValueError("Event loop is closed"))
    ]
    with leaves._ignore_late_news():
        for event in events:
            sys.unraisablehook(event)  # type: ignore[arg-type]
    assert heard == events[1:] and sys.unraisablehook == before


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    def open_locks() -> int:
        return sum(_inside(fd, tmp_path) for fd in os.listdir("/proc/self/fd"))

    for _ in range(2):
        with run_lock.hold_lock(tmp_path):
            assert problem(lambda: run_lock.hold_lock(tmp_path).__enter__()) == RunInUse(run=str(tmp_path))
            assert open_locks() == 1
        assert open_locks() == 0
    assert os.listdir(tmp_path) == [run_lock.NAME]
    with pytest.raises(KeyError), run_lock.hold_lock(tmp_path):
        raise KeyError
    with run_lock.hold_lock(tmp_path):
        pass


def test_a_folder_that_takes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    found = problem(lambda: run_lock.hold_lock(gone).__enter__())
    assert found == WriteFailed(path=str(gone / ".lock"), step="locking the run folder", reason="No such file or directory")

    def unsupported(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(run_lock, "fcntl", SimpleNamespace(flock=unsupported, LOCK_EX=2, LOCK_NB=4))
    with run_lock.hold_lock(tmp_path), run_lock.hold_lock(tmp_path):
        pass
    monkeypatch.setattr(run_lock, "fcntl", None)
    with run_lock.hold_lock(tmp_path), run_lock.hold_lock(tmp_path):
        pass


def test_a_new_run_holds_its_spec_and_settings(tmp_path: Path) -> None:
    recipe = Recipe("netspec 1\n", "here/there.json", {"rate": "0.5"}, "T", {"a.net": "netspec 1\n"})
    made = start_run(tmp_path / "run", recipe, plan(keep=5), tmp_path / "data", resume=False)
    assert sorted(os.listdir(tmp_path / "run")) == ["settings.json", "spec.json"]
    assert (made.keep, made.store.keep, made.data, made.log.path) == (5, 5, tmp_path / "data", tmp_path / "run" / "metrics.jsonl")
    assert made.store.folder == tmp_path / "run" / "checkpoints"
    found = open_run(tmp_path / "run")
    assert found.recipe.digest == recipe.digest and found.recipe.path == str(tmp_path / "run" / "spec.json")
    assert found.settings == made.settings and found.data == tmp_path / "data" and found.keep == 1
    assert found.settings["settings"] == {"duration": {"value": "3 epochs", "origin": "default"}}
    assert (found.settings["format"], found.settings["written_at"]) == (1, "here/there.json")
    again = start_run(tmp_path / "run", recipe, plan(keep=4), None, resume=True)
    assert again.keep == 4 and again.data == tmp_path / "data" and again.recipe == found.recipe
    other = Recipe("netspec 1\n", "there.json", {}, "T", {"a.net": "netspec 1\n"})
    assert isinstance(problem(lambda: start_run(tmp_path / "run", other, plan(), None, resume=True)), RunOfAnotherSpec)
    assert isinstance(problem(lambda: start_run(tmp_path / "run", recipe, plan(), None, resume=False)), AlreadyExists)


def test_a_folder_is_taken_only_if_it_is_ours(tmp_path: Path) -> None:
    for name in ("spec.net", ".lock", ".settings.json.1.tmp"):
        (tmp_path / name).touch()
    assert start_run(tmp_path, RECIPE, plan(), None, resume=True).data is None
    for name in ("spec.json", "z"):
        other = tmp_path / "of" / name
        other.mkdir(parents=True)
        (other / name).touch()
        (other / "zz").touch()
        assert problem(lambda other=other: start_run(other, RECIPE, plan(), None, resume=True)) == NotARun(
            path=str(other), finding=f"it holds `{name}`, but no `settings.json`"
        )


GOOD: dict[str, Any] = {"format": 1, "spec": "spec.net", "overrides": {}, "train": None, "data": None}


@pytest.mark.parametrize(("name", "value"), [("format", "1"), ("spec", None), ("overrides", []), ("train", 1), ("data", 1)])
def test_settings_of_the_wrong_kind(tmp_path: Path, name: str, value: Any) -> None:
    (tmp_path / "spec.net").write_text("netspec 1\n")
    for settings in (GOOD | {name: value}, {k: v for k, v in GOOD.items() if k != name}):
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        found = problem(lambda: open_run(tmp_path))
        assert isinstance(found, RunFileDamaged) and found.path == str(tmp_path / "settings.json")
        assert name in (found.place + found.finding)
    (tmp_path / "settings.json").write_text(json.dumps(GOOD | {"train": "T", "data": "d"}))
    found = open_run(tmp_path)
    assert (found.recipe.text, found.recipe.imports, found.recipe.train, found.data) == ("netspec 1\n", {}, "T", Path("d"))


def test_deep_and_missing_settings(tmp_path: Path) -> None:
    assert problem(lambda: open_run(tmp_path)) == NotARun(path=str(tmp_path), finding="it has no `settings.json`")
    (tmp_path / "settings.json").write_text("[" * 100_000)
    assert problem(lambda: open_run(tmp_path)) == RunFileDamaged(
        path=str(tmp_path / "settings.json"), finding="its lists or objects lie too deep inside one another"
    )


def test_the_first_free_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_free("M") == Path("runs/M-1")
    (tmp_path / "runs" / "M-1").mkdir(parents=True)
    (tmp_path / "runs" / "M-2").symlink_to("nowhere")
    assert find_free("M") == Path("runs/M-3") and RunFolder(tmp_path, RECIPE, GOOD).keep == 1


def test_what_is_known_of_a_run_cannot_be_changed(checkpoint: Path) -> None:
    made = opened_run(checkpoint.parent.parent)
    for record, name in (
        (made, "keep"),
        (made.store, "keep"),
        (read(checkpoint), "step"),
        (Leaf("a", "bool", ()), "name"),
        (Resumed(0), "course"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, 3)


def opened_run(folder: Path) -> RunFolder:
    (folder / "spec.net").write_text("netspec 1\n")
    (folder / "settings.json").write_text(json.dumps(GOOD))
    return open_run(folder)


COURSE = Course(0.25, 0.3, 2, True)


def test_facts_are_numbers_or_absent() -> None:
    facts = facts_of(Position(4, 1, 2), 5, 3, 0.5, COURSE, 1.5)
    went = {"best": 0.25, "reached": 0.3, "waited": 2, "stopped": True}
    assert facts == {"step": 4, "epoch": 1, "batch": 2, "seed": 5, "evaluated": 3, "score": 0.5, **went, "seconds": 1.5}
    for score, best in ((None, math.inf), (math.nan, math.nan), (math.inf, -math.inf)):
        facts = facts_of(Position(), 0, 0, score, Course(best), 0.0)
        assert (facts["score"], facts["best"], facts["reached"]) == (None, None, None)
    assert facts_of(Position(), 0, 0, 0.0, Course(), 0.0)["score"] == 0.0


def test_where_a_session_goes_on() -> None:
    facts = facts_of(Position(4, 1, 2), 5, 3, 0.5, COURSE, 1.5)
    found = _read_resumed("state", [np.ones(1)], Manifest(4, "digest", (), facts, {}))
    assert (found.state, found.position, found.evaluated, found.score, found.course) == ("state", Position(4, 1, 2), 3, 0.5, COURSE)
    assert (found.saved, found.seconds) == ((4, 3), 1.5) and found.statistics is not None and len(found.statistics) == 1
    fresh = _read_resumed("state", [], Manifest(4, "digest", (), facts | {"best": None, "score": None}, {}))
    assert (fresh.statistics, fresh.course.best, fresh.score) == (None, math.inf, None)
    empty = Resumed("state")
    assert (empty.position, empty.statistics, empty.evaluated, empty.saved, empty.seconds) == (Position(), None, 0, None, 0.0)
    assert (empty.score, empty.course) == (None, Course())


def test_a_checkpoint_of_another_spec_is_refused_before_its_tensors_are_looked_at(tmp_path: Path) -> None:
    run = opened_run(tmp_path)
    save(run.store, 3)
    found = problem(lambda: restore_checkpoint(None, run, 3))  # type: ignore[arg-type]
    digests = f"checkpoint 3 belongs to a spec with the digest 555555555555, the folder's has {run.recipe.digest[:12]}"
    assert found == RunOfAnotherSpec(run=str(tmp_path), differences=(digests,))


def test_state_and_sums_are_told_apart_by_their_names() -> None:
    names = copy_tensors({"w": np.ones(2)}, [np.zeros(1), np.ones(3)])
    assert {name: array.shape for name, array in names.items()} == {"['w']": (2,), "statistics/0": (1,), "statistics/1": (3,)}
