"""What the numbers of a model mean, and how a report reads them: by formulas in plain NumPy, and by words that fields stand for."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.ir import DataPlan
from netspec.library.data.datasets.text_lines import TextLines
from netspec.library.data.tokenizers import Bpe
from netspec.library.data.transforms.field_names import Rename
from netspec.report import outcomes
from netspec.train.predictions.heads import find_heads
from netspec.train.predictions.scores import log_probabilities
from netspec.train.predictions.texts import Words
from tests.report.pages import require_harmless

SPEC = """netspec 1

model M {
  input x: f32[B, 4]
  logits = x -> dense(%s)
  output said = %s
}
train M {
  data = synthetic(fields={x: f32[4], label: i32[]}, below={label: %s}, count=40) -> batch(8)
  loss = %s
  optimizer = sgd(0.1)
  duration = 1 step
}
"""
FORMS = {
    "logits": ("3", "logits", "3", "softmax_cross_entropy(said, label)"),
    "probabilities": ("3", "softmax(logits)", "3", "log_loss(said, label)"),
    "log_odds": ("1", "reshape(logits, [B])", "2", "sigmoid_cross_entropy(said, label)"),
    "probabilities of yes": ("1", "sigmoid(reshape(logits, [B]))", "2", "binary_log_loss(said, label)"),
}


def test_probabilities_of_scores_in_numpy_and_in_jax() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 3)) * 4
    yes = 1 / (1 + np.exp(-logits))
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    both = np.stack([1 - yes, yes], -1)
    cases = (("logits", True, logits, chances), ("probabilities", True, chances, chances))
    for wants, per_class, scores, wanted in (*cases, ("log_odds", False, logits, both), ("probabilities", False, yes, both)):
        assert np.exp(log_probabilities(wants, per_class, scores, np)) == pytest.approx(wanted), (wants, per_class)
        assert np.exp(log_probabilities(wants, per_class, jnp.asarray(scores, jnp.float32), jnp)) == pytest.approx(wanted, rel=1e-5)
    assert np.isfinite(log_probabilities("logits", True, np.array([[0.0, 1e4]]), np)).all()
    assert np.isfinite(log_probabilities("probabilities", True, np.array([[0.0, 1.0]]), np)).all()


@pytest.mark.parametrize("form", FORMS)
def test_a_report_and_answers_read_outputs_in_one_way(form: str) -> None:
    program = netspec.compile(SPEC % FORMS[form])
    assert program.plan is not None
    use = outcomes.find_use(program.plan)
    [head] = find_heads(program.plan.objective, program.plan.data, program.model, {})
    assert use is not None and use.classes == int(FORMS[form][2]) and use.field == head.field == "label" and use.per_example
    assert (use.read.wants, use.read.per_class) == (head.wants, head.scores_classes)
    state, feed = program.init(), program.training_feed(None)
    found = outcomes.measure(program, state, feed, use)
    table = feed.arrays
    chances = head.probabilities(program.predict(state, x=table["x"])["said"])
    said = chances.argmax(-1) if head.scores_classes else (chances >= 0.5).astype(int)
    matrix = np.zeros((use.classes, use.classes), int)
    np.add.at(matrix, (table["label"], said), 1)
    assert found.matrix.tolist() == matrix.tolist() and found.examples == len(table["label"])
    wrong = np.flatnonzero(said != table["label"])
    assert len(found.errors) == min(len(wrong), 24) > 0
    own = chances if head.scores_classes else np.stack([1 - chances, chances], -1)
    for error in found.errors:
        assert error.loss == pytest.approx(-np.log(own[error.index, error.label]), rel=1e-4)
        assert error.sure == pytest.approx(own[error.index, error.said], rel=1e-4)


def test_ids_are_read_as_texts_and_names() -> None:
    pytest.importorskip("tokenizers")
    lines = TextLines(file="a.txt")
    bpe = Bpe(size=300)
    from netspec.library.data.columns import Ragged

    text = Ragged.of([np.frombuffer(line.encode(), np.uint8) for line in ("Grüße aus Ulm", "aus Bonn")])
    made, learned = bpe.learn({"text": text}, None, None)
    plan = DataPlan(lines, (bpe, Rename(names={"tokens": "ids"})), {}, 2)
    [ids, _] = made["tokens"].rows(np.arange(2))
    padded = np.concatenate([ids, np.zeros(3, np.int32)])
    words = Words(plan, {"bpe": learned or {}})
    assert words.read("ids", padded, len(ids)) == "Grüße aus Ulm"
    assert words.read("ids", np.ones(3, np.float32)) is None and words.read("other", np.arange(3)) is None
    bytes_of = Words(DataPlan(lines, (), {}, 2), {})
    assert bytes_of.read("text", np.frombuffer("ß?\0".encode(), np.uint8), 3) == "ß?"


def test_words_of_a_table_stand_beside_its_worst_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("plotly")
    monkeypatch.chdir(tmp_path)
    towns = ("Ulm", "Bonn")
    rows = "".join(f"{k % 7},{towns[k % 2]},{'no' if k % 3 else 'yes'}\n" for k in range(60))
    Path("t.csv").write_text(f"a,town,label\n{rows}")
    Path("t.net").write_text("""netspec 1
model M {
  input a: f32[B]
  input place: i32[B]
  output logits = concat([reshape(a, [B, 1]), place -> embed(4, 3)], axis=-1) -> dense(2)
}
train M {
  data = csv("t.csv", fields={a: f32[], town: i32[], label: i32[]}, categories={town: 4}, classes={label: ["no", "yes"]}, test=0.2)
    -> rename(town="place") -> shuffle -> batch(8)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(0.01)
  duration = 2 epochs
}
""")
    assert main(["train", "t.net", "--data", ".", "--out", "run"]) == 0
    assert main(["report", "run", "-o", "page.html"]) == 0
    words = require_harmless(Path("page.html").read_text("utf-8")).words
    assert "place = Ulm" in words or "place = Bonn" in words
    assert "yes taken for no" in words or "no taken for yes" in words
