"""Metrics of several numbers: trained, written, read back and printed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.spec_error import SpecError
from netspec.diagnostics.training.metrics import MetricOfSeveral
from netspec.library.data.datasets.csv import Csv
from netspec.library.data.datasets.digits import Digits
from netspec.library.data.datasets.image_folder import ImageFolder
from netspec.shape import TensorType
from netspec.source import Source
from netspec.train.metric_tables import table
from netspec.train.metrics_log import Log, Record
from netspec.train.progress import numbers

SPEC = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}
train M {
  data = digits() -> batch(128)
  loss = softmax_cross_entropy(logits, label)
  metric confusion = confusion_matrix(logits, label)
  metric found = recall(logits, label, average="none")
  metric missed = 1 - recall(logits, label)
  optimizer = adam(0.01)
  duration = 1 epoch
}
"""


def test_a_matrix_is_trained_written_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.net").write_text(SPEC)
    assert main(["train", str(tmp_path / "m.net"), "--out", str(tmp_path / "run")]) == 0
    trained = capsys.readouterr().out
    assert main(["eval", str(tmp_path / "run"), "--part", "test"]) == 0
    evaluated = capsys.readouterr().out
    run = netspec.load(tmp_path / "run")
    data = Digits(part="test").load(None)
    said = np.asarray(run.predict(image=data["image"])["logits"]).argmax(-1)
    matrix = np.zeros((10, 10))
    np.add.at(matrix, (data["label"], said), 1)
    values = run.evaluate(part="test")
    assert values["confusion"] == matrix.tolist()
    np.testing.assert_allclose(values["found"], matrix.diagonal() / matrix.sum(1), 1e-12)
    assert values["missed"] == pytest.approx(1 - np.mean(matrix.diagonal() / matrix.sum(1)), abs=1e-6)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["metrics"]["confusion"] == matrix.tolist() and np.shape(lines[0]["metrics"]["confusion"]) == (10, 10)
    rows = [line.split() for line in evaluated.splitlines()]
    start = rows.index("confusion (rows: label, columns: prediction):".split())
    assert [[int(x) for x in row[1:]] for row in rows[start + 2 : start + 12]] == matrix.tolist()
    assert "found of each class:" in evaluated and "confusion" not in evaluated.splitlines()[0]
    assert "confusion (rows" in trained and not any("confusion" in line for line in trained.splitlines() if line.startswith("step"))


def test_one_that_is_several_is_no_loss() -> None:
    with pytest.raises(SpecError) as caught:
        netspec.compile(Source("m.net", SPEC.replace("loss = softmax_cross_entropy", "loss = confusion_matrix")))
    (problem,) = caught.value.diagnostics
    assert type(problem) is MetricOfSeveral and "f32[10, 10]" in problem.message() and "a loss" in problem.message()


def test_lists_are_left_out_of_a_line_and_come_back_from_the_log(tmp_path: Path) -> None:
    record = Record(3, 0.5, "validation", 0.25, {"matrix": [[1.0, 2.0], [0.5, math.nan]], "accuracy": 0.5}, None, 0.1)
    log = Log(tmp_path / "metrics.jsonl")
    log.add(record)
    assert json.loads(log.path.read_text())["metrics"] == {"matrix": [[1.0, 2.0], [0.5, None]], "accuracy": 0.5}
    (back,) = log.records()
    assert back.metrics["matrix"][0] == [1.0, 2.0] and math.isnan(back.metrics["matrix"][1][1])  # type: ignore[index]
    assert numbers(record.metrics) == "accuracy 0.5000"


def test_names_stand_for_the_numbers_of_classes() -> None:
    found = table("m", [[12.0, 0.0], [3.0, 4.0]], ("label", "prediction"), [["cat", "mouse"]])
    assert found == "m (rows: label, columns: prediction):\n         cat  mouse\n  cat     12      0\n  mouse    3      4"
    assert table("m", [0.5, 1.0], ("class",), [["cat", "mouse"], ["no", "yes"]]) == "m of each class:\n  0  0.5000\n  1  1.0000"
    assert table("m", [0.5, 1.0], ("output",), [["cat", "mouse"]]) == "m of each output:\n  0  0.5000\n  1  1.0000"


def test_a_wide_matrix_shows_what_is_taken_for_what() -> None:
    matrix = np.eye(100) * 50
    matrix[7, 3], matrix[2, 9] = 5, 4
    found = table("m", matrix.tolist(), ("label", "prediction"), [])
    assert found == "m (rows: label, columns: prediction): 100 rows, 100 columns\n  7 as 3: 5\n  2 as 9: 4"
    assert table("m", list(np.linspace(0, 1, 1000)), ("class",), []) == "m: 1000 numbers, 0 to 1"


def test_data_tell_the_names_that_they_know() -> None:
    words = Csv(file="a.csv", fields={"x": TensorType("f32"), "kind": TensorType("i32")}, classes={"kind": ("cat", "dog")})
    assert words.class_names({}) == {"kind": ("cat", "dog")}
    assert ImageFolder(folder="train").class_names({"classes": ["a", "b"]}) == {"label": ["a", "b"]}
    assert ImageFolder(folder="train").class_names({}) == {} == Digits().class_names({})
