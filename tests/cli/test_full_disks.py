"""A disk that takes nothing more leaves nothing half-made of what a command writes: the file or folder is whole, or it is not there.

Trainings have a law of their own: `tests/train/full_disks.py`.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from netspec.cli.main import COMMANDS, build_parser, main
from tests.train.full_disks import failing

WRITERS = {
    "convert": ["m.net", "-o", "out/m.json"],
    "data": ["t.csv", "-o", "out/t.net"],
    "compile": ["m.net", "-o", "out/trainer"],
    "predict": ["run", "new.npz", "--output", "out/answers.csv"],
    "export": ["run", "--to", "npz", "-o", "out/w.npz"],
    "checkpoints": ["run", "--average", "last:2", "-o", "out/mean"],
    "report": ["run", "--no-evaluation", "-o", "out/report.html"],
    "docs": ["-o", "out/pages"],
}
FOLDERS = ("compile", "checkpoints", "docs")
"""Those that write several files, of which calls at the beginning, in the middle and at the end fail. The law of `tests/test_files.py` over
a new folder tries each."""
WITH_LAWS = {"train": "tests/train/full_disks.py"}


@pytest.fixture
def home(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run, and with what else the commands read, as the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("m.net", "new.npz", "run"):
        Path(name).symlink_to(trained / name)
    pages = {name: lambda name=name: f"{name}\n" for name in ("a.md", "b.md")}
    monkeypatch.setattr("netspec.tools.reference.PAGES", pages)  # the real ones take seconds to write
    Path("t.csv").write_text("a,label\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    return tmp_path


def test_every_command_that_writes_is_tried() -> None:
    writing = {name for name, parser in parsers().items() if {"--output", "--out"} & set(parser._option_string_actions)}
    assert writing == {*WRITERS, *WITH_LAWS}


def parsers() -> dict[str, argparse.ArgumentParser]:
    [choices] = [action.choices for action in build_parser()._actions if action.dest == "command"]
    assert choices is not None and set(choices) == set(COMMANDS)
    return dict(choices)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", WRITERS)
def test_a_full_disk_leaves_nothing_half_made(command: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "out"
    words = [command, *(str(home / word) if word.startswith("out/") else word for word in WRITERS[command])]
    out.mkdir()
    with failing(out, "", 0) as seen:
        assert main(words) == 0, capsys.readouterr().err
    assert list(out.iterdir())
    several = [(call, n) for call, count in seen.items() for n in sorted({0, count // 2, count - 1})]
    tries = several if command in FOLDERS else [("write", 0), ("replace", 0)]
    for call, number in tries:
        shutil.rmtree(out)
        out.mkdir()
        capsys.readouterr()
        with failing(out, call, number):
            code = main(words)
        if code == 0 and call == "fsync":  # a folder that could not be flushed, the last of all
            assert list(out.iterdir())
            continue
        said = capsys.readouterr().err
        assert code == 2 and "error[write-failed]" in said and str(out) in said, (call, number, said)
        assert not list(out.rglob("*")), (call, number)
    shutil.rmtree(out)
