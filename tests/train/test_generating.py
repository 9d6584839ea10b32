"""A spec with `serve`, from training on: what an evaluation measures of its answers, and what a run generates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.library.data.datasets.addition import Addition

SPEC = """netspec 1

model Adder {
  param hidden: int = 24
  input query: i32[B, S]
  input query_length: i32[B]
  input answer: i32[B, T]
  _, carry = query -> one_hot(15) -> lstm(hidden, lengths=query_length, return_state=true)
  output logits = answer -> one_hot(15) -> lstm(hidden, initial=carry) -> dense(15)
}

train Adder {
  data = addition(digits=1, count=64) -> batch(32)
  let mask = iota(T - 1)[none, :] < answer_length[:, none] - 1
  loss = softmax_cross_entropy(logits[:, :-1], answer[:, 1:], mask=mask)
  optimizer = adam(0.02)
  duration = 40 steps
  eval {
    data = addition(digits=1, part="test", count=41) -> batch(32)
    every = 40 steps
    metric exact = sequence_exact(serve.answer, answer[:, 1:], mask=mask)
    metric same = mean(mean(cast(serve.answer == answer[:, 1:], f32), axis=1))
  }
}

serve Adder { answer = greedy(logits, start=2, stop=1, limit=4) }
"""
QUESTIONS = Addition(digits=1, part="test", count=41).load(None)
INPUTS = {name: QUESTIONS[name] for name in ("query", "query_length")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("generating")
    (here / "adder.net").write_text(SPEC)
    assert main(["train", str(here / "adder.net"), "--out", str(here / "run")]) == 0
    np.savez(here / "in.npz", **INPUTS)
    return here


def test_an_evaluation_measures_what_the_run_generates(folder: Path) -> None:
    run = netspec.load(folder / "run")
    values, found = run.evaluate(), run.decode(**INPUTS)["answer"]
    wanted = QUESTIONS["answer"][:, 1:]
    counts = np.arange(4)[None, :] < QUESTIONS["answer_length"][:, None] - 1
    assert values["same"] == pytest.approx((found == wanted).mean(), abs=1e-6) and values["same"] > 0.2
    assert values["exact"] == pytest.approx(((found == wanted) | ~counts).all(1).mean(), abs=1e-6)


def test_many_examples_are_decoded_in_batches(folder: Path) -> None:
    run = netspec.load(folder / "run")
    found = run.decode(**INPUTS)
    assert {name: x.shape for name, x in found.items()} == {"answer": (41, 4), "answer_length": (41,), "answer_score": (41,)}
    whole = run.program.decode(run.state, **INPUTS)
    np.testing.assert_array_equal(found["answer"], whole["answer"])
    np.testing.assert_allclose(found["answer_score"], whole["answer_score"], 1e-4)


def test_answers_go_on_from_what_is_given(folder: Path) -> None:
    run = netspec.load(folder / "run")
    begin = np.tile(np.array([[2, 6, 0]], np.int32), (41, 1))
    found = run.decode(**INPUTS, answer=begin, prefix_length=np.full(41, 2))
    same = run.decode(**INPUTS, answer=begin[:, :2])
    np.testing.assert_array_equal(found["answer"], same["answer"])


def test_predict_generates_where_the_spec_serves(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["predict", str(folder / "run"), "--input", str(folder / "in.npz")]
    assert main([*arguments, "--output", str(tmp_path / "out.npz")]) == 0
    assert capsys.readouterr().out.startswith("answer: int32[41, 4] from ")
    with np.load(tmp_path / "out.npz") as saved:
        np.testing.assert_array_equal(saved["answer"], netspec.load(folder / "run").decode(**INPUTS)["answer"])
    assert main([*arguments, "--answer", "query"]) == 1
    assert "no `serve Adder` generates `query`, only `answer`" in capsys.readouterr().err


def test_predict_gives_the_outputs_when_asked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "in.npz", **INPUTS, answer=QUESTIONS["answer"])
    assert main(["predict", str(folder / "run"), "--input", str(tmp_path / "in.npz"), "--outputs"]) == 0
    assert capsys.readouterr().out.startswith("logits: float32[41, 5, 15] from ")
