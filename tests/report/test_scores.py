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


TAGGER = """netspec 1
model Tagger {
  input words: i32[B, T]
  output logits = words -> embed(12, 6) -> dense(5)
}
train Tagger {
  data = conllu("t.conllu", tag="UPOS", size=12, tags=5, min_count=2) -> bucket_by_length([4]) -> shuffle -> batch(4)
  loss = softmax_cross_entropy(logits, tag, mask=words != 0)
  optimizer = adam(0.05)
  duration = 12 epochs
  eval { data = conllu("t.conllu", tag="UPOS") -> bucket_by_length([4]) -> batch(4) }
}
"""
FORMS_AND_TAGS = {"the": "DET", "cat": "NOUN", "barks": "VERB", "runs": "VERB", "dog": "NOUN"}


def treebank() -> list[list[tuple[str, str]]]:
    """Sentences of a tongue in which `runs` is now and then a noun, and one word stands only once."""
    made = [[(form, FORMS_AND_TAGS[form]) for form in ("the", ("cat", "dog")[k % 2], ("barks", "runs")[k % 3 == 0])] for k in range(9)]
    return [*made, [("dog", "NOUN"), ("runs", "VERB")], [("the", "DET"), ("runs", "NOUN"), ("zebra", "VERB"), ("the", "DET")]]


def test_the_worst_sentences_of_a_tagger_are_those_of_plain_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentence by sentence: the mean loss of its words, which of them are wrong, and what a page says of them."""
    pytest.importorskip("plotly")
    monkeypatch.chdir(tmp_path)
    line = "{}\t{}\t_\t{}\t_\t_\t_\t_\t_\t_"
    texts = ["\n".join(line.format(k, form, tag) for k, (form, tag) in enumerate(one, 1)) for one in treebank()]
    Path("t.conllu").write_text("\n\n".join(texts) + "\n\n")
    Path("t.net").write_text(TAGGER)
    assert main(["train", "t.net", "--data", ".", "--out", "run"]) == 0
    loaded = netspec.load("run")
    program = loaded.program
    assert program.plan is not None
    use = outcomes.find_use(program.plan)
    feed = program.evaluation_feed(None, tmp_path)
    assert use is not None and feed is not None and use.field == "tag"
    found, names = outcomes.measure(program, loaded.state, feed, use), outcomes.name_classes(program, use)
    assert sorted(names) == ["4", "DET", "NOUN", "VERB", "_"]
    expected = {}
    forms = [[form for form, _ in sentence] for sentence in treebank()]
    ids = program.plan.data.dataset.encoded({"words": forms}, program.learned["conllu"])["words"]
    padded = np.array([[*row, *[0] * (4 - len(row))] for row in ids], np.int32)
    scores = np.asarray(program.predict(loaded.state, words=padded)["logits"], np.float64)
    for number, sentence in enumerate(treebank()):
        logits = scores[number, : len(sentence)]
        chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        labels, said = [names.index(tag) for _, tag in sentence], chances.argmax(-1).tolist()
        if labels != said:
            wrong = {k for k, (label, other) in enumerate(zip(labels, said, strict=True)) if label != other}
            expected[number] = -np.log(chances[np.arange(len(labels)), labels]).mean(), wrong
    assert 10 in expected and {e.index: set(s.place for s in e.slips) for e in found.errors} == {n: w for n, (_, w) in expected.items()}
    assert [e.loss for e in found.errors] == pytest.approx(sorted((loss for loss, _ in expected.values()), reverse=True), rel=1e-4)
    assert all([s.sure for s in e.slips] and e.places == list(range(len(treebank()[e.index]))) for e in found.errors)
    assert main(["report", "run", "--data", ".", "-o", "page.html"]) == 0
    words = require_harmless(Path("page.html").read_text("utf-8")).words
    assert "the runs <unknown> the" in words and f"{len(expected[10][1])} of 4 wrong; example 10" in words
    assert "1runsNOUNVERB" in words
