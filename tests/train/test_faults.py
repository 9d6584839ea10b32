"""Damaged checkpoints are refused by name, killed runs lose nothing."""

from __future__ import annotations

import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from netspec.diagnostics.running.checkpoints import CheckpointDamaged, CheckpointTooNew
from netspec.diagnostics.spec_error import SpecError
from netspec.train import manifest
from tests.train import faults
from tests.train.runs import lines, opened, steps, train
from tests.train.worker import read_moment


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "trained"
    train(out)
    return out


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def refused(run: Path, which: str | int = "last") -> CheckpointDamaged:
    with pytest.raises(SpecError) as caught:
        opened(run, which)
    problem = caught.value.diagnostics[0]
    assert isinstance(problem, CheckpointDamaged)
    return problem


def test_twenty_flipped_bits_are_refused_with_the_file_s_name() -> None:
    report = faults.run_flips(20, seed=1)
    assert report.tried == 20 and report.wrong == []


def test_five_cut_files_are_refused_with_the_file_s_name() -> None:
    report = faults.run_truncations(5, seed=2)
    assert report.tried == 5 and report.wrong == []


def test_a_flip_that_is_not_noticed_would_be_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspec.train.manifest._compare_file", lambda *_: None)
    monkeypatch.setattr("netspec.train.checkpoint_store.read_tensors", lambda *_: {})
    assert faults.run_truncations(3, seed=2).wrong


def test_a_missing_file_is_named(run: Path) -> None:
    path = next(p for p in faults.checkpoint_files(run) if p.name != "manifest.json")
    path.unlink()
    assert refused(run).path == str(path)
    assert "missing" in refused(run).message()


def test_a_file_too_many_is_named(run: Path) -> None:
    path = faults.checkpoint_files(run)[0].parent / "note.txt"
    path.write_text("hello")
    assert refused(run).path == str(path)


def test_a_link_in_place_of_a_file_is_refused_even_with_equal_content(run: Path, tmp_path: Path) -> None:
    path = next(p for p in faults.checkpoint_files(run) if p.name != "manifest.json")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert refused(run).path == str(path)


def test_a_folder_that_is_a_link_is_refused(run: Path, tmp_path: Path) -> None:
    folder = run / "checkpoints" / str(steps(run)[-1]) / "tensors"
    folder.mkdir()
    folder.rename(tmp_path / "tensors")
    folder.symlink_to(tmp_path / "tensors")
    assert refused(run).path == str(folder)


def test_a_checkpoint_moved_to_another_step_is_refused(run: Path) -> None:
    (run / "checkpoints" / "18").rename(run / "checkpoints" / "99")
    assert refused(run, 99).path == str(run / "checkpoints" / "99" / "manifest.json")


def test_a_manifest_written_in_another_way_is_refused(run: Path) -> None:
    path = run / "checkpoints" / "18" / "manifest.json"
    path.write_text(path.read_text() + " ")
    assert refused(run).path == str(path)


def test_a_manifest_that_is_a_folder_is_refused(run: Path) -> None:
    path = run / "checkpoints" / "18" / "manifest.json"
    path.unlink()
    path.mkdir()
    assert refused(run).path == str(path)


def test_the_other_whole_checkpoints_are_listed(run: Path) -> None:
    first, *others, last = steps(run)
    (run / "checkpoints" / str(first) / "manifest.json").write_text("{}")
    path = next(p for p in faults.checkpoint_files(run) if p.name != "manifest.json")
    path.write_bytes(b"")
    assert refused(run).whole == tuple(reversed(others))
    assert refused(run).folder == str(run / "checkpoints" / str(last))


def test_a_checkpoint_without_a_manifest_does_not_exist(run: Path) -> None:
    last = steps(run)[-1]
    (run / "checkpoints" / str(last) / "manifest.json").unlink()
    assert last not in steps(run)


def test_the_best_is_not_chosen_while_a_manifest_is_damaged(run: Path) -> None:
    path = run / "checkpoints" / str(steps(run)[0]) / "manifest.json"
    path.write_text(path.read_text().replace("e", "E", 1))
    assert refused(run, "best").path == str(path)
    assert opened(run, "last").step == steps(run)[-1]


def test_a_newer_format_is_named(run: Path) -> None:
    folder = run / "checkpoints" / "18"
    content = replace(manifest.read(folder), format=3)
    (folder / "manifest.json").write_bytes(manifest.manifest_text(content))
    with pytest.raises(SpecError) as caught:
        opened(run, "last")
    assert caught.value.diagnostics == (CheckpointTooNew(path=str(folder), format=3, known=2),)


def test_a_damaged_checkpoint_does_not_stop_the_run_that_writes_the_next(run: Path) -> None:
    (run / "checkpoints" / str(steps(run)[0]) / "manifest.json").write_text("{}")
    assert train(run, resume=True).stop.exit_code == 0


@pytest.mark.slow
def test_kill_9_at_twenty_random_moments_changes_no_bit() -> None:
    report = faults.run_kills(20, seed=time.time_ns())
    assert report.kills == 20 and report.wrong == [], report.wrong


@pytest.mark.slow
@pytest.mark.parametrize("place", ["compile", "train", "eval", "save"])
def test_a_process_that_gets_a_signal_saves_the_step_and_leaves_with_its_code(tmp_path: Path, place: str) -> None:
    run, moment = tmp_path / "run", tmp_path / "moment"
    process = faults.start(run, moment=moment)
    faults.wait_until(lambda: place in faults.describe_moment(read_moment(moment)), process)
    number = signal.SIGINT if place == "train" else signal.SIGTERM
    process.send_signal(number)
    assert process.wait(faults.TIMEOUT) == 128 + number
    last = read_moment(moment).step
    assert steps(run)[-1] == last < 120
    assert max((r["step"] for r in lines(run)), default=0) <= last
    assert faults.finish(faults.start(run)) and steps(run)[-1] == 120


@pytest.mark.slow
@pytest.mark.parametrize("place", ["compile", "train", "save"])
def test_a_second_signal_leaves_at_once_and_the_run_goes_on(tmp_path: Path, place: str) -> None:
    run, moment = tmp_path / "run", tmp_path / "moment"
    process = faults.start(run, moment=moment)
    faults.wait_until(lambda: place in faults.describe_moment(read_moment(moment)), process)
    began = time.monotonic()
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    assert time.monotonic() - began < 2
    if process.returncode == -signal.SIGTERM:  # it had saved and stopped listening, within ten milliseconds: a shell says 143 of it too
        assert steps(run)[-1] == read_moment(moment).step
    else:
        assert process.returncode == 143
    assert faults.finish(faults.start(run)) and steps(run)[-1] == 120
