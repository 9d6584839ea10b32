"""`repeat n as i`: arguments that differ from pass to pass mean what they mean in a `for`, scanned and unrolled, in blocks too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from netspec.compile import check
from netspec.ir.fingerprint import ir_hash
from netspec.ir.verify import verify_all
from netspec.lower.node_scope import NodeScope
from netspec.source import Source
from tests.lower.specs import close, digits, program

SPEC = """block Layer {
  param drop: float where drop <= 0.5
  param scale: float = 1.0
  input x: f32[B, D]
  y = x -> layer_norm -> dense(D) -> drop_path(drop / 2)
  output if drop < 2 { x + scale * y + (x -> layer_norm -> dense(D) -> gaussian_noise(0.1 * (drop + scale))) } else { x }
}
model M {
  param depth: int = 4
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(6)
  repeat depth as i { x = x -> Layer(0.5 * i / (depth - 1), scale=1 / (1 + i)) }
  repeat depth as i {
    rate = 0.75 - 0.25 * i
    x = x + (x -> dense(6) -> dropout(rate)) * (-0.1 * i**2)
  }
  output logits = x -> dense(10)
}
train M {
  data = digits() -> batch(8)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""
WRITTEN_OUT = SPEC.replace("repeat depth as i", "for i in range(depth)")


@pytest.fixture
def known_draws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same numbers for all draws of one shape, wherever they are drawn: a `for` and a `repeat` draw others."""

    def draw(_: Any, kind: str, shape: tuple[int, ...]) -> Any:
        x = jnp.sin(1.7 * jnp.arange(np.prod(shape)).reshape(shape))
        return x if kind == "normal" else (1 + x) / 2

    monkeypatch.setattr(NodeScope, "_draw", draw)
    monkeypatch.setattr(NodeScope, "bernoulli", lambda scope, probability, shape: draw(scope, "uniform", shape) < probability)
    with jax.enable_x64(True):
        yield


def trained(text: str, repeat: str | None) -> Any:
    """The parameters after three steps, and the outputs for a batch."""
    made = program(text, repeat=repeat)
    verify_all(made.typed)
    state = made.init()
    for step in range(3):
        state, _ = made.train_step(state, digits(8, step))
    return {**made.unpack(state)["params"], "logits": made.apply(state, image=digits(4)["image"])["logits"]}


def test_they_are_what_they_are_in_a_for(known_draws: None) -> None:
    scanned, unrolled, written = trained(SPEC, "scan"), trained(SPEC, "unroll"), trained(WRITTEN_OUT, None)
    close(scanned, unrolled, 1e-9)
    close(scanned, written, 1e-6)
    assert np.isfinite(scanned["logits"]).all()


def test_draws_are_the_same_scanned_and_unrolled() -> None:
    """One step, whose statistics tell what was dropped."""
    with jax.enable_x64(True):
        made = [program(SPEC, repeat=repeat) for repeat in ("scan", "unroll")]
        found = [each.finish(each.train_step(each.init(), digits(8))[1])["loss"] for each in made]
        np.testing.assert_allclose(*found, 1e-12)


def test_the_fingerprint_knows_them() -> None:
    def hashed(text: str) -> str:
        found = check(Source("m.net", f"netspec 1\n{text}"))
        assert found.typed is not None and found.ok
        return ir_hash(found.typed)

    assert (
        len({hashed(text) for text in (SPEC, SPEC.replace("0.75 - 0.25 * i", "0.75 - 0.2 * i"), SPEC.replace("drop / 2", "drop / 3"))}) == 3
    )


TWO = """netspec 1
model M {
  input x: f32[B, 4]
  y = x
  repeat 2 as j { repeat 5 as i { y = y * 0.5 + (i * 10 + j) * x + (i - j) / (j + 1) * (j + i) } }
  output z = y
}
"""


def test_indices_of_two_repeats_go_together() -> None:
    """In one expression they are what they are in two `for`s."""
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    texts = TWO, TWO.replace("repeat 2 as j", "for j in range(2)").replace("repeat 5 as i", "for i in range(5)")
    programs = [netspec.compile(text) for text in texts]
    found = [np.asarray(each.apply(each.init(0), x=x)["z"]) for each in programs]
    np.testing.assert_allclose(found[0], found[1], 1e-6)


def test_every_pass_of_two_repeats_is_checked() -> None:
    text = TWO.replace("(i * 10 + j) * x", "(x -> drop_path(0.2 * i + RATE * j))")
    assert check(Source("m.net", text.replace("RATE", "0.15"))).ok
    (problem,) = check(Source("m.net", text.replace("RATE", "0.3"))).problems
    assert "not the number `1.1" in problem.message()


def test_an_index_is_no_tensor_with_axes() -> None:
    (problem,) = check(Source("m.net", TWO.replace("(i * 10 + j)", "max(i, 2)"))).problems
    assert problem.slug() == "repeat-index" and problem.at.text == "i"
