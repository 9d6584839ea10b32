"""`netspec train`, `eval` and `predict` from the command line on to the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from netspec.cli.main import main
from netspec.limits import LIMITS

SPEC = """netspec 1

model Small {
  param width: int = 8
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(width) -> relu -> dense(10)
}

train Small {
  data = digits() -> shuffle -> batch(64)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = sgd(0.5)
  duration = 2 epochs
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `small.net` and the run `run`."""
    here = tmp_path_factory.mktemp("command")
    (here / "small.net").write_text(SPEC)
    assert main(["train", str(here / "small.net"), "--out", str(here / "run"), "--set", "width=12"]) == 0
    return here


def test_training_ends_with_the_metrics_the_folder_and_the_next_command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(folder / "small.net")]) == 0
    *_, test, wait, run, following = capsys.readouterr().out.splitlines()
    assert test.startswith("test: loss ") and "accuracy 0." in test
    assert wait.startswith("waited for data: ") and wait.endswith("% of the training time")
    assert (run, following) == ("run folder: runs/Small-1", "next: netspec eval runs/Small-1")
    assert (tmp_path / "runs" / "Small-1" / "spec.net").read_text() == SPEC


def test_eval_needs_the_run_folder_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(folder / "run")]) == 0
    assert capsys.readouterr().out.startswith("validation, step 40: loss ")


def test_predict_writes_arrays(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "in.npz", image=np.zeros([70, 8, 8, 1], np.float32))
    arguments = ["predict", str(folder / "run"), "--input", str(tmp_path / "in.npz"), "--output", str(tmp_path / "out.npz")]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("logits: float32[70, 10] from ")
    assert np.load(tmp_path / "out.npz")["logits"].shape == (70, 10)
    assert main(arguments) == 2


def test_checkpoints_are_listed_with_what_the_best_is_chosen_by(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = folder / "run" / "settings.json"
    before = settings.read_text()
    values = [
        line for line in map(json.loads, (folder / "run" / "metrics.jsonl").read_text().splitlines()) if line["split"] == "validation"
    ]
    assert main(["checkpoints", str(folder / "run")]) == 0
    assert capsys.readouterr().out.split()[:4] == ["step", "loss", "size", "written"]
    try:
        for best in ("max(accuracy)", "accuracy"):
            settings.write_text(before.replace('"min(loss)"', json.dumps(best)))
            assert main(["checkpoints", str(folder / "run")]) == 0
            words = capsys.readouterr().out.split()
            assert words[:5] == ["step", "loss", "accuracy", "size", "written"] and f"{values[-1]['metrics']['accuracy']:.4f}" in words
    finally:
        settings.write_text(before)


def test_a_second_training_into_the_same_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(folder / "small.net"), "--out", str(folder / "run")]) == 2
    assert "error[already-exists]" in capsys.readouterr().err


def test_resuming_with_another_setting(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(folder / "small.net"), "--out", str(folder / "run"), "--resume"]) == 1
    assert "width: was 12, is not set" in capsys.readouterr().err


def test_resuming_a_finished_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(folder / "small.net"), "--out", str(folder / "run"), "--resume", "--set", "width=12"]) == 0
    assert "going on after step 40" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an archive", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_holds_no_arrays(folder: Path, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.npz").write_bytes(content)
    assert main(["predict", str(folder / "run"), "--input", str(tmp_path / "in.npz")]) == 1
    assert "error[" in capsys.readouterr().err


def test_pickles_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "in.npz", image=np.array([{"a": 1}], object))
    assert main(["predict", str(folder / "run"), "--input", str(tmp_path / "in.npz")]) == 1
    assert "error[inputs-unreadable]" in capsys.readouterr().err


def test_archives_that_would_fill_the_memory_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez_compressed(tmp_path / "in.npz", image=np.zeros((LIMITS.archive_ratio + 1) << 20, np.uint8))
    assert main(["predict", str(folder / "run"), "--input", str(tmp_path / "in.npz")]) == 1
    assert "it would unpack from" in capsys.readouterr().err


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(tmp_path)]) == 1
    assert "error[not-a-run]" in capsys.readouterr().err


def test_an_unknown_train_section_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(root / "models" / "digits.net"), "--train", "Digit"]) == 1
    assert "did you mean `Digits`?" in capsys.readouterr().err
