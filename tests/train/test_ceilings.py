"""Ids beyond a vocabulary and labels beyond the classes are found before the first step, with the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.texts import NumberTooLarge
from netspec.diagnostics.spec_error import SpecError
from netspec.proofs.id_bounds import Bounds, find_bounds
from netspec.source import Source

TEXT = """netspec 1
block Deep {
  input ids: i32[B, T]
  x = ids[:, 1:] -> embed(12, 4)
  repeat 2 { x = x -> dense(4) }
  output x -> mean(axis=1)
}
model M {
  dim T >= 2
  input words: i32[B, T]
  e = shift_right(words) -> embed(10, 4) -> mean(axis=1)
  output logits = (e + (words -> Deep)) -> dense(3)
}
train M {
  data = arrays(fields={words: i32[T], label: i32[]}) -> CHAINbatch(2)
  loss = softmax_cross_entropy(logits, label)
  metric right = accuracy(logits, label, mask=label < 3)
  optimizer = sgd(0.1)
  duration = 1 step
}
"""


def model(chain: str = "", text: str = TEXT) -> Any:
    return netspec.compile(Source("m.net", text.replace("CHAIN", chain)))


def problems(data: dict[str, Any], **arguments: Any) -> list[Diagnostic]:
    with pytest.raises(SpecError) as caught:
        model(**arguments).fit(data)
    return list(caught.value.diagnostics)


def test_what_a_model_and_its_loss_demand() -> None:
    made = model()
    assert find_bounds(made.model, [made.plan.objective]) == [
        Bounds("words", 10, "embed", -10),
        Bounds("words", 12, "embed", -12),
        Bounds("label", 3, "softmax_cross_entropy"),
    ]


WORDS, LABEL = [[1, 2, 9], [3, 4], [5, 6]], [0, 2, 1]


def test_numbers_that_do() -> None:
    feed, *_ = model().feeds({"words": WORDS, "label": LABEL}, None, None)
    assert next(feed.training(0))["words"].shape == (2, 8)


@pytest.mark.parametrize(
    ("words", "label", "problem"),
    [
        ([[1], [3, 14, 11], [10]], LABEL, NumberTooLarge(field="words", record=1, value=14, op="embed", below=10, least=-10)),
        (WORDS, [0, 1, 3], NumberTooLarge(field="label", record=2, value=3, op="softmax_cross_entropy", below=3)),
        (np.full((3, 2), 10), LABEL, NumberTooLarge(field="words", record=0, value=10, op="embed", below=10, least=-10)),
    ],
)
def test_numbers_that_are_too_large(words: Any, label: Any, problem: Diagnostic) -> None:
    assert problems({"words": words, "label": label}) == [problem]


def test_a_field_under_another_name() -> None:
    text = TEXT.replace("{words: i32[T]", "{ids: i32[T]")
    found = problems({"ids": [[1, 12], [3]], "label": [0, 1]}, chain="rename(ids='words') -> ".replace("'", '"'), text=text)
    assert found == [NumberTooLarge(field="ids", record=0, value=12, op="embed", below=10, least=-10)]


def test_the_evaluation_is_looked_at_as_well(tmp_path: Path) -> None:
    good = {"words": WORDS, "label": LABEL}
    with pytest.raises(SpecError) as caught:
        model().fit(good, validation={"words": WORDS, "label": [0, 1, 7]})
    assert [p.slug() for p in caught.value.diagnostics] == ["number-too-large"]
