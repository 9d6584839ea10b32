"""From a table of mixed kinds to a trained and evaluated model by commands alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netspec.cli.main import main
from tests.cli.titanic import TITANIC


def test_a_table_becomes_a_model_by_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("titanic.csv").write_bytes(TITANIC.encode())
    assert main(["data", "titanic.csv", "-o", "titanic.net"]) == 0
    assert "next: netspec train titanic.net --data ." in capsys.readouterr().out
    assert main(["check", "titanic.net"]) == 0
    assert main(["data", "titanic.net", "--data", "."]) == 0
    out = capsys.readouterr().out
    assert "  training: 36 examples" in out and "  test: 10 examples" in out
    assert main(["train", "titanic.net", "--data", ".", "--out", "run", "--set", "train.duration=60 epochs"]) == 0
    known = json.loads(Path("run/learned.json").read_text())["learned"]["csv"]
    assert known["words"]["sex"] == ["female", "male"] and len(known["fill"]["x"]) == 4
    assert main(["eval", "run", "--part", "test"]) == 0 and "test" in capsys.readouterr().out
    assert main(["eval", "run", "--part", "train", "--which", "last"]) == 0
    accuracy = float(capsys.readouterr().out.split("accuracy")[-1].split()[0])
    assert accuracy > 0.7
