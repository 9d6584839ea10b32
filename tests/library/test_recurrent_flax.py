"""The cells beside flax linen: the same weights give the same output, states and gradients, over pairs of arguments."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.functions.activation import Relu, Sigmoid, Tanh
from netspec.library.layers.conv_lstm import ConvLstmCell
from netspec.library.layers.recurrent_cells import GruCell, LstmCell, MguCell, SimpleCell
from netspec.shape import TensorType
from tests.library.scope import TestScope, applied

ACTIVATIONS = [("tanh", Tanh(), jnp.tanh), ("relu", Relu(), jax.nn.relu)]
GATES = [("sigmoid", Sigmoid(), jax.nn.sigmoid), ("tanh", Tanh(), jnp.tanh)]
Choice = tuple[str, dict[str, Any], dict[str, Any]]
"""What a case says: its name, our arguments, flax's."""


def acting(name: str, ours: str, theirs: str, table: list) -> list[Choice]:
    return [(f"{name}-{n}", {ours: mine}, {theirs: function}) for n, mine, function in table]


def flag(name: str, ours: str, theirs: str) -> list[Choice]:
    return [(f"{name}-{v}", {ours: v}, {theirs: v}) for v in (False, True)]


ACT = acting("act", "activation", "activation_fn", ACTIVATIONS)
GATE = acting("gate", "gate_activation", "gate_fn", GATES)
SIZES = [(f"features-{n}", {"features": n}, {"features": n}) for n in (3, 8)]
KERNELS = [(f"kernel-{k}", {"kernel": k}, {"kernel_size": s}) for k, s in ((3, (3, 3)), ((2, 1), (2, 1)))]

CELLS: dict[str, tuple[Any, Any, list[list[Choice]], tuple[int, ...]]] = {
    "lstm": (LstmCell, nn.LSTMCell, [SIZES, ACT, GATE], (3, 4)),
    "lstm_optimized": (LstmCell, nn.OptimizedLSTMCell, [SIZES, ACT, GATE], (2, 1)),
    "gru": (GruCell, nn.GRUCell, [SIZES, ACT, GATE], (2, 3, 4)),
    "simple": (SimpleCell, nn.SimpleCell, [SIZES, ACT, flag("residual", "residual", "residual")], (3, 4)),
    "mgu": (MguCell, nn.MGUCell, [SIZES, ACT, GATE, flag("reset", "reset_gate", "reset_gate")], (3, 4)),
    "conv_lstm": (ConvLstmCell, nn.ConvLSTMCell, [SIZES, KERNELS, flag("bias", "bias", "use_bias")], (2, 4, 5, 3)),
}


def pairwise(axes: list[list[Choice]]) -> list[tuple[Choice, ...]]:
    """Few cases in which every two choices of different arguments meet."""
    left = {(a[0], b[0]) for one, other in combinations(axes, 2) for a, b in product(one, other)}
    chosen = []
    while left:
        best = max(product(*axes), key=lambda case: len(meetings(case) & left))
        chosen.append(best)
        left -= meetings(best)
    return chosen


def meetings(case: tuple[Choice, ...]) -> set[tuple[str, str]]:
    return {(a[0], b[0]) for a, b in combinations(case, 2)}


CASES = [
    pytest.param(
        kind, case, seed, id="-".join([kind, *(name for name, *_ in case), str(seed)]), marks=[] if seed == 0 else pytest.mark.slow
    )
    for kind, (_, _, axes, _) in CELLS.items()
    for seed, case in enumerate(pairwise(axes))
]
"""The first of each cell is quick enough for every run."""


def nested(flat: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """`ii/kernel` as flax keeps it."""
    tree: dict[str, dict[str, Any]] = {}
    for name, value in flat.items():
        matrix, leaf = name.split("/")
        tree.setdefault(matrix, {})[leaf] = value
    return tree


@pytest.mark.parametrize(("kind", "case", "seed"), CASES)
def test_beside_flax(kind: str, case: tuple[Choice, ...], seed: int) -> None:
    ours, theirs, _, shape = CELLS[kind]
    op = ours(**{name: value for _, own, _ in case for name, value in own.items()})
    module = theirs(**{name: value for _, _, other in case for name, value in other.items()})
    names = [i.name for i in op.inputs if i.optional]
    pair = with_slopes(mine(op)), with_slopes(flax(module))
    state = np.zeros((*shape[:-1], op.features), "float32")
    carry = (state, state) if "c" in names else state
    shapes = jax.eval_shape(module.init, jax.random.key(0), carry, np.zeros(shape, "float32"))["params"]
    for number in (seed, seed + 100, seed + 200):
        rng = np.random.default_rng(number)
        x = rng.standard_normal(shape).astype("float32")
        states = {name: rng.standard_normal((*shape[:-1], op.features)).astype("float32") for name in names}
        params = {
            f"{matrix}/{leaf}": (rng.standard_normal(a.shape) / 2).astype("float32")
            for matrix, of in shapes.items()
            for leaf, a in of.items()
        }
        pull = [rng.standard_normal((*shape[:-1], op.features)).astype("float32") for _ in range(1 + len(names))]
        compare(*pair, params, x, states, pull)


def mine(op: Any) -> Any:
    return lambda p, x, s: applied(op, TestScope(p), x, **s)


def flax(module: Any) -> Any:
    """The output, h and c, in our order."""

    def run(p: Any, x: Any, s: dict[str, Any]) -> Any:
        carry, y = module.apply({"params": nested(p)}, (s["c"], s["h"]) if "c" in s else s["h"], x)
        return (y, carry[1], carry[0]) if "c" in s else (y, carry)

    return run


def with_slopes(f: Any) -> Any:
    """Results of a cell, and the gradients of their products with `pull`."""

    def pulled(p: Any, x: Any, s: Any, pull: Any) -> Any:
        made = f(p, x, s)
        return sum(jnp.vdot(y, w) for y, w in zip(made, pull, strict=True)), made

    return jax.jit(jax.grad(pulled, (0, 1, 2), has_aux=True))


def compare(one: Any, other: Any, *given: Any) -> None:
    (mine_slopes, found), (slopes, wanted) = one(*given), other(*given)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-5)
    for a, b in zip(*map(jax.tree.leaves, (mine_slopes, slopes)), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-5 * (1 + np.abs(b).max()))


def test_shapes_and_first_biases_beside_flax() -> None:
    """The forget gate's bias of an MGU begins with 1, all others with 0."""
    for kind, (ours, theirs, _, shape) in CELLS.items():
        extra = ({"kernel": 3}, {"kernel_size": (3, 3)}) if kind == "conv_lstm" else ({}, {})
        op, module = ours(features=4, **extra[0]), theirs(features=4, **extra[1])
        x, state = np.zeros(shape, "float32"), np.zeros((*shape[:-1], 4), "float32")
        tree = jax.eval_shape(module.init, jax.random.key(0), (state, state) if op.results == 3 else state, x)["params"]
        weights = op.params(TensorType("f32", shape))
        assert {m: {k: w.shape for k, w in of.items()} for m, of in nested(weights).items()} == {
            m: {k: a.shape for k, a in of.items()} for m, of in tree.items()
        }
        first = {name: w.init.op_name() for name, w in weights.items() if name.endswith("bias")}
        assert first == {name: "ones" if (kind, name) == ("mgu", "if/bias") else "zeros" for name in first}
