"""Runs and their folders: what a command prints can be typed, what a run holds is read strictly, and data that changed are not passed over."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from netspec.cli.main import main

REPORTS = Path(__file__).parent / "reports"

TRAIN = """
train M {
  data = digits() -> shuffle -> batch(512)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(0.01)
  duration = 1 epoch
}
"""
SPEC = "netspec 1\n\nmodel M {\n  input image: f32[B, 8, 8, 1]\n  output logits = image -> flatten -> dense(10)\n}\n" + TRAIN
HEAD = "block {name} {{\n  input x: f32[B, H, W, C]\n  output x -> flatten -> dense(10)\n}}\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit code and everything printed."""
    code = main([str(word) for word in words])
    found = capsys.readouterr()
    return code, found.out + found.err


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    """The words of the command that a training names at its end."""
    code, text = run(capsys, *words)
    assert code == 0, text
    return shlex.split(text.splitlines()[-1].removeprefix("next: netspec "))


def test_report_10_the_printed_command_evaluates_a_run_with_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(REPORTS / "10-eval-of-a-run-with-imports-by-relative-path.net", tmp_path / "m.net")
    shutil.copytree(REPORTS / "lib", tmp_path / "lib")
    monkeypatch.chdir(tmp_path)
    following = printed(capsys, "train", "m.net", "--out", "run")
    assert following == ["eval", "run"]
    assert run(capsys, *following) == run(capsys, "eval", tmp_path / "run")
    assert main(["train", "m.net", "--out", "run", "--resume"]) == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose spec imports from below, from above, through a link, and a file that is called as a run's own spec is."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    nested = 'netspec 1\n\nimport Deep from "../deep.net"\n\n' + HEAD.format(name="Low").replace("dense(10)", "dense(10) -> Deep")
    write(root / "specs" / "low" / "a.net", nested)
    write(root / "specs" / "deep.net", "netspec 1\n\nblock Deep {\n  input x: f32[B, F]\n  output x -> relu\n}\n")
    write(root / "lib" / "high.net", "netspec 1\n\n" + HEAD.format(name="High"))
    write(root / "far" / "real" / "linked.net", 'netspec 1\n\nimport Own from "own.net"\n\n' + HEAD.format(name="Linked") + "")
    write(root / "far" / "real" / "own.net", "netspec 1\n\nblock Own {\n  input x: f32[B, F]\n  output x -> relu\n}\n")
    (root / "specs" / "link").symlink_to(root / "far" / "real")
    write(root / "specs" / "spec.net", "netspec 1\n\n" + HEAD.format(name="Spec"))
    imports = {"Low": "low/a.net", "High": "../lib/high.net", "Linked": "link/linked.net", "Spec": "spec.net"}
    lines = "".join(f'import {name} from "{path}"\n' for name, path in imports.items())
    body = "  output logits = (image -> Low) + (image -> High) + (image -> Linked) + (image -> Spec)\n"
    write(root / "specs" / "m.net", f"netspec 1\n\n{lines}\nmodel M {{\n  input image: f32[B, 8, 8, 1]\n{body}}}\n{TRAIN}")
    return root


def test_a_run_is_evaluated_from_wherever_it_lies_and_one_stands(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    first = run(capsys, *printed(capsys, "train", "specs/m.net", "--out", "runs of mine/-1"))
    assert first[0] == 0, first
    monkeypatch.chdir(project / "specs")
    assert run(capsys, "eval", "../runs of mine/-1") == first
    shutil.move(project / "runs of mine" / "-1", tmp_path / "-r")
    shutil.rmtree(project)
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "eval", "./-r") == run(capsys, "eval", tmp_path / "-r") == first


def test_the_json_twin_of_a_spec_keeps_its_imports_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project / "specs")
    code, text = run(capsys, "convert", "m.net")
    assert code == 0, text
    write(project / "specs" / "twin.json", text)
    following = printed(capsys, "train", os.path.join(".", "twin.json"), "--out", "run")
    code, text = run(capsys, *following)
    assert code == 0, text
    kept = json.loads((project / "specs" / "run" / "settings.json").read_text())["imports"]
    assert kept["-> link/linked.net"] == "../far/real/linked.net"
