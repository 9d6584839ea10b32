"""The samples' `serve` sections: sums are written and measured as whole answers, a language model writes and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.compile import program
from netspec.library.data.datasets.addition import Addition
from netspec.source import Source
from tests.architectures.build import drawn, small

HERE = Path(__file__).parent
LM1B = {"vocab": "20", "d": "16", "heads": "2", "mlp": "8", "layers": "2"}


@pytest.mark.slow
def test_sums_are_learned_as_whole_answers() -> None:
    """Of one digit, in 300 steps, measured on the pairs that were seen: the others are too few to learn the rule from."""
    text = (HERE / "seq2seq.net").read_text().replace("digits=3", "digits=1").replace("limit=6", "limit=4")
    text = text.replace('part="test"', "count=200")
    settings = {"hidden": "64", "train.duration": "300 steps", "train.eval.every": "300 steps"}
    model = program(Source("sums.net", text), None, settings)
    fit = model.fit()
    assert fit.metrics["exact"] > 0.8
    asked = Addition(digits=1, count=200).load(None)
    found = model.decode(fit.state, query=asked["query"], query_length=asked["query_length"])["answer"]
    counts = np.arange(4)[None, :] < asked["answer_length"][:, None] - 1
    assert ((found == asked["answer"][:, 1:]) | ~counts).all(1).mean() == pytest.approx(fit.metrics["exact"], abs=1e-6)


@pytest.mark.slow
def test_lm1b_writes_from_nothing_and_goes_on_from_a_beginning() -> None:
    made = small(HERE / "lm1b.net", **LM1B)
    weights = drawn(made)

    def decoded(count: int, **given: Any) -> Any:
        length = 50 + (given["tokens"].shape[1] if given else 0)
        beside = {"segment": np.ones((count, length), np.int32), "position": np.tile(np.arange(length, dtype=np.int32), (count, 1))}
        return made.decode(weights, **beside, **given)["tokens"]

    free = decoded(3)
    assert free.shape == (3, 50) and len({tuple(row) for row in free}) == 3
    begun = decoded(1, tokens=free[:1, :4])
    assert begun.shape == (1, 50) and ((begun >= 0) & (begun < 20)).all()
