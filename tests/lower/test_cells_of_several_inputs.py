"""Cells that take several inputs at each step: the same as one that takes all of them joined, also while it generates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.compile import check, compile
from netspec.ir.verify import verify_all
from netspec.source import Source
from tests.lower.generating import program, state, step_by_step

CELLS = """netspec 1
block Two {
  input x: f32[B, D]
  input gate: f32[B, 3]
  state h: f32[B, 3] = zeros
  h = sigmoid(gate) * h + (x -> dense(3))
  output h
}
block Joined {
  input both: f32[B, 7]
  state h: f32[B, 3] = zeros
  h = sigmoid(both[:, 4:]) * h + (both[:, :4] -> dense(3))
  output h
}
"""
MODEL = """
model M {
  input x: f32[B, T, 4]
  input gate: f32[B, T, 3]
  input n: i32[B]
  output y = GIVEN -> LAYER
}
"""
LAYERS = ["rnn(CELL, lengths=n, initial={h: gate[:, 0]})", "rnn(CELL, reverse=true, lengths=n)", "bidirectional(CELL, lengths=n)"]
RNG = np.random.default_rng(5)
INPUTS = {"x": RNG.normal(size=(3, 6, 4)), "gate": RNG.normal(size=(3, 6, 3)), "n": np.array([6, 2, 4], np.int32)}


@pytest.mark.parametrize("layer", LAYERS)
def test_several_are_all_of_them_joined(layer: str) -> None:
    made = []
    for given, cell in (("(x, gate)", "Two"), ("concat([x, gate], axis=-1)", "Joined")):
        model = compile(Source("m.net", CELLS + MODEL.replace("GIVEN", given).replace("LAYER", layer.replace("CELL", cell))))
        verify_all(model.typed)
        tree, rng = model.unpack(model.init(3))["params"], np.random.default_rng(1)
        values = rename(tree, lambda leaf, rng=rng: rng.normal(size=leaf.shape).astype("float32"))
        given_inputs = {name: x.astype("float32") if name != "n" else x for name, x in INPUTS.items()}
        made.append(model.apply({"params": values, "buffers": {}}, **given_inputs)["y"])
    np.testing.assert_allclose(made[0], made[1], 1e-5, 1e-5)
    assert np.abs(made[0]).max() > 0.1


def rename(tree: Any, draw: Any) -> Any:
    """The tree with other numbers, drawn in the order of its names."""
    return {name: rename(tree[name], draw) for name in sorted(tree)} if isinstance(tree, dict) else draw(tree)


def test_layers_hear_the_one_below_and_the_others() -> None:
    text = CELLS + MODEL.replace("GIVEN", "(x, gate)").replace("LAYER", "rnn(Two, layers=2)")
    stacked = compile(Source("m.net", text))
    by_hand = compile(Source("m.net", text.replace("(x, gate) -> rnn(Two, layers=2)", "((x, gate) -> rnn(Two), gate) -> rnn(Two)")))
    given = {"x": INPUTS["x"].astype("float32"), "gate": INPUTS["gate"].astype("float32"), "n": INPUTS["n"]}
    tree = stacked.unpack(stacked.init(3))
    moved = {"params": {f"rnn_{k}": tree["params"]["rnn_0"][f"layer_{k}"] for k in range(2)}, "buffers": {}}
    np.testing.assert_allclose(stacked.apply(tree, **given)["y"], by_hand.apply(moved, **given)["y"], 1e-6, 1e-6)


@pytest.mark.parametrize(
    ("call", "slug", "words"),
    [
        ("x -> rnn(Two)", "missing-input", "give `rnn` a sequence for each: `(x, gate) -> rnn(Two(…))`"),
        ("(x, gate, x) -> rnn(Two)", "too-many-inputs", "its inputs are `x`, `gate`"),
        ("(x, gate) -> rnn(gru_cell(4))", "too-many-inputs", "its input is `x`"),
        ("(x, gate[:, 1:]) -> rnn(Two)", "unfit-shape", "`gate` of `rnn` is f32[B, T - 1, 3]"),
    ],
)
def test_what_does_not_go_together(call: str, slug: str, words: str) -> None:
    text = CELLS + MODEL.replace("GIVEN -> LAYER", call).replace("T, 4]", "T, 4]\n  dim T >= 2")
    (problem,) = (p for p in check(Source("m.net", text)).problems if p.severity == "error")
    assert problem.slug() == slug and words in f"{problem.message()} {problem.help()}"


GENERATES = """
block Two {
  input x: f32[B, D]
  input gate: f32[B, D]
  state h: f32[B, D] = zeros
  h = sigmoid(gate) * h + x
  output h
}
model M {
  input tokens: i32[B, T]
  x = tokens -> embed(11, 8)
  x = x + ((x -> dense(8), x -> dense(8)) -> rnn(Two))
  x = x + (x -> dense(8) -> linear_recurrence(decay=x -> dense(8) -> sigmoid))
  x = x + (x -> rms_norm -> self_attention(2, kv_heads=1, causal=true, rotary=rope(theta=30.0)))
  output logits = x -> dense(11)
}
"""


def test_they_generate_step_by_step() -> None:
    """Beside what fades and what turns by its place: each remembers what it has to."""
    made = program(GENERATES, "greedy(logits, start=2, stop=1, limit=7)")
    variables, begin = state(made), np.array([[2, 4], [5, 3]], np.int32)
    found = made.decode(variables, tokens=begin)["tokens"]
    for row in range(2):
        assert found[row].tolist() == step_by_step(made, variables, begin[row], 7, 1, False)
