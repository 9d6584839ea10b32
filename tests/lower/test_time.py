"""Cells over time: beside flax, beside cells written in the language, and what happens at the ends of sequences."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.compile import compile
from netspec.ir.verify import verify_all
from netspec.source import Source

CELLS = {"lstm": nn.OptimizedLSTMCell, "gru": nn.GRUCell}
X = np.random.default_rng(0).normal(size=(3, 6, 4)).astype(np.float32)
LENGTHS = np.array([6, 2, 4], np.int32)


def run(body: str, blocks: str = "", **inputs: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Outputs of a model with these lines, and its parameters by logical path."""
    lines = "\n".join(f"  {line}" for line in body.splitlines())
    text = f"netspec 1\n{blocks}\nmodel M {{\n  input x: f32[B, T, 4]\n{lines}\n}}\n"
    model = compile(Source("m.net", text))
    verify_all(model.typed)
    state = model.init(3)
    return model.predict(state, **{"x": X, **inputs}), model.unpack(state)["params"]


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "lengths"])
def test_beside_flax(kind: str, reverse: bool, lengths: np.ndarray | None) -> None:
    """The same outputs and last states, with the same weights."""
    given = {} if lengths is None else {"n": lengths}
    first = "" if lengths is None else "input n: i32[B]\n"
    takes = f"5, reverse={str(reverse).lower()}, return_state=true{'' if lengths is None else ', lengths=n'}"
    names = ("h", "c") if kind == "lstm" else ("h",)
    outputs = "\n".join(f"output {n} = last.{n}" for n in names)
    found, params = run(f"{first}y, last = x -> {kind}({takes})\noutput y\n{outputs}", **given)
    layer = nn.RNN(CELLS[kind](5), reverse=reverse, keep_order=True, return_carry=True)
    tree = {"params": {"cell": jax.tree.map(jnp.asarray, params[f"{kind}_0"])}}
    carry, expected = layer.apply(tree, X, seq_lengths=lengths)
    inside = np.ones((3, 6), bool) if lengths is None else np.arange(6)[None] < lengths[:, None]
    np.testing.assert_allclose(found["y"][inside], np.asarray(expected)[inside], rtol=1e-5, atol=1e-6)
    states = {"c": carry[0], "h": carry[1]} if kind == "lstm" else {"h": carry}
    for name, state in states.items():
        np.testing.assert_allclose(found[name], state, rtol=1e-5, atol=1e-6)


WRITTEN = """
block Written {
  param features: int
  input x: f32[B, D]
  weight wx: f32[D, features] = lecun_normal
  weight wh: f32[features, features] = orthogonal
  state h: f32[B, features] = zeros
  h = tanh(x @ wx + h @ wh)
  output h
}"""


@pytest.mark.smoke
def test_a_cell_written_in_the_language() -> None:
    found, params = run("output y = x -> rnn(Written(5))", WRITTEN)
    weights, h = params["rnn_0"]["Written_0"], np.zeros((3, 5), np.float32)
    for t in range(6):
        h = np.tanh(X[:, t] @ weights["wx"] + h @ weights["wh"])
        np.testing.assert_allclose(found["y"][:, t], h, rtol=1e-5, atol=1e-6)


def test_a_cell_of_the_shelf_inside_rnn_is_the_layer_of_its_name() -> None:
    """Paths differ by the cell's own step; with the same weights the results are the same."""
    text = "netspec 1\nmodel M {{\n  input x: f32[B, T, 4]\n  output y = x -> {}\n}}\n"
    inner, layer = (compile(Source("m.net", text.format(call))) for call in ("rnn(gru_cell(5))", "gru(5)"))
    tree = inner.unpack(inner.init(1))
    moved = {**tree, "params": {"gru_0": tree["params"]["rnn_0"]}}
    np.testing.assert_array_equal(inner.apply(tree, x=X)["y"], layer.apply(moved, x=X)["y"])


def test_the_first_states_are_the_carry_of_another() -> None:
    """Two halves, the second begun with what the first ends with, are the whole."""
    head = "netspec 1\nmodel M {\n  input x: f32[B, 6, 4]\n"
    first, second = "a, last = x[:, :3] -> first: gru(5, return_state=true)", "b = x[:, 3:] -> second: gru(5, initial=last)"
    halves = compile(Source("m.net", f"{head}  {first}\n  {second}\n  output y = concat([a, b], axis=1)\n}}\n"))
    whole = compile(Source("m.net", f"{head}  output y = x -> gru(5)\n}}\n"))
    weights = whole.unpack(whole.init(2))["params"]["gru_0"]
    joined = halves.apply({"params": {"first": weights, "second": weights}, "buffers": {}}, x=X)["y"]
    expected = whole.apply({"params": {"gru_0": weights}, "buffers": {}}, x=X)["y"]
    np.testing.assert_allclose(joined, expected, rtol=1e-5, atol=1e-6)


def test_random_numbers_differ_from_step_to_step() -> None:
    noisy = "block Noisy {\n  input x: f32[B, D]\n  state h: f32[B, D] = zeros\n  h = h * 0.0 + random_normal([B, D])\n  output h\n}"
    found, _ = run("output y = x -> rnn(Noisy)", noisy)
    assert len(np.unique(found["y"])) == found["y"].size


def test_unrolling_changes_nothing() -> None:
    one, _ = run("output y = x -> gru(5)")
    two, _ = run("output y = x -> gru(5, unroll=4)")
    np.testing.assert_allclose(one["y"], two["y"], rtol=1e-6, atol=1e-7)
