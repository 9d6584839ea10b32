"""Predictions for examples as a person has them: a run alone makes tokens of texts, ids of words, and what else its chain does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source
from tests.library.text_files import conllu, sentences

WORDS = """netspec 1
model Words {
  dim T <= 20
  input words: i32[B, T]
  output tag_logits = words -> embed(100, 4) -> dense(40)
}
train Words {
  data = conllu("train.conllu", size=100) -> bucket_by_length([8, 20]) -> shuffle -> batch(20)
  loss = softmax_cross_entropy(tag_logits, tag, mask=words != 0)
  optimizer = sgd(0.1)
  duration = 1 step
}
"""
TEXTS = """netspec 1
model Texts {
  dim T >= 2
  input tokens: i32[B, T]
  input segment: i32[B, T]
  output logits = tokens -> embed(280, 4) -> self_attention(2, causal=true, segments=segment) -> dense(280)
}
train Texts {
  data = text_lines("train.txt") -> bpe(280) -> pack(32) -> batch(20)
  loss = softmax_cross_entropy(logits[:, :-1], tokens[:, 1:], mask=segment[:, 1:] > 0)
  optimizer = sgd(0.1)
  duration = 1 step
}
"""
IMAGES = """netspec 1
model Images {
  input x: f32[B, 8, 8, 1]
  output logits = x -> flatten -> dense(10)
}
train Images {
  data = digits() -> normalize(0.5, 0.25) -> rename(image="x") -> CHAINbatch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 step
}
"""


def run(text: str, tmp_path: Path, **options: Any) -> Any:
    netspec.compile(Source("m.net", text.replace("CHAIN", ""))).fit(out=tmp_path / "run", **options)
    return netspec.load(tmp_path / "run", "last")


def test_words_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "train.conllu").write_text(conllu(sentences(60)), encoding="utf-8")
    found = run(WORDS, tmp_path, folder=tmp_path)
    known = found.program.learned["conllu"]["words"]
    ours = found.predict(words=[["the", "king", "sees"], ["zebra"]])["tag_logits"]
    ids = np.zeros((2, 8), np.int32)
    ids[0, :3] = [known.index(word) + 2 for word in ("the", "king", "sees")]
    ids[1, 0] = 1
    np.testing.assert_array_equal(ours, found.predict(words=ids)["tag_logits"])
    assert found.predict(words=[["the"] * 17])["tag_logits"].shape == (1, 20, 40), "not wider than the model takes"


def test_texts_become_tokens(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("\n".join(sentences(60)), encoding="utf-8")
    found = run(TEXTS, tmp_path, folder=tmp_path)
    (tmp_path / "train.txt").unlink()
    ours = found.predict(text=["the king sees the ship", "é"])["logits"]
    assert ours.shape[0] == 2 and ours.shape[2] == 280
    import tokenizers

    made = tokenizers.Tokenizer.from_str(found.program.learned["bpe"]["tokenizer"])
    tokens = [*made.encode("the king sees the ship").ids, 1]
    alone = found.predict(tokens=np.array([tokens], np.int32), segment=np.ones((1, len(tokens)), np.int32))["logits"]
    np.testing.assert_allclose(ours[0, : len(tokens)], alone[0], rtol=1e-5, atol=1e-6)


def test_texts_from_python_train_an_encoding_of_their_own() -> None:
    model = netspec.compile(Source("m.net", TEXTS.replace("batch(20)", "batch(2)")))
    fit = model.fit({"text": sentences(40)}, validation={"text": list(sentences(8, 1))})
    assert fit.metrics["loss"] == pytest.approx(np.log(280), abs=1) and fit.program.learned["bpe"]["tokenizer"]
    assert fit.predict(text=["the ship"])["logits"].shape == (1, 8, 280)


def test_images_go_through_the_chain(tmp_path: Path) -> None:
    found = run(IMAGES, tmp_path)
    images = np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(
        found.predict(image=images)["logits"], found.predict(x=(images - np.float32(0.5)) / np.float32(0.25))["logits"]
    )


def test_what_does_not_fit(tmp_path: Path) -> None:
    found = run(IMAGES, tmp_path)
    for given in ({"image": np.zeros((5, 8, 8), np.float32)}, {"image": [["a"]]}, {"picture": np.zeros((5, 8, 8, 1), np.float32)}, {}):
        with pytest.raises(SpecError):
            found.predict(**given)
    with pytest.raises(SpecError) as caught:
        found.predict(label=[1, 2])
    assert [p.slug() for p in caught.value.diagnostics] == ["missing-array"]
