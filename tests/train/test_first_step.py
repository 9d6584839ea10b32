"""A loss that is no number before any update: the learning rate is not blamed, and the place of the first NaN is shown."""

from __future__ import annotations

import numpy as np
import pytest

import netspec
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source

SPEC = """netspec 1
model M {
  input words: i32[B, 4]
  x = (words + 14) -> embed(17, 8)
  output logits = x -> flatten -> dense(3)
}
train M {
  data = arrays(fields={words: i32[4], label: i32[]}) -> batch(2)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 4 steps
}
"""
DATA = {"words": np.arange(32, dtype=np.int32).reshape(8, 4) % 17, "label": np.arange(8, dtype=np.int32) % 3}


def not_finite(text: str) -> LossNotFinite:
    with pytest.raises(SpecError) as caught:
        netspec.compile(Source("m.net", text)).fit(DATA)
    (problem,) = caught.value.diagnostics
    assert isinstance(problem, LossNotFinite)
    return problem


@pytest.mark.parametrize("accumulate", [1, 2])
def test_an_id_beyond_the_vocabulary_is_laid_at_the_embed(accumulate: int) -> None:
    problem = not_finite(SPEC.replace("  duration", f"  accumulate = {accumulate}\n  duration"))
    assert problem.message() == "the loss is nan at step 1, before any update."
    assert problem.at.text == "embed(17, 8)"
    assert "learning rate is not the cause" in (problem.help() or "")


def test_a_loss_that_learning_breaks_is_laid_at_the_rate() -> None:
    problem = not_finite(SPEC.replace("words + 14", "words + 0").replace("sgd(0.1)", "sgd(1e30)"))
    assert problem.step > 1 and problem.at.text == ""
    assert "lower the learning rate" in (problem.help() or "")


def test_a_nan_that_only_the_loss_makes_has_no_place_in_the_model() -> None:
    problem = not_finite(SPEC.replace("words + 14", "words + 0").replace("softmax_cross_entropy(logits, label)", "log(-square(logits))"))
    assert problem.step == 1 and problem.at.text == "" and problem.label() == ""
