"""Which checkpoints are kept, meant and restored."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.checkpoints import CheckpointDamaged, CheckpointTooNew, NoSuchCheckpoint, NotARun
from netspec.diagnostics.running.files import WriteFailed
from netspec.train import checkpoint_store, manifest
from netspec.train.checkpoint_store import Store
from netspec.train.manifest import Manifest, manifest_text
from tests.train.checkpoints import ONE, SPEC, _inside, facts, problem, rewrite, save


def forge(kept: Store, *steps: int, loss: dict[int, float] | None = None) -> None:
    """Checkpoints without tensors."""
    for step in steps:
        kept.path(step).mkdir(parents=True)
        kept.path(step).joinpath(manifest.NAME).write_bytes(
            manifest_text(Manifest(step, SPEC, (), facts(step, (loss or {}).get(step)), {}))
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
    rewrite(kept.path(4), format=3)
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

    monkeypatch.setattr(checkpoint_store.shutil, "rmtree", refusing)
    save(kept, 1, 2, 3, 4, 4)
    assert kept.steps() == [3, 4]


def test_restoring_gives_what_was_saved(kept: Store) -> None:
    save(kept, 6, loss={6: 0.25})
    arrays, found = kept.restore(6)
    assert list(arrays) == ["a"] and arrays["a"].tolist() == [0, 1, 2] and arrays["a"].dtype == np.float32
    assert (found.step, found.spec, found.facts) == (6, SPEC, facts(6, 0.25))
    assert list(found.files) == ["tensors.bin"] and found.format == 2


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
        (OSError("a  b\n c" + "d" * 300), "a b c" + "d" * 195),
        (OSError(), "OSError"),
    ],
)
def test_a_disk_that_refuses(kept: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    save(kept, 1)

    def refusing(*_: Any) -> None:
        (kept.folder / ".2.tmp" / "half").touch()
        raise error

    monkeypatch.setattr(checkpoint_store, "write_tensors", refusing)
    found = problem(lambda: save(kept, 2))
    assert found == WriteFailed(path=str(kept.path(2)), step="saving the checkpoint of step 2", reason=reason)
    assert os.listdir(kept.folder) == ["1"] and list(kept.restore(1)[0]) == ["a"]


def test_a_problem_of_writing_gets_the_step_and_any_other_stays(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.recover()
    for raised in (WriteFailed(path="x", step="flushing it", reason="full"), NotARun(path="x", finding="y")):

        def refusing(*_: Any, raised: Diagnostic = raised) -> None:
            raise Mistake(raised)

        monkeypatch.setattr(checkpoint_store, "write_tensors", refusing)
        found = problem(lambda: kept.save(2, ONE, "digest", {}))
        if isinstance(raised, WriteFailed):
            assert found == WriteFailed(path=str(kept.path(2)), step="saving the checkpoint of step 2, flushing it", reason="full")
        else:
            assert found == raised
    with pytest.raises(KeyboardInterrupt):
        monkeypatch.setattr(checkpoint_store, "write_tensors", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
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
    assert names <= set(flushed) and {".4.tmp/manifest.json", ".4.tmp", "."} <= set(flushed) and flushed[-1] == "."
    assert not [fd for fd in set(os.listdir("/proc/self/fd")) - before if _inside(fd, kept.folder)], "files are closed again"
