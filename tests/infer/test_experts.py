"""`moe` in a model: where its balance is exported, what it measures, and whether the model may generate."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from netspec.compile import check
from netspec.ir.paths import auxiliaries, parameters
from netspec.ir.verify import verify_all
from netspec.library.layers.moe import Moe
from netspec.shape import TensorType
from netspec.source import Source
from tests.library.oracles_graph import moe, moe_balance
from tests.library.scope import TestScope, applied, draw
from tests.lower.specs import digits, program
from tests.quick import thin

MODEL = """block Layer {
  input x: f32[B, T, D]
  output x + (x -> layer_norm -> moe(4, 16))
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> reshape([B, 8, 8])
  repeat 2 { x = x -> Layer }
  shared m = moe(3, 8, top_k=1, capacity_factor=none)
  x = x -> m -> m
  output logits = x -> last: moe(2, 8) -> flatten -> dense(10)
}
train M {
  data = digits() -> batch(4)
  loss = softmax_cross_entropy(logits, label) + WEIGHT * mean(aux("**/balance"))
  metric last = mean(aux("last/balance"))
  metric all = mean(aux("**/balance"))
  optimizer = sgd(0.1)
  duration = 20 steps
}
"""
LANGUAGE = """model M {
  input tokens: i32[B, T]
  x = tokens -> shift_right -> embed(20, 8)
  output logits = x + (x -> moe(4, 6, MORE)) -> dense(20)
}
serve M { tokens = greedy(logits, limit=5) }
"""


def checked(text: str) -> Any:
    return check(Source("m.net", f"netspec 1\n{text}"))


def test_each_use_exports_its_balance() -> None:
    found = checked(MODEL.replace("WEIGHT", "0.1"))
    assert found.problems == ()
    verify_all(found.typed)
    body = found.typed.models["M"]
    assert list(auxiliaries(body)) == ["Layer_0/moe_0/balance", "Layer_1/moe_0/balance", "m/balance", "last/balance"]
    assert {str(kind) for kind in auxiliaries(body).values()} == {"f32[B]"}
    assert sum(path.endswith("router/kernel") for path in parameters(body)) == 4


def tokens_by_hand(weights: Any, image: Any) -> tuple[Any, list[Any]]:
    """What reaches the last mixture, and the balance of each use before it."""
    x, balances = image[..., 0].astype("float64"), []
    for layer in ("Layer_0", "Layer_1"):
        norm, own = weights[layer]["layer_norm_0"], flat(weights[layer]["moe_0"])
        h = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * norm["scale"] + norm["bias"]
        op = Moe(experts=4, hidden=16)
        balances.append(moe_balance(op, own, h))
        x = x + moe(op, own, h)
    op, own = Moe(experts=3, hidden=8, top_k=1, capacity_factor=None), flat(weights["m"])
    for _ in range(2):
        balances.append(moe_balance(op, own, x))
        x = moe(op, own, x)
    return x, balances


def flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {prefix: np.float64(tree)}
    return {path: leaf for name, value in tree.items() for path, leaf in flat(value, f"{prefix}/{name}" if prefix else name).items()}


@pytest.mark.parametrize("repeat", thin(["scan", "unroll"], 2))
def test_the_balance_that_is_measured(repeat: str) -> None:
    """Over iterations, both uses of a shared instance, and blocks; and it has a gradient of its own."""
    with jax.enable_x64(True):
        steps = {}
        for weight in ("0", "0.5"):
            made = program(MODEL.replace("WEIGHT", weight), repeat=repeat)
            state, batch = made.init(1), digits(4)
            weights = made.unpack(state)["params"]
            after, measured = made.train_step(state, batch)
            steps[weight] = made.unpack(after)["params"], made.finish(measured)
        x, balances = tokens_by_hand(weights, np.asarray(batch["image"]))
        last = moe_balance(Moe(experts=2, hidden=8), flat(weights["last"]), x)
        found = steps["0"][1]
        np.testing.assert_allclose(found["last"], last.mean(), 1e-6)
        np.testing.assert_allclose(found["all"], np.mean(sum(balances) + last), 1e-6)
        np.testing.assert_allclose(steps["0.5"][1]["loss"] - found["loss"], 0.5 * found["all"], 1e-6)
        routers = [steps[weight][0]["m"]["router"]["kernel"] for weight in steps]
        assert np.abs(routers[0] - routers[1]).max() > 1e-6


def test_generating_needs_room_for_every_token() -> None:
    assert checked(LANGUAGE.replace("MORE", "capacity_factor=none")).problems == ()
    (problem,) = checked(LANGUAGE.replace(", MORE", "")).problems
    assert problem.slug() == "not-causal" and "compete" in problem.message() and "capacity_factor=none" in str(problem.help())


def test_examples_know_nothing_of_each_other() -> None:
    """What an example gets depends on no other one, dropped tokens or not; those that are dropped get nothing."""
    op, rng = Moe(experts=4, hidden=5, capacity_factor=0.5, top_k=1), np.random.default_rng(0)
    x = rng.standard_normal((3, 16, 6)).astype("float32")
    params = {name: draw(weight, rng) for name, weight in op.params(TensorType("f32", x.shape)).items()}
    together = applied(op, TestScope(params), x)
    alone = np.concatenate([applied(op, TestScope(params), x[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(together, alone, 1e-5, 1e-6)
    dropped = ~np.any(together, -1)
    assert np.all(dropped.sum(1) >= 16 - 4 * 2) and not dropped.all()
