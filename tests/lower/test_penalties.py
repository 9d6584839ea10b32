"""`l1` and `l2` of parameters in a loss, stacked and unstacked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

from tests.lower.specs import close, digits, paths, program

SPEC = """block Layer {
  input x: f32[B, D]
  output x + (x -> dense(D) -> relu)
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(5)
  LOOP
  output logits = x -> dense(10)
}
train M {
  data = digits() -> batch(4)
  loss = softmax_cross_entropy(logits, label) + PENALTY
  metric penalty = PENALTY
  optimizer = sgd(0.1)
  duration = 20 steps
}
"""
STACKED, APART = "repeat 4 { x = x -> Layer }", "for i in range(4) { x = x -> Layer }"
KERNELS = 'l2(params("**/kernel"))'


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def made(penalty: str, loop: str = STACKED) -> Any:
    return program(SPEC.replace("PENALTY", penalty).replace("LOOP", loop))


@pytest.mark.parametrize(
    ("penalty", "chosen", "function"),
    [
        (KERNELS, lambda path: path.endswith("kernel"), lambda x: 0.5 * np.sum(x * x)),
        ('l1(params("Layer_2/**"))', lambda path: path.startswith("Layer_2"), lambda x: np.sum(abs(x))),
        ('l2(params("dense_1/bias"), params("dense_1/*"))', lambda path: path.startswith("dense_1"), lambda x: 0.5 * np.sum(x * x)),
        ('(params("Layer/**/bias") -> l2)', lambda path: path.startswith("Layer") and "bias" in path, lambda x: 0.5 * np.sum(x * x)),
    ],
)
def test_of_the_chosen_parameters(penalty: str, chosen: Any, function: Any) -> None:
    p = made(penalty)
    weights = jax.tree.map(lambda x: x + 0.1, p.unpack(p.init(1)))
    wanted = sum(function(x) for path, x in paths(weights["params"]).items() if chosen(path))
    found = p.finish(p.eval_step(p.pack(weights), {**digits(4), "example weights": np.array([1.0, 0.5, 0.0, 2.0])}), "eval")
    assert found["penalty"] == pytest.approx(wanted, rel=1e-12)


def test_its_gradient_is_the_parameter() -> None:
    with_, without = made(f"0.3 * {KERNELS}"), made(f"0.0 * {KERNELS}")
    weights = with_.unpack(with_.init(1))
    one, other = (paths(p.unpack(p.train_step(p.pack(weights), digits(4))[0])["params"]) for p in (with_, without))
    for path, x in paths(weights["params"]).items():
        np.testing.assert_allclose(other[path] - one[path], 0.1 * 0.3 * x if path.endswith("kernel") else 0 * x, 1e-9, 1e-12)


@pytest.mark.parametrize("penalty", [f"0.1 * {KERNELS}", '0.1 * l1(params("Layer_1/**"))'])
def test_the_same_trajectory_stacked_and_unstacked(penalty: str) -> None:
    ends = []
    for loop in (STACKED, APART):
        p = made(penalty, loop)
        state = p.init(1)
        for k in range(3):
            state, statistics = p.train_step(state, digits(4, seed=k))
        ends.append((p.unpack(state), p.finish(statistics)))
    close(ends[0][0], ends[1][0], 1e-12)
    assert ends[0][1] == pytest.approx(ends[1][1])
