"""What `--overwrite` and `--force` leave alone, and options that are refused rather than left unused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netspec.cli.main import main


def folder(path: Path) -> Path:
    """A folder that looks like a run, with a page in it."""
    (path / "checkpoints").mkdir(parents=True)
    (path / "spec.net").write_text("netspec 1\n")
    (path / "settings.json").write_text("{}")
    (path / "checkpoints" / "page.html").write_text("<!DOCTYPE html>\n")
    return path


@pytest.mark.parametrize("name", ["run/spec.net", "run/checkpoints/page.html", "pipe", "link", "notes.txt", "."])
def test_a_report_replaces_nothing_but_pages(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder(tmp_path / "run")
    (tmp_path / "notes.txt").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(run / "checkpoints" / "page.html")
    before = {p: p.lstat() for p in tmp_path.rglob("*")}
    assert main(["report", str(run), "-o", str(tmp_path / name), "--overwrite"]) == 2
    assert "error[already-exists]" in (err := capsys.readouterr().err) and "which `--overwrite` does not replace" in err
    assert {p: p.lstat().st_mtime_ns for p in before} == {p: s.st_mtime_ns for p, s in before.items()}


def test_a_spec_is_not_converted_into_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder(tmp_path / "run")
    (tmp_path / "m.net").write_text("netspec 1\n\nmodel M {\n  input x: f32[B, 2]\n  output y = x -> relu\n}\n")
    assert main(["convert", str(tmp_path / "m.net"), "-o", str(run / "settings.json"), "--force"]) == 2
    assert "it lies in the run" in capsys.readouterr().err and (run / "settings.json").read_text() == "{}"
    for _ in range(2):
        assert main(["convert", str(tmp_path / "m.net"), "-o", str(tmp_path / "m.json"), "--force"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("export r --to flax -o w.safetensors", "end it in .msgpack"),
        ("export r --to npz -o w.msgpack", "end it in .npz"),
        ("predict r --input x.npz --output y.csv", "end it in .npz"),
        ("train m.net --dry-run --resume --out r", "`--resume` would be left unused"),
        ("train m.net --find-rate --resume --out r", "`--resume` would be left unused"),
        ("train m.net --overfit-one-batch --init-from w.npz", "`--init-from` would be left unused"),
    ],
)
def test_what_would_be_left_unused_or_misnamed_is_an_error_of_use(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2 and said in capsys.readouterr().err
