"""A run that is trained with a plugin's dataset, transform, layers, loss, metric, schedule and optimizer, and used again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.cli.main import main

SPEC = """netspec 1

model M {
  input x: f32[B, 1]
  output found = x -> acme.fast_dense(1, init=acme.spread) -> acme.twice
}

train M {
  data = acme.line(count=16) -> acme.negated("x") -> batch(8)
  loss = acme.held(found, y)
  metric sign = acme.signed(found, y)
  optimizer = clip_by_global_norm(1.0) -> acme.sign_sgd(acme.halved(0.5))
  duration = 2 epochs
  eval {
    data = acme.line(count=8) -> acme.negated("x") -> batch(8)
  }
}
"""
SERVED = """netspec 1

model M {
  input tokens: i32[B, T]
  output logits = tokens -> acme.table(7) -> acme.fast_dense(7)
}

serve M {
  tokens = acme.first(logits, start=1, limit=4)
}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acme: None) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.net").write_text(SPEC)
    return "m.net"


def test_train_resume_eval_predict(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", spec, "--out", "run", "--plugin", "acme"]) == 0
    assert json.loads(Path("run/settings.json").read_text())["plugins"] == ["acme"]
    assert main(["train", spec, "--out", "run", "--resume"]) == 0, "the run asks for its plugins itself"
    assert main(["eval", "run"]) == 0 and main(["eval", "run", "--plugin", "acme"]) == 0
    np.savez("in.npz", x=np.ones((2, 1), np.float32))
    assert main(["predict", "run", "--input", "in.npz"]) == 0
    assert "found: float32[2, 1]" in capsys.readouterr().out
    assert main(["train", spec, "--out", "other"]) == 1
    assert "unknown-plugin" in capsys.readouterr().err


def test_the_same_from_python(spec: str, tmp_path: Path) -> None:
    fit = netspec.compile(spec, plugins=["acme"]).fit(out="run")
    assert {"loss", "sign"} <= fit.metrics.keys()
    run = netspec.load("run")
    x = np.float32([[1], [2]])
    before = run.predict(x=x)["found"]
    assert before.shape == (2, 1)
    np.testing.assert_array_equal(netspec.load("run", plugins=["acme"]).predict(x=x)["found"], before)


def test_a_run_without_plugins_says_none(root: Path, tmp_path: Path) -> None:
    assert main(["train", str(root / "models/digits.net"), "--set", "train.duration=1 step", "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run/settings.json").read_text())["plugins"] == []


def test_views_costs_and_data(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    for view in ("table", "ir", "costs", "shapes", "resolved"):
        assert main(["show", spec, "--plugin", "acme", "--as", view]) == 0
        assert "acme." in capsys.readouterr().out, view
    assert main(["data", spec, "--plugin", "acme"]) == 0
    assert "acme.line(count=16)" in capsys.readouterr().out


def test_overrides_reach_its_arguments(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", spec, "--plugin", "acme", "--set", "train.data.count=4", "--as", "resolved"]) == 0
    assert "acme.line(count=4)" in capsys.readouterr().out


def test_its_decoder_serves(acme: None) -> None:
    from netspec.source import Source

    model = netspec.compile(Source("m.net", SERVED), plugins=["acme"])
    assert [plan.decoder.op_name() for plan in model.serves] == ["acme.first"]


def test_schema_and_reference(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "acme.fast_dense", "--plugin", "acme"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["op"] == {"const": "acme.fast_dense"}
    assert schema["properties"]["features"]["description"] == "Number of outputs."
    assert main(["schema", "acme.fast_dense"]) == 2
    assert main(["docs", "-o", "pages", "--plugin", "acme"]) == 0
    assert [file.name for file in Path("pages").iterdir()] == ["acme.md"]
    page = Path("pages/acme.md").read_text()
    for text in (
        "# Plugin acme",
        "### acme.fast_dense",
        "| `features` | `int` |  | Number of outputs. |",
        "f32[2, 3]",
        "### acme.table.attend",
    ):
        assert text in page, text
