"""Stacked layers and two directions over time: beside flax, beside PyTorch's equations, and what they refuse."""

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
from tests.quick import thin

X = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
LENGTHS = np.array([6, 2, 4], np.int32)
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "simple": nn.SimpleCell, "mgu": nn.MGUCell}
MERGES = {
    "concat": lambda a, b: jnp.concatenate([a, b], -1),
    "sum": lambda a, b: a + b,
    "mean": lambda a, b: (a + b) / 2,
    "mul": lambda a, b: a * b,
}
INSIDE = {"full": np.ones((3, 6), bool), "lengths": np.arange(6)[None] < LENGTHS[:, None]}


def compiled(body: str, lengths: bool = False, given: str = "input x: f32[B, T, 4]") -> Any:
    """A model with these lines."""
    lines = [given, *(["input n: i32[B]"] if lengths else []), *body.splitlines()]
    model = compile(Source("m.net", "netspec 1\nmodel M {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"))
    verify_all(model.typed)
    return model


def weights_of(model: Any, seed: int = 3) -> Any:
    """Every parameter drawn anew, so that none is 0."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda w: rng.normal(size=w.shape).astype("float32") / 2, model.unpack(model.init(0))["params"])


def carry_of(kind: str, states: dict[str, Any]) -> Any:
    """flax's carry of the states `h` and `c`."""
    return (states["c"], states["h"]) if kind in ("lstm", "conv_lstm") else states["h"]


def states_of(carry: Any) -> dict[str, Any]:
    return {"c": carry[0], "h": carry[1]} if isinstance(carry, tuple) else {"h": carry}


def agree(ours: Any, theirs: Any, params: Any, *inputs: Any) -> None:
    """Results and gradients with respect to parameters and inputs, to 1e-5."""
    found, wanted = jax.jit(ours)(params, *inputs), jax.jit(theirs)(params, *inputs)
    assert found.keys() == wanted.keys()
    pull = {name: np.random.default_rng(len(name)).normal(size=np.shape(y)).astype("float32") for name, y in wanted.items()}
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], 1e-5, 1e-5, err_msg=name)
    numbers = tuple(range(1 + len(inputs)))
    slopes = [jax.grad(lambda *a, f=f: sum(jnp.vdot(y, pull[n]) for n, y in f(*a).items()), numbers) for f in (ours, theirs)]
    for mine, other in zip(*(jax.tree.leaves(jax.jit(s)(params, *inputs)) for s in slopes), strict=True):
        np.testing.assert_allclose(mine, other, 1e-5, 1e-5 * (1 + np.abs(other).max()))


BOTH = [("lstm", "gru", "concat", True), ("mgu", "mgu", "sum", False), ("gru", "simple", "mean", True), ("simple", "lstm", "mul", False)]


@pytest.mark.parametrize(("ahead", "back", "merge", "lengths"), BOTH)
def test_two_directions_beside_flax(ahead: str, back: str, merge: str, lengths: bool) -> None:
    given = {"n": LENGTHS} if lengths else {}
    inside = INSIDE["lengths" if lengths else "full"][..., None]
    arguments = f'{ahead}_cell(5), {back}_cell(5), merge="{merge}", return_state=true{", lengths=n" if lengths else ""}'
    model = compiled(f"y, f, b = x -> bidirectional({arguments})\noutput y\noutput f = f.h\noutput b = b.h", lengths)

    def ours(params: Any, x: Any) -> Any:
        made = model.apply({"params": params, "buffers": {}}, x=x, **given)
        return {**made, "y": made["y"] * inside}

    rnns = [nn.RNN(CELLS[kind](5)) for kind in (ahead, back)]
    layer = nn.Bidirectional(*rnns, return_carry=True, merge_fn=MERGES[merge])

    def theirs(params: Any, x: Any) -> Any:
        ways = params["bidirectional_0"]
        tree = {f"{way}_rnn": {"cell": ways[way]} for way in ("forward", "backward")}
        own = layer.apply({"params": tree}, x, seq_lengths=given.get("n"))
        (f, b), y = own  # type: ignore[misc]
        return {"y": y * inside, "f": states_of(f)["h"], "b": states_of(b)["h"]}

    agree(ours, theirs, weights_of(model), X)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("reverse", thin([True, False], 2))
def test_layers_beside_flax(kind: str, reverse: bool) -> None:
    """Two of them, begun with states that are given, are two of flax's one after the other."""
    names = ("h", "c") if kind == "lstm" else ("h",)
    every = [f"{name}_{layer}" for layer in range(2) for name in names]
    inputs = "\n".join(f"input i{name}: f32[B, 5]" for name in every)
    first = ", ".join(f"{name}: i{name}" for name in every)
    call = f"{kind}(5, layers=2, dropout=0.5, reverse={str(reverse).lower()}, lengths=n, return_state=true, initial={{{first}}})"
    outputs = "\n".join(f"output {name} = last.{name}" for name in every)
    model = compiled(f"{inputs}\ny, last = x -> {call}\noutput y\n{outputs}", True)
    inside = INSIDE["lengths"][..., None]

    def ours(params: Any, x: Any, starts: Any) -> Any:
        made = model.apply({"params": params, "buffers": {}}, x=x, n=LENGTHS, **{f"i{n}": s for n, s in starts.items()})
        return {**made, "y": made["y"] * inside}

    layer = nn.RNN(CELLS[kind](5), reverse=reverse, keep_order=True, return_carry=True)

    def theirs(params: Any, x: Any, starts: Any) -> Any:
        found, y = {}, x
        for number in range(2):
            tree = {"params": {"cell": params[f"{kind}_0"][f"layer_{number}"]}}
            begin = carry_of(kind, {name: starts[f"{name}_{number}"] for name in names})
            carry, y = layer.apply(tree, y, seq_lengths=LENGTHS, initial_carry=begin)  # type: ignore[misc]
            found |= {f"{name}_{number}": state for name, state in states_of(carry).items()}
        return {"y": y * inside, **found}

    rng = np.random.default_rng(5)
    starts = {name: rng.normal(size=(3, 5)).astype("float32") for name in every}
    agree(ours, theirs, weights_of(model), X, starts)


def test_a_recurrence_over_images_beside_flax() -> None:
    images = np.random.default_rng(1).normal(size=(2, 4, 5, 6, 3)).astype("float32")
    body = "y, last = v -> rnn(conv_lstm_cell(4, [3, 2]), return_state=true)\noutput y\noutput h = last.h\noutput c = last.c"
    model = compiled(body, given="input v: f32[B, T, 5, 6, 3]")
    layer = nn.RNN(nn.ConvLSTMCell(4, (3, 2)), return_carry=True)

    def theirs(params: Any, v: Any) -> Any:
        (c, h), y = layer.apply({"params": {"cell": params["rnn_0"]}}, v)  # type: ignore[misc]
        return {"y": y, "h": h, "c": c}

    agree(lambda p, v: model.apply({"params": p, "buffers": {}}, v=v), theirs, weights_of(model), images)


def test_layers_of_two_directions_see_both() -> None:
    """`layers` of `bidirectional` is one over the outputs of another."""
    two = compiled("output y = x -> bidirectional(gru_cell(3), layers=2)")
    one = compiled("y = x -> a: bidirectional(gru_cell(3))\noutput y = y -> b: bidirectional(gru(3))")
    weights = weights_of(two)
    moved = {"a": weights["bidirectional_0"]["layer_0"], "b": weights["bidirectional_0"]["layer_1"]}
    trees = ({"params": weights, "buffers": {}}, {"params": moved, "buffers": {}})
    np.testing.assert_array_equal(two.apply(trees[0], x=X)["y"], one.apply(trees[1], x=X)["y"])


def test_both_carries_begin_another() -> None:
    """Begun with what a layer ends with, each direction goes on as over its sequence twice."""
    body = "{}\noutput y\noutput f = f.h\noutput b = b.h"
    plain = compiled(body.format("y, f, b = x -> bidirectional(gru_cell(5), return_state=true)"))
    begun = compiled(
        "s, f0, b0 = x -> one: bidirectional(gru_cell(5), return_state=true)\n"
        + body.format("y, f, b = x -> two: bidirectional(gru_cell(5), return_state=true, initial={forward: f0, backward: {h: b0.h}})")
    )
    weights = weights_of(plain)["bidirectional_0"]
    first = plain.apply({"params": {"bidirectional_0": weights}, "buffers": {}}, x=X)
    found = begun.apply({"params": {"one": weights, "two": weights}, "buffers": {}}, x=X)
    twice = compiled("output y = x -> gru(5)")
    for way, sequence, name in (("forward", X, "f"), ("backward", X[:, ::-1], "b")):
        wanted = twice.apply({"params": {"gru_0": weights[way]}, "buffers": {}}, x=np.concatenate([sequence, sequence], 1))["y"]
        np.testing.assert_allclose(first[name], wanted[:, 5], 1e-5, 1e-6)
        np.testing.assert_allclose(found[name], wanted[:, 11], 1e-5, 1e-6)
