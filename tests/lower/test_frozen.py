"""What is frozen stays whole: statistics of a frozen layer do not move, and it normalises by them. A shared one moves its own once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lower.specs import program

RNG = np.random.default_rng(0)
X, T = (RNG.normal(size=(8, 4)) * 5 + 20).astype("f4"), RNG.normal(size=8).astype("f4")
SPEC = """block Body {{
  input x: f32[B, D]
  y = x -> dense(4) -> norm: batch_norm(momentum=0.5{affine})
  output x + relu(y)
}}
model M {{
  input x: f32[B, 4]
  h = x -> first: Body
  repeat 4 {{ h = h -> deep: Body }}
  output y = (h -> head: dense(1))[:, 0]
}}
train M {{
  data = arrays(fields={{x: f32[4], t: f32[]}}) -> batch(8)
  {optimizer}
  duration = 4 epochs
}}
"""
NAMES = ["first", *(f"deep_{i}" for i in range(4))]


def moved(optimizer: str, affine: str = "", repeat: str | None = None) -> list[str]:
    """The blocks whose statistics a step moves."""
    made = program(SPEC.format(optimizer=optimizer, affine=affine), precision="f32", repeat=repeat)
    state = made.init(0)
    before = made.unpack(state)["buffers"]
    after = made.unpack(made.train_step(state, {"x": X, "t": T})[0])["buffers"]
    return [name for name in NAMES if not np.array_equal(before[name]["norm"]["mean"], after[name]["norm"]["mean"])]


TWO = """update a {{ loss = mean_squared_error(y, t); params = "{one}"; optimizer = sgd(0.1) }}
  update b {{ loss = mean_squared_error(y, t); params = "{other}"; optimizer = {optimizer} }}"""
LOSS = "loss = mean_squared_error(y, t)\n  "
CASES: dict[str, tuple[str, list[str]]] = {
    "nothing": (LOSS + "optimizer = sgd(0.1)", NAMES),
    "one": (LOSS + 'optimizer = sgd(0.1) -> freeze("first/**")', NAMES[1:]),
    "all of a loop": (LOSS + 'optimizer = sgd(0.1) -> freeze("deep/**")', NAMES[:1]),
    "some of a loop": (LOSS + 'optimizer = sgd(0.1) -> freeze("deep_1/**") -> freeze("deep_3/**")', ["first", "deep_0", "deep_2"]),
    "only kernels": (LOSS + 'optimizer = sgd(0.1) -> freeze("**/kernel")', NAMES),
    "a group": (LOSS + 'optimizer = groups({"first/**": freeze(), else: sgd(0.1)})', NAMES[1:]),
    "all but the head": (LOSS + 'optimizer = groups({"head/**": adam(0.1), else: freeze()})', []),
    "an update for the head": ('update a { loss = mean_squared_error(y, t); params = "head/**"; optimizer = sgd(0.1) }', []),
    "two updates": (TWO.format(one="head/**", other="deep/**", optimizer="sgd(0.1)"), NAMES[1:]),
    "one of two frozen": (TWO.format(one="head/**", other="deep/**", optimizer="freeze()"), []),
}


@pytest.mark.parametrize("name", CASES)
def test_statistics_of_frozen_layers_stay(name: str) -> None:
    optimizer, wanted = CASES[name]
    assert moved(optimizer, repeat="scan") == wanted
    if name in ("some of a loop", "one of two frozen"):
        assert moved(optimizer, repeat="unroll") == wanted
        assert moved(optimizer, ", scale=false, bias=false", "scan") == wanted


def test_a_frozen_layer_works_as_in_eval() -> None:
    text = SPEC.format(optimizer=LOSS + 'optimizer = sgd(0.1) -> freeze("**")', affine="")
    made = program(text, precision="f32")
    state = made.init(0)
    loss = float(np.mean((np.asarray(made.apply(state, x=X)["y"]) - T) ** 2))
    assert made.finish(made.train_step(state, {"x": X, "t": T})[1])["loss"] == pytest.approx(loss, rel=1e-5)


SHARED = """block Count {{
  input x: f32[B, D]
  buffer calls: f32[] = zeros
  buffer whole: i32[] = zeros
  when train {{ calls = calls + 1; whole = whole + 1 }}
  output x + 0 * calls + cast(0 * whole, f32)
}}
model M {{
  input x: f32[B, 4]
  shared counter = Count
  shared norm = batch_norm(momentum=0.5)
  y = x -> counter
  {body}
  output y = y -> dense(1)
}}
train M {{
  data = arrays(fields={{x: f32[4], t: f32[1]}}) -> batch(8)
  loss = mean_squared_error(y, t)
  optimizer = sgd(0.1)
  duration = 1 step
}}
"""


def after_a_step(body: str, repeat: str | None = None) -> dict[str, Any]:
    made = program(SHARED.format(body=body), precision="f32", repeat=repeat)
    return made.unpack(made.train_step(made.init(0), {"x": X, "t": T[:, None]})[0])["buffers"]


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_a_shared_layer_moves_its_buffers_once_in_a_step(repeat: str) -> None:
    found = after_a_step("y = y -> counter -> counter\n  repeat 3 { y = y -> counter -> dense(4) }\n  y = y -> norm", repeat)
    assert found["counter"]["calls"] == 1 and found["counter"]["whole"] == 1
    np.testing.assert_allclose(found["norm"]["mean"].shape, (4,))


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_a_shared_norm_takes_the_mean_of_its_uses(repeat: str) -> None:
    means = X.mean(0) / 2
    twice = after_a_step("y = (y -> norm) * 0 + (3 * y -> norm) * 0", repeat)["norm"]["mean"]
    np.testing.assert_allclose(twice, (means + 3 * means) / 2, rtol=1e-5)
    looped = after_a_step("repeat 4 as i { y = y + (y * (cast(i, f32) + 1) -> norm) * 0 }", repeat)["norm"]["mean"]
    np.testing.assert_allclose(looped, means * 2.5, rtol=1e-5)
    both = after_a_step("y = y + (y -> norm) * 0\n  repeat 4 as i { y = y + (y * (cast(i, f32) + 1) -> norm) * 0 }", repeat)["norm"]["mean"]
    np.testing.assert_allclose(both, means * 11 / 5, rtol=1e-5)
