"""Rows of a batch in another order: what is refused of them, what is a way out, and that it is one."""

from __future__ import annotations

import numpy as np
import pytest

import netspec
from netspec.compile import check
from netspec.source import Source

PAIRS = """netspec 1
model M {
  input x: f32[B, 8]
  output z = x -> dense(4)
}
train M {
  data = arrays(fields={x: f32[8], label: i32[], perm: i32[]}, validation=none) -> batch(8)
  let strangers = PICK
  loss = mean_squared_error(z, strangers)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""
MIXED = """netspec 1
model Mixed {
  input x: f32[B, 4]
  h = x
  when train {
    order = random_permutation(B)
    h = 0.7 * h + 0.3 * h[order]
    output other = order
  }
  output logits = h -> dense(3)
}
train Mixed {
  data = arrays(fields={x: f32[4], label: i32[]}) -> batch(6)
  loss = LOSS
  let number = cast(other, f32)
  metric places = mean(number * cast(iota(B), f32))
  metric squares = mean(number * number)
  metric cubes = mean(number * number * number)
  optimizer = sgd(0.1)
  duration = 3 steps
}
"""
LOSS = "0.7 * softmax_cross_entropy(logits, label) + 0.3 * softmax_cross_entropy(logits, label[other])"


def said(text: str) -> list[str]:
    return [problem.slug() for problem in check(Source("m.net", text)).problems]


def test_an_order_out_of_the_data_is_refused_with_the_way_out() -> None:
    (problem,) = check(Source("m.net", PAIRS.replace("PICK", "z[perm]"))).problems
    assert problem.slug() == "picks-rows-of-the-batch" and "`z[random_permutation(B)]`" in str(problem.help())
    (problem,) = check(Source("m.net", PAIRS.replace("PICK", "z[randperm(B)]"))).problems
    assert "random_permutation" in str(problem.help())


@pytest.mark.parametrize(
    "pick",
    ["z[random_permutation(B)]", "gather(z, random_permutation(B))", "z[random_permutation(B), :]", "take_along_axis(z, ORDER, axis=0)"],
)
def test_the_way_out_is_one(pick: str) -> None:
    order = "broadcast_to(random_permutation(B)[:, none], [B, 4])"
    assert said(PAIRS.replace("PICK", pick.replace("ORDER", order)).replace(", perm: i32[]", "")) == []


def test_mixtures_of_examples_train() -> None:
    """Image and label of the same stranger; a new order at each step, of which each row is one."""
    spec = MIXED.replace("LOSS", LOSS)
    assert said(spec) == []
    program = netspec.compile(Source("m.net", spec))
    batch = {"x": np.eye(6, 4, dtype=np.float32), "label": np.array([0, 1, 2, 0, 1, 2], np.int32)}
    state, places = program.init(0), set()
    for _ in range(4):
        state, statistics = program.train_step(state, batch)
        found = program.finish(statistics)
        assert found["squares"] == pytest.approx(55 / 6) and found["cubes"] == pytest.approx(225 / 6)
        places.add(found["places"])
    assert len(places) > 1
