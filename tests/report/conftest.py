"""Two small runs to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.cli.main import main

pytest.importorskip("plotly")

SPEC = """netspec 1

block Head {
  param classes: int
  input x: f32[B, D]
  output x -> dense(classes)
}

model Digits {
  param width: int = 8
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(width) -> relu -> Head(10)
}

train Digits {
  data = digits() -> shuffle -> batch(64)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = adam(0.01)
  duration = 3 epochs
}
"""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run, and one with another width."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "digits.net").write_text(SPEC)
    for name, width in (("narrow", "8"), ("wide", "16")):
        assert main(["train", str(folder / "digits.net"), "--set", f"width={width}", "--out", str(folder / name)]) == 0
    return folder / "narrow", folder / "wide"


@pytest.fixture(scope="session")
def report(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of both."""
    path = tmp_path_factory.mktemp("pages") / "report.html"
    assert main(["report", *map(str, runs), "-o", str(path)]) == 0
    return path
