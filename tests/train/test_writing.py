"""A disk that takes nothing more: the error names the path and the step, and what was whole before is whole."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec import files
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.files import WriteFailed
from tests.train import full_disks
from tests.train.faults import ROOT
from tests.train.full_disks import small_files
from tests.train.runs import killed_after, lines, opened, steps, tensors, train

SAVED = 8
"""The newest checkpoint when the disk fills up."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that died after its checkpoints of steps 4 and 8."""
    with killed_after(9):
        train(tmp_path / "run")
    assert steps(tmp_path / "run")[-1] == SAVED
    return tmp_path / "run"


def refused(run: Path) -> WriteFailed:
    """The problem that going on with the run ends with."""
    with pytest.raises(Mistake) as caught:
        train(run, resume=True)
    problem: Diagnostic = caught.value.diagnostic
    assert isinstance(problem, WriteFailed) and problem.exit_code == 2
    return problem


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_at_the_manifest_names_the_checkpoint_and_its_step(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = files.write_all

    def write(descriptor: int, data: bytes) -> None:
        full() if b'"digest"' in data else original(descriptor, data)

    monkeypatch.setattr(files, "write_all", write)
    whole = tensors(run)
    problem = refused(run)
    assert problem.path == str(run / "checkpoints" / "12")
    assert problem.step == "saving the checkpoint of step 12, writing the content"
    assert problem.reason == os.strerror(errno.ENOSPC)
    assert (steps(run)[-1], tensors(run)) == (SAVED, whole)


def test_a_full_disk_at_the_tensors_names_the_checkpoint_and_its_step(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = files.write_all

    def write(descriptor: int, data: bytes) -> None:
        if b'{"leaves":' in data:
            original(descriptor, data[: len(data) // 2])
            full()
        original(descriptor, data)

    monkeypatch.setattr(files, "write_all", write)
    whole = tensors(run)
    problem = refused(run)
    assert problem.path == str(run / "checkpoints" / "12")
    assert problem.step == "saving the checkpoint of step 12, writing the content"
    assert (steps(run)[-1], tensors(run)) == (SAVED, whole)
    assert [p.name for p in (run / "checkpoints").iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("call", ["os.rename", "sync_folder"])
def test_a_disk_that_fails_at_the_end_of_a_checkpoint_leaves_the_one_before(run: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    whole = tensors(run)
    monkeypatch.setattr(f"netspec.train.checkpoint_store.{call}", full)
    problem = refused(run)
    monkeypatch.undo()
    assert problem.message().startswith(f"cannot write `{run / 'checkpoints' / '12'}`: No space left on device (while saving")
    assert (steps(run)[-1], tensors(run)) == (SAVED, whole)


@pytest.mark.parametrize(
    ("step", "is_here"),
    [
        ("adding a line", lambda data: data.startswith(b'{"step"')),
        ("writing the content", lambda data: data == b"" or data.startswith(b'{"step": 6')),
    ],
)
def test_a_full_disk_at_the_log_names_it(run: Path, monkeypatch: pytest.MonkeyPatch, step: str, is_here: Callable[[bytes], bool]) -> None:
    original = files.write_all

    def write(descriptor: int, data: bytes) -> None:
        full() if is_here(data) and (step == "writing the content" or data.count(b"\n") == 1) else original(descriptor, data)

    monkeypatch.setattr(files, "write_all", write)
    problem = refused(run)
    assert (problem.path, problem.step) == (str(run / "metrics.jsonl"), step)
    assert steps(run)[-1] == SAVED


@pytest.mark.parametrize("name", ["spec.net", "settings.json"])
def test_a_full_disk_at_the_beginning_names_the_file_and_the_run_can_be_started_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    original = files.write_all
    begins = {"spec.net": b"netspec", "settings.json": b"{\n"}[name]

    def write(descriptor: int, data: bytes) -> None:
        full() if data.startswith(begins) else original(descriptor, data)

    monkeypatch.setattr(files, "write_all", write)
    assert refused(tmp_path / "run").path == str(tmp_path / "run" / name)
    monkeypatch.undo()
    train(tmp_path / "run", resume=True)
    assert steps(tmp_path / "run")[-1] == 18


def test_after_the_disk_has_room_again_the_run_goes_on(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspec.train.checkpoint_store.write_tensors", full)
    refused(run)
    monkeypatch.undo()
    train(run, resume=True)
    train(tmp_path / "whole")
    assert (lines(run), tensors(run)) == (lines(tmp_path / "whole"), tensors(tmp_path / "whole"))
    assert opened(run, "last").step == 18


def test_a_limit_of_the_kernel_is_the_same_problem(run: Path) -> None:
    with small_files(3_000):
        problem = refused(run)
    assert problem.path == str(run / "checkpoints" / "12") and problem.step.startswith("saving the checkpoint of step 12")
    assert steps(run)[-1] == SAVED


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    problem = refused(tmp_path / "file" / "run")
    assert (problem.path, problem.step) == (str(tmp_path / "file" / "run"), "making the folder")


HOLDER = """
import sys, time
from pathlib import Path
from netspec.train.run_lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    print(flush=True)
    time.sleep(60)
"""


def test_two_processes_may_not_train_into_one_run(run: Path) -> None:
    from netspec.diagnostics.running.checkpoints import RunInUse

    other = subprocess.Popen([sys.executable, "-c", HOLDER, str(run)], cwd=ROOT, stdout=subprocess.PIPE)
    assert other.stdout
    other.stdout.readline()
    with pytest.raises(Mistake) as caught:
        train(run, resume=True)
    other.kill()
    other.communicate()
    assert caught.value.diagnostic == RunInUse(run=str(run))
    assert train(run, resume=True).stop.exit_code == 0


@pytest.mark.parametrize("resume", [False, True])
def test_of_two_trainings_that_begin_at_once_one_alone_writes(resume: bool, tmp_path: Path) -> None:
    """The other one may be of another spec: what it would write is not what the checkpoints will be of."""
    from netspec.diagnostics.running.checkpoints import RunInUse
    from netspec.train.run_lock import hold_lock

    (tmp_path / "run").mkdir()
    with hold_lock(tmp_path / "run"), pytest.raises(Mistake) as caught:
        train(tmp_path / "run", resume=resume)
    assert caught.value.diagnostic == RunInUse(run=str(tmp_path / "run"))
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


@pytest.mark.slow
def test_a_disk_that_is_full_at_forty_writes_loses_nothing() -> None:
    report = full_disks.run(40, seed=4)
    assert report.wrong == [] and report.ends["told"] >= 20
