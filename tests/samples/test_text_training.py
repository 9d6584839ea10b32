"""The `train` sections of the samples on text do what they say, in small sizes and on small files; a run keeps what it learned of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.spec_error import SpecError
from netspec.train import data_marks, learned_vocabularies
from tests.library.text_files import conllu, sentences, spm_model

HERE = Path(__file__).parent
SIZES = {
    "lm1b": {"vocab": 60, "d": 8, "heads": 2, "mlp": 8, "layers": 1, "train.duration": "3 steps", "train.data.batch.size": 4},
    "gpt2": {"vocab": 300, "context": 16, "d": 12, "train.duration": "2 steps", "train.data.batch.size": 4, "train.accumulate": 2}
    | {"train.data.bpe.size": 300, "train.data.pack.length": 16},
    "tagger": {"train.duration": "3 steps", "train.data.batch.size": 8, "train.eval.every": "2 steps"},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with what the three samples read."""
    home = tmp_path / "data"
    home.mkdir()
    train, test = sentences(200), sentences(30, 1)
    for name, texts in (("train", train), ("corpus", train), ("test", test)):
        (home / f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (home / "spm.model").write_bytes(spm_model(60, train))
    (home / "train.conllu").write_text(conllu(train), encoding="utf-8")
    (home / "dev.conllu").write_text(conllu((*test, "the zebra sees the unseen words")), encoding="utf-8")
    return home


def losses(fit: Any, split: str) -> list[float]:
    return [record.loss for record in fit.history if record.split == split]


@pytest.mark.slow
def test_lm1b_packs_its_sentences_and_is_evaluated_on_whole_ones(data: Path, tmp_path: Path) -> None:
    fit = netspec.compile(HERE / "lm1b.net", set=SIZES["lm1b"]).fit(folder=data, out=tmp_path / "run")
    assert np.log(60) - 1 < losses(fit, "train")[0] < np.log(60) + 3
    shutil.rmtree(data)
    data.mkdir()
    (data / "test.txt").write_text("\n".join(sentences(30, 1)), encoding="utf-8")
    run = netspec.load(tmp_path / "run", "last")
    assert run.evaluate(folder=data) == pytest.approx(fit.metrics), "the tokenizer is part of the run"
    assert run.evaluate(folder=data)["perplexity"] == pytest.approx(np.exp(fit.metrics["loss"]), rel=1e-4)


@pytest.mark.slow
def test_gpt2_learns_its_own_encoding(data: Path) -> None:
    fit = netspec.compile(HERE / "gpt2.net", set=SIZES["gpt2"]).fit(folder=data)
    assert all(abs(loss - np.log(300)) < 0.5 for loss in losses(fit, "train"))
    tokens = json.loads(fit.program.learned["bpe"]["tokenizer"])["model"]["vocab"]
    assert 258 < len(tokens) <= 300 and tokens["<pad>"] == 0


@pytest.mark.slow
def test_the_tagger_uses_the_words_of_training_in_evaluation(data: Path, tmp_path: Path) -> None:
    model = netspec.compile(HERE / "tagger.net", set=SIZES["tagger"])
    fit = model.fit(folder=data, out=tmp_path / "run")
    assert len(losses(fit, "validation")) == 2 and all(np.isfinite(losses(fit, "validation")))
    known = learned_vocabularies.read_learned(tmp_path / "run", model.plan)["conllu"]
    assert "zebra" not in known["words"] and known["words"][0] == "the"
    assert netspec.load(tmp_path / "run", "last").evaluate(folder=data) == pytest.approx(fit.metrics)


def test_a_run_goes_on_with_the_words_it_learned(data: Path, tmp_path: Path) -> None:
    """Between the two, the file of training loses words; the ids stay those of the first."""
    run, spec = tmp_path / "run", tmp_path / "words.net"
    text = """netspec 1
    model Words {
      input words: i32[B, T]
      output tag_logits = words -> embed(100, 4) -> dense(40)
    }
    train Words {
      data = conllu("train.conllu", size=100) -> shuffle -> batch(20)
      loss = softmax_cross_entropy(tag_logits, tag, mask=words != 0)
      optimizer = sgd(0.1)
      duration = 1 epoch
      eval { data = conllu("dev.conllu") -> batch(20) }
    }
    """
    spec.write_text(text, encoding="utf-8")
    model = netspec.compile(spec)
    model.fit(folder=data, out=run)
    before = learned_vocabularies.read_learned(run, model.plan)
    (data / "train.conllu").write_text(conllu(sentences(200)[:100]), encoding="utf-8")
    with pytest.raises(SpecError, match="train.conllu: it has"):
        model.fit(folder=data, out=run, resume=True)
    (run / data_marks.NAME).unlink()
    fit = netspec.compile(spec).fit(folder=data, out=run, resume=True)
    assert learned_vocabularies.read_learned(run, model.plan) == before == fit.program.learned and before["conllu"]["words"]
    file = run / learned_vocabularies.NAME
    file.write_text(file.read_text(encoding="utf-8").replace("cat", "cut"), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        netspec.load(run)
    assert [p.slug() for p in caught.value.diagnostics] == ["run-file-damaged"]


def test_evaluating_a_state_learns_from_training_first(data: Path) -> None:
    model = netspec.compile(HERE / "tagger.net", set=SIZES["tagger"])
    feed = model.evaluation_feed(None, data)
    assert feed is not None and feed.learned["conllu"]["words"][0] == "the"
