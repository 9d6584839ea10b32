"""The parts of a checkpoint one by one: which damage is found and how it is named, which checkpoints stay, who may hold a run."""

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

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.checkpoint import CheckpointDamaged, CheckpointTooNew, NoSuchCheckpoint, NotARun, RunInUse, RunOfAnotherSpec
from netspec.diagnostics.environment import AlreadyExists, WriteFailed
from netspec.train import leaves, lock, manifest, store
from netspec.train.folder import RunFolder, next_free, opened, started
from netspec.train.leaves import Leaf, described, differences, flat, flat_names, read_leaves, unflat, write_leaves
from netspec.train.manifest import Manifest, files_of, read, verified, written
from netspec.train.recipe import Recipe
from netspec.train.restore import Resumed, _resumed, facts_of, restored, tensors_of
from netspec.train.store import Store
from netspec.train.stream import Position
from tests.train.runs import RECIPE, plan

ONE = {"a": np.arange(3, dtype=np.float32)}


def problem(run: Any) -> Diagnostic:
    with pytest.raises(Mistake) as caught:
        run()
    return caught.value.diagnostic


def damage(run: Any) -> str:
    found = problem(run)
    assert isinstance(found, CheckpointDamaged)
    return f"{Path(found.path).name}: {found.finding}"


# ---- the manifest ------------------------------------------------------------------------------------------------------
@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of two files, one of them in a folder, made without Orbax."""
    folder = tmp_path / "run" / "checkpoints" / "7"
    (folder / "tensors").mkdir(parents=True)
    (folder / "first").write_bytes(b"x" * 1234)
    (folder / "tensors" / manifest.NAME).write_bytes(b"not the manifest")
    content = Manifest(7, "digest", (Leaf("w", "float32", (2, 3)),), {"epoch": 1}, files_of(folder))
    (folder / manifest.NAME).write_bytes(written(content))
    return folder


def rewrite(checkpoint: Path, **changes: Any) -> None:
    """Another manifest with a digest that fits."""
    body = json.loads((checkpoint / manifest.NAME).read_bytes()) | changes
    (checkpoint / manifest.NAME).write_bytes(manifest._text({**body, "digest": manifest._digest(body)}))


def test_a_manifest_comes_back_as_it_was_written(checkpoint: Path) -> None:
    found = verified(checkpoint)
    assert found == read(checkpoint)
    assert (found.step, found.spec, found.facts, found.leaves) == (7, "digest", {"epoch": 1}, (Leaf("w", "float32", (2, 3)),))
    assert list(found.files) == ["first", "tensors/manifest.json"] and found.files["first"][0] == 1234
    assert written(found) == (checkpoint / manifest.NAME).read_bytes()
    assert manifest.MAX_BYTES == 64 * 2**20


def test_the_text_of_a_manifest_never_changes() -> None:
    """Checkpoints of older versions are compared letter by letter with what would be written today."""
    text = written(Manifest(7, "d", (Leaf("w", "float32", (2,)),), {"epoch": 1}, {"t/f": (3, "ab")})).decode()
    body = text.replace("\n", "").replace(" ", "")
    digest = json.loads(text)["digest"]
    assert (
        text.startswith('{\n "digest": "')
        and text.endswith("\n}\n")
        and ' "files": {\n  "t/f": [\n   3,\n   "ab"\n  ]\n },\n "format": 1,' in text
    )
    assert body == (
        f'{{"digest":"{digest}","facts":{{"epoch":1}},"files":{{"t/f":[3,"ab"]}},"format":1,'
        '"leaves":[["w","float32",[2]]],"spec":"d","step":7}'
    )


def test_files_that_differ_are_named(checkpoint: Path) -> None:
    first = checkpoint / "first"
    first.write_bytes(b"y" * 1234)
    assert damage(lambda: verified(checkpoint)) == "first: its SHA-256 differs from the manifest's"
    first.write_bytes(b"x" * 1235)
    assert damage(lambda: verified(checkpoint)) == "first: it has 1,235 bytes instead of 1,234"
    first.write_bytes(b"x" * 1233)
    assert damage(lambda: verified(checkpoint)) == "first: it has 1,233 bytes instead of 1,234"
    first.unlink()
    assert damage(lambda: verified(checkpoint)) == "first: it is missing"
    first.write_bytes(b"x" * 1234)
    verified(checkpoint)
    (checkpoint / "tensors" / "more").touch()
    assert damage(lambda: verified(checkpoint)) == "more: the manifest does not know it"
    read(checkpoint)


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe"])
def test_what_is_no_plain_file_is_damage(checkpoint: Path, tmp_path: Path, kind: str) -> None:
    strange = checkpoint / "strange"
    if kind == "pipe":
        os.mkfifo(strange)
    else:
        strange.symlink_to(checkpoint / "first" if kind == "link" else checkpoint / "tensors")
    found = problem(lambda: verified(checkpoint))
    assert isinstance(found, CheckpointDamaged)
    assert (found.path, found.folder) == (str(strange), str(checkpoint)) and "link or a special file" in found.finding
    assert "link or a special file" in damage(lambda: files_of(checkpoint))


def test_a_manifest_is_not_used_unless_it_is_letter_by_letter_its_own(checkpoint: Path) -> None:
    path = checkpoint / manifest.NAME
    text = path.read_bytes()
    for changed, finding in (
        (text + b" ", "its own digest does not fit its content"),
        (text.replace(b'"step": 7', b'"step": 8'), "its own digest does not fit its content"),
        (text.replace(b'"step": 7', b'"step":  7'), "its own digest does not fit its content"),
        (b"[1]\n", "its own digest does not fit its content"),
        (b"{}\n", "its own digest does not fit its content"),
        (text[:-10], "it is no JSON any more"),
        (b"[" * 100_000, "it is no JSON any more"),
        (b"\xff", "it is no JSON any more"),
    ):
        path.write_bytes(changed)
        assert damage(lambda: read(checkpoint)) == f"manifest.json: {finding}"
    path.unlink()
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is missing"
    path.symlink_to(checkpoint / "first")
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is not the small plain file that was written"


def test_a_manifest_that_is_too_large_is_not_read(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (checkpoint / manifest.NAME).stat().st_size
    monkeypatch.setattr(manifest, "MAX_BYTES", size)
    assert read(checkpoint).step == 7
    monkeypatch.setattr(manifest, "MAX_BYTES", size - 1)
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is not the small plain file that was written"


def test_a_manifest_of_another_step_or_format(checkpoint: Path) -> None:
    rewrite(checkpoint, step=70)
    assert damage(lambda: read(checkpoint)) == "manifest.json: it is the manifest of step 70"
    for number in (2, 0):
        rewrite(checkpoint, step=7, format=number)
        assert problem(lambda: read(checkpoint)) == CheckpointTooNew(path=str(checkpoint), format=problem_format(checkpoint), known=1)


def problem_format(checkpoint: Path) -> int:
    return json.loads((checkpoint / manifest.NAME).read_bytes())["format"]


# ---- the store -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path: Path) -> Store:
    return Store(tmp_path / "checkpoints", keep=2)


def save(kept: Store, *steps: int, loss: dict[int, float] | None = None) -> None:
    kept.recover()
    for step in steps:
        kept.save(step, ONE, "digest", {"eval_loss": (loss or {}).get(step)})


def forge(kept: Store, *steps: int, loss: dict[int, float] | None = None) -> None:
    """Checkpoints without tensors."""
    for step in steps:
        kept.path(step).mkdir(parents=True)
        kept.path(step).joinpath(manifest.NAME).write_bytes(
            written(Manifest(step, "digest", (), {"eval_loss": (loss or {}).get(step)}, {}))
        )


def test_which_steps_there_are(kept: Store) -> None:
    assert kept.steps() == []
    forge(kept, 10, 9, 100)
    (kept.folder / "11").mkdir()
    (kept.folder / ".12.tmp").mkdir()
    (kept.folder / "x").mkdir()
    (kept.folder / "x" / manifest.NAME).touch()
    assert kept.steps() == [9, 10, 100] and kept.path(9) == kept.folder / "9"


def test_which_checkpoint_is_meant(kept: Store) -> None:
    def none(which: str, *steps: int) -> bool:
        return problem(lambda: kept.choose(which)) == NoSuchCheckpoint(run=str(kept.folder.parent), which=which, steps=steps)

    assert none("last") and none("best") and none("3")
    forge(kept, 3, 5, 8, loss={3: 2.0, 5: 1.0, 8: 1.0})
    assert [kept.choose(which) for which in ("best", "last", "3", "8")] == [5, 8, 3, 8]
    assert none("4", 3, 5, 8) and none("-3", 3, 5, 8) and none("newest", 3, 5, 8) and none("", 3, 5, 8)


def test_without_an_evaluation_the_last_is_meant(kept: Store) -> None:
    forge(kept, 3, 4, 5)
    assert (kept.best(), kept.choose("best"), kept.choose("last")) == (None, 5, 5)
    forge(kept, 0, loss={0: 0.0})
    assert (kept.best(), kept.choose("best")) == (0, 0)


def test_damage_names_the_other_checkpoints_that_are_whole(kept: Store) -> None:
    forge(kept, 1, 2, 3, 4)
    (kept.path(2) / "extra").touch()
    (kept.path(3) / "extra").touch()
    found = problem(lambda: kept.restore(3))
    assert isinstance(found, CheckpointDamaged) and found.whole == (4, 1) and found.folder == str(kept.path(3))
    kept.path(1).joinpath(manifest.NAME).write_text("{")
    found = problem(kept.best)
    assert isinstance(found, CheckpointDamaged) and found.whole == (4,), "it might have been the best"
    rewrite(kept.path(4), format=2)
    assert isinstance(problem(lambda: kept.restore(4)), CheckpointTooNew)


def test_the_newest_and_the_best_stay(kept: Store) -> None:
    save(kept, 1, 2, 3, 4, loss={1: 0.5, 3: 0.75})
    assert kept.steps() == [1, 3, 4] and sorted(os.listdir(kept.folder)) == ["1", "3", "4"]
    kept.path(1).joinpath(manifest.NAME).write_text("{")
    save(kept, 5, loss={5: 9.0})
    assert kept.steps() == [3, 4, 5], "what cannot be read is not the best"


def test_what_cannot_be_deleted_does_not_stop_a_run(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(store.shutil, "rmtree", refusing)
    save(kept, 1, 2, 3, 4, 4)
    assert kept.steps() == [3, 4]


def test_restoring_gives_what_was_saved(kept: Store) -> None:
    save(kept, 6, loss={6: 0.25})
    arrays, found = kept.restore(6)
    assert list(arrays) == ["a"] and arrays["a"].tolist() == [0, 1, 2] and arrays["a"].dtype == np.float32
    assert (found.step, found.spec, found.facts) == (6, "digest", {"eval_loss": 0.25})
    assert all(name.startswith("tensors/") for name in found.files) and found.files


def test_what_a_dead_process_left(kept: Store) -> None:
    forge(kept, 3, 4)
    kept.path(3).rename(kept.folder / ".3.old")
    (kept.folder / ".4.old").mkdir()
    (kept.folder / ".5.tmp").mkdir()
    (kept.folder / ".3.gone").mkdir()
    (kept.folder / "mine").mkdir()
    kept.recover()
    assert sorted(os.listdir(kept.folder)) == ["3", "4", "mine"] and kept.steps() == [3, 4]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("odd"), "odd"),
        (ValueError("Error [os_error_code='28'] while\nwriting"), os.strerror(28)),
        (ValueError("a  b\n c" + "d" * 300), "a b c" + "d" * 195),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_disk_that_refuses(kept: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    save(kept, 1)

    def refusing(*_: Any) -> None:
        (kept.folder / ".2.tmp" / "half").touch()
        raise error

    monkeypatch.setattr(store, "write_leaves", refusing)
    found = problem(lambda: save(kept, 2))
    assert found == WriteFailed(path=str(kept.path(2)), step="saving the checkpoint of step 2", reason=reason)
    assert os.listdir(kept.folder) == ["1"] and list(kept.restore(1)[0]) == ["a"]


def test_a_problem_of_writing_gets_the_step_and_any_other_stays(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.recover()
    for raised in (WriteFailed(path="x", step="flushing it", reason="full"), NotARun(path="x", finding="y")):

        def refusing(*_: Any, raised: Diagnostic = raised) -> None:
            raise Mistake(raised)

        monkeypatch.setattr(store, "write_leaves", refusing)
        found = problem(lambda: kept.save(2, ONE, "digest", {}))
        if isinstance(raised, WriteFailed):
            assert found == WriteFailed(path=str(kept.path(2)), step="saving the checkpoint of step 2, flushing it", reason="full")
        else:
            assert found == raised
    with pytest.raises(KeyboardInterrupt):
        monkeypatch.setattr(store, "write_leaves", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        kept.save(2, ONE, "digest", {})
    assert os.listdir(kept.folder) == []


def test_everything_reaches_the_disk_before_the_checkpoint_has_its_name(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        flushed.append(os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), kept.folder))
        fsync(descriptor)

    before = set(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fsync", noted)
    save(kept, 4)
    names = {os.path.join(".4.tmp", name) for name in kept.restore(4)[1].files}
    assert names <= set(flushed) and {".4.tmp", ".4.tmp/tensors", "."} <= set(flushed) and flushed[-1] == "."
    assert not [fd for fd in set(os.listdir("/proc/self/fd")) - before if _inside(fd, kept.folder)], "files are closed again"


def _inside(descriptor: str, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder))
    except OSError:
        return False


# ---- tensors --------------------------------------------------------------------------------------------------------------
def test_trees_and_lists() -> None:
    tree = {"b": (np.int32(1), np.zeros((2, 3), np.float32)), "a": {"x/y": np.ones(4, bool)}}
    arrays = flat(tree)
    assert list(arrays) == flat_names(tree) == ["['a']['x/y']", "['b'][0]", "['b'][1]"]
    again = unflat(tree, dict(reversed(arrays.items())))
    assert jax.tree.structure(again) == jax.tree.structure(tree) and flat(again).keys() == arrays.keys()
    assert all(np.array_equal(flat(again)[name], arrays[name]) for name in arrays)
    assert [str(leaf) for leaf in described(arrays)] == ["bool[4]", "int32[]", "float32[2, 3]"]


def test_what_keeps_tensors_from_being_used() -> None:
    ours = (Leaf("a", "float32", (2,)), Leaf("b", "int32", ()), Leaf("c", "bool", (1,)))
    theirs = (Leaf("c", "bool", (1,)), Leaf("a", "float32", (3,)), Leaf("d", "bool", ()))
    assert differences(ours, theirs) == ("missing: b int32[]", "not known: d bool[]", "a: is float32[3], should be float32[2]")
    assert differences(ours, ours[::-1]) == ()


def test_tensors_without_elements_and_without_axes(tmp_path: Path) -> None:
    import ml_dtypes

    arrays = {"none": np.zeros((0, 2), np.int8), "one": np.array(2.5), "half": np.array([[1.5]], ml_dtypes.bfloat16), "last": np.zeros(0)}
    write_leaves(tmp_path / "t", list(arrays.values()))
    found = read_leaves(tmp_path / "t", described(arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape, found[name].tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_orbax_is_quiet_for_that_moment_only() -> None:
    logger = logging.getLogger("absl")
    before = logger.level
    with pytest.raises(KeyError), leaves._quiet():
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
    with leaves._late_news_ignored():
        for event in events:
            sys.unraisablehook(event)  # type: ignore[arg-type]
    assert heard == events[1:] and sys.unraisablehook == before


# ---- the lock -------------------------------------------------------------------------------------------------------------
def test_one_holder_at_a_time(tmp_path: Path) -> None:
    def open_locks() -> int:
        return sum(_inside(fd, tmp_path) for fd in os.listdir("/proc/self/fd"))

    for _ in range(2):
        with lock.locked(tmp_path):
            assert problem(lambda: lock.locked(tmp_path).__enter__()) == RunInUse(run=str(tmp_path))
            assert open_locks() == 1
        assert open_locks() == 0
    assert os.listdir(tmp_path) == [lock.NAME]
    with pytest.raises(KeyError), lock.locked(tmp_path):
        raise KeyError
    with lock.locked(tmp_path):
        pass


def test_a_folder_that_takes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    found = problem(lambda: lock.locked(gone).__enter__())
    assert found == WriteFailed(path=str(gone / ".lock"), step="locking the run folder", reason="No such file or directory")

    def unsupported(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "fcntl", SimpleNamespace(flock=unsupported, LOCK_EX=2, LOCK_NB=4))
    with lock.locked(tmp_path), lock.locked(tmp_path):
        pass
    monkeypatch.setattr(lock, "fcntl", None)
    with lock.locked(tmp_path), lock.locked(tmp_path):
        pass


# ---- the run folder ---------------------------------------------------------------------------------------------------------
def test_a_new_run_holds_its_spec_and_settings(tmp_path: Path) -> None:
    recipe = Recipe("netspec 1\n", "here/there.json", {"rate": "0.5"}, "T", {"a.net": "netspec 1\n"})
    made = started(tmp_path / "run", recipe, plan(keep=5), tmp_path / "data", resume=False)
    assert sorted(os.listdir(tmp_path / "run")) == ["settings.json", "spec.json"]
    assert (made.keep, made.store.keep, made.data, made.log.path) == (5, 5, tmp_path / "data", tmp_path / "run" / "metrics.jsonl")
    assert made.store.folder == tmp_path / "run" / "checkpoints"
    found = opened(tmp_path / "run")
    assert found.recipe.digest == recipe.digest and found.recipe.path == str(tmp_path / "run" / "spec.json")
    assert found.settings == made.settings and found.data == tmp_path / "data" and found.keep == 1
    assert found.settings["settings"] == {"duration": {"value": "3 epochs", "origin": "default"}}
    assert (found.settings["format"], found.settings["written_at"]) == (1, "here/there.json")
    again = started(tmp_path / "run", recipe, plan(keep=4), None, resume=True)
    assert again.keep == 4 and again.data == tmp_path / "data" and again.recipe == found.recipe
    other = Recipe("netspec 1\n", "there.json", {}, "T", {"a.net": "netspec 1\n"})
    assert isinstance(problem(lambda: started(tmp_path / "run", other, plan(), None, resume=True)), RunOfAnotherSpec)
    assert isinstance(problem(lambda: started(tmp_path / "run", recipe, plan(), None, resume=False)), AlreadyExists)


def test_a_folder_is_taken_only_if_it_is_ours(tmp_path: Path) -> None:
    for name in ("spec.net", ".lock", ".settings.json.1.tmp"):
        (tmp_path / name).touch()
    assert started(tmp_path, RECIPE, plan(), None, resume=True).data is None
    for name in ("spec.json", "z"):
        other = tmp_path / "of" / name
        other.mkdir(parents=True)
        (other / name).touch()
        (other / "zz").touch()
        assert problem(lambda other=other: started(other, RECIPE, plan(), None, resume=True)) == NotARun(
            path=str(other), finding=f"it holds `{name}`, but no `settings.json`"
        )


GOOD: dict[str, Any] = {"format": 1, "spec": "spec.net", "overrides": {}, "train": None, "data": None}


@pytest.mark.parametrize(("name", "value"), [("format", "1"), ("spec", None), ("overrides", []), ("train", 1), ("data", 1)])
def test_settings_of_the_wrong_kind(tmp_path: Path, name: str, value: Any) -> None:
    (tmp_path / "spec.net").write_text("netspec 1\n")
    for settings in (GOOD | {name: value}, {k: v for k, v in GOOD.items() if k != name}):
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        assert problem(lambda: opened(tmp_path)) == NotARun(path=str(tmp_path), finding=f"its `settings.json` has no proper `{name}`")
    (tmp_path / "settings.json").write_text(json.dumps(GOOD | {"spec": "../../spec.net", "train": "T", "data": "d"}))
    found = opened(tmp_path)
    assert (found.recipe.text, found.recipe.imports, found.recipe.train, found.data) == ("netspec 1\n", {}, "T", Path("d"))


def test_deep_and_missing_settings(tmp_path: Path) -> None:
    assert problem(lambda: opened(tmp_path)) == NotARun(path=str(tmp_path), finding="it has no `settings.json`")
    (tmp_path / "settings.json").write_text("[" * 100_000)
    assert problem(lambda: opened(tmp_path)) == NotARun(path=str(tmp_path), finding="its `settings.json` is no JSON")


def test_the_first_free_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert next_free("M") == Path("runs/M-1")
    (tmp_path / "runs" / "M-1").mkdir(parents=True)
    (tmp_path / "runs" / "M-2").symlink_to("nowhere")
    assert next_free("M") == Path("runs/M-3") and RunFolder(tmp_path, RECIPE, GOOD).keep == 1


def test_what_is_known_of_a_run_cannot_be_changed(checkpoint: Path) -> None:
    made = opened_run(checkpoint.parent.parent)
    for record, name in (
        (made, "keep"),
        (made.store, "keep"),
        (read(checkpoint), "step"),
        (Leaf("a", "bool", ()), "name"),
        (Resumed(0), "best"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, 3)


def opened_run(folder: Path) -> RunFolder:
    (folder / "spec.net").write_text("netspec 1\n")
    (folder / "settings.json").write_text(json.dumps(GOOD))
    return opened(folder)


# ---- what is resumed ----------------------------------------------------------------------------------------------------------
def test_facts_are_numbers_or_absent() -> None:
    facts = facts_of(Position(4, 1, 2), 5, 3, 0.5, 0.25, 1.5)
    assert facts == {"step": 4, "epoch": 1, "batch": 2, "seed": 5, "evaluated": 3, "eval_loss": 0.5, "best": 0.25, "seconds": 1.5}
    for loss, best in ((None, math.inf), (math.nan, math.nan), (math.inf, -math.inf)):
        facts = facts_of(Position(), 0, 0, loss, best, 0.0)
        assert (facts["eval_loss"], facts["best"]) == (None, None)
    assert facts_of(Position(), 0, 0, 0.0, 0.0, 0.0)["eval_loss"] == 0.0


def test_where_a_session_goes_on() -> None:
    facts = facts_of(Position(4, 1, 2), 5, 3, 0.5, 0.25, 1.5)
    found = _resumed("state", [np.ones(1)], Manifest(4, "digest", (), facts, {}))
    assert (found.state, found.position, found.evaluated, found.eval_loss, found.best) == ("state", Position(4, 1, 2), 3, 0.5, 0.25)
    assert (found.saved, found.seconds) == ((4, 3), 1.5) and found.statistics is not None and len(found.statistics) == 1
    fresh = _resumed("state", [], Manifest(4, "digest", (), facts | {"best": None, "eval_loss": None}, {}))
    assert (fresh.statistics, fresh.best, fresh.eval_loss) == (None, math.inf, None)
    empty = Resumed("state")
    assert (empty.position, empty.statistics, empty.evaluated, empty.saved, empty.seconds) == (Position(), None, 0, None, 0.0)
    assert (empty.eval_loss, empty.best) == (None, math.inf)


def test_a_checkpoint_of_another_spec_is_refused_before_its_tensors_are_looked_at(tmp_path: Path) -> None:
    run = opened_run(tmp_path)
    save(run.store, 3)
    found = problem(lambda: restored(None, run, 3))  # type: ignore[arg-type]
    digests = f"checkpoint 3 belongs to a spec with the digest digest, the folder's has {run.recipe.digest[:12]}"
    assert found == RunOfAnotherSpec(run=str(tmp_path), differences=(digests,))


def test_state_and_sums_are_told_apart_by_their_names() -> None:
    names = tensors_of({"w": np.ones(2)}, [np.zeros(1), np.ones(3)])
    assert {name: array.shape for name, array in names.items()} == {"['w']": (2,), "statistics/0": (1,), "statistics/1": (3,)}
