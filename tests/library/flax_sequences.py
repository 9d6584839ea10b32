"""Flax's attention, cells and recurrences beside ours."""

from __future__ import annotations

import warnings
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import netspec
from netspec.library.functions.activation import Relu, Sigmoid, Tanh
from netspec.library.layers.attention import Attention
from netspec.library.layers.conv_lstm import ConvLstmCell
from netspec.library.layers.dense import Dense
from netspec.library.layers.recurrent_cells import GruCell, LstmCell, MguCell, SimpleCell
from netspec.library.layers.self_attention import SelfAttention
from netspec.lower.path_tree import flatten, nest
from netspec.source import Source
from tests.library.flax_pairs import Compared, Pair, Row, shapes_of, type_of
from tests.library.scope import TestScope, applied

BOOLS = (True, False)
NAMES = {"query_norm/scale": "query_ln/scale", "key_norm/scale": "key_ln/scale"}


def seen(row: Row, queries: int, keys: int) -> Any:
    """What may be seen: [batch, 1, queries, keys], the first key always."""
    mask = (
        (np.random.default_rng(5).random((2, 1, 1, keys)) < 0.6) | (np.arange(keys) == 0) if row["mask"] else np.ones((2, 1, 1, keys), bool)
    )
    return mask & (np.tri(queries, keys, dtype=bool) if row.get("causal") else True)


def self_attention(cls: Any) -> Any:
    def make(row: Row) -> Pair:
        shape, size = (2, 5, 8), row["size"]
        op = SelfAttention(heads=2, head_size=size, causal=row["causal"], bias=row["bias"], qk_norm="layer" if row["qk_norm"] else None)
        module = cls(2, qkv_features=None if size is None else 2 * size, use_bias=row["bias"], normalize_qk=row["qk_norm"])
        mask = seen(row, 5, 5)
        own = {"mask": seen({**row, "causal": False}, 5, 5)[:, 0, 0]} if row["mask"] else {}

        def theirs(p: Any, x: Any) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # `nn.SelfAttention` says that it will go
                return module.apply({"params": nest({NAMES.get(n, n): w for n, w in p.items()})}, x, mask=mask)

        return Pair(lambda p, x: applied(op, TestScope(p), x, **own), theirs, shapes_of(op.params(type_of(shape))), (shape,))

    return make


def cross_attention(row: Row) -> Pair:
    """Of one sequence to another: `dense` for each of the four maps and `attention` between them."""
    q, kv = (2, 4, 6), (2, 5, row["other"])
    module = nn.MultiHeadDotProductAttention(2, qkv_features=row["features"], out_features=row["out"], use_bias=row["bias"])
    tree = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros(q), jnp.zeros(kv))["params"]
    maps = {name: Dense(features=(2, row["features"] // 2), bias=row["bias"]) for name in ("query", "key", "value")}
    out, mask = Dense(features=row["out"], axis=(-2, -1), bias=row["bias"]), seen(row, 4, 5)
    own = {"mask": mask[:, 0, 0]} if row["mask"] else {}

    def part(p: Any, name: str) -> TestScope:
        return TestScope({n.removeprefix(f"{name}/"): w for n, w in p.items() if n.startswith(f"{name}/")})

    def ours(p: Any, x: Any, y: Any) -> Any:
        given = [applied(maps[name], part(p, name), v) for name, v in (("query", x), ("key", y), ("value", y))]
        return applied(out, part(p, "out"), applied(Attention(), TestScope(), *given, **own))

    weights = {name: leaf.shape for name, leaf in flatten(tree).items()}
    return Pair(ours, lambda p, x, y: module.apply({"params": nest(p)}, x, y, mask=mask if row["mask"] else None), weights, (q, kv))


ACTIVATIONS = {"tanh": (Tanh(), jnp.tanh), "relu": (Relu(), jax.nn.relu), "sigmoid": (Sigmoid(), jax.nn.sigmoid)}
OTHER = {"residual": "residual", "reset_gate": "reset_gate", "kernel": "kernel_size", "bias": "use_bias"}


def cell(ours: Any, theirs: Any) -> Any:
    def make(row: Row) -> Pair:
        shape = (2, 4, 5, 3) if "kernel" in row else (3, 4)
        own = {name: row[name] for name in row if name in OTHER}
        other = {OTHER[name]: value for name, value in own.items()}
        for name, mine, flax in (("activation", "activation", "activation_fn"), ("gate", "gate_activation", "gate_fn")):
            if name in row:
                own[mine], other[flax] = ACTIVATIONS[row[name]]
        op, module = ours(features=row["features"], **own), theirs(row["features"], **other)
        state = (*shape[:-1], row["features"])
        names = [i.name for i in op.inputs if i.optional]

        def mine_(p: Any, x: Any, *states: Any) -> Any:
            return applied(op, TestScope(p), x, **dict(zip(names, states, strict=True)))

        def flax_(p: Any, x: Any, *states: Any) -> Any:
            carry, y = module.apply({"params": nest(p)}, states[::-1] if len(states) > 1 else states[0], x)
            return (y, carry[1], carry[0]) if len(states) > 1 else (y, carry)

        return Pair(mine_, flax_, shapes_of(op.params(type_of(shape))), (shape, *[state] * len(names)))

    return make


GATED = {"features": (5, 1), "activation": ("tanh", "relu"), "gate": ("sigmoid", "tanh")}
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "simple": nn.SimpleCell, "mgu": nn.MGUCell}
LENGTHS = np.array([4, 1, 3], "int32")
MERGES = {"concat": lambda a, b: jnp.concatenate([a, b], -1), "sum": jnp.add, "mean": lambda a, b: (a + b) / 2, "mul": jnp.multiply}


def compiled(row: Row, call: str, more: str = "") -> Any:
    """A model that runs a recurrence over x, [B, T, 3]; past each length its outputs count as 0."""
    lengths = "  input n: i32[B]\n" if row["lengths"] else ""
    call += ", lengths=n" if row["lengths"] else ""
    return netspec.compile(Source("m.net", f"netspec 1\nmodel M {{\n  input x: f32[B, T, 3]\n{lengths}{more.format(call + ')')}\n}}\n"))


def within(row: Row, y: Any) -> Any:
    return y * (np.arange(4)[None] < LENGTHS[:, None])[..., None] if row["lengths"] else y


def weights_of(model: Any) -> dict[str, tuple[int, ...]]:
    return {name: a.shape for name, a in flatten(model.unpack(model.init())["params"]).items()}


def recurrence(row: Row) -> Pair:
    """With a first state that is given, and the last."""
    first = {"lstm": ("h", "c")}.get(row["cell"], ("h",))
    start = f", initial={{{', '.join(f'{n}: i{n}' for n in first)}}}" if row["initial"] else ""
    states = "".join(f"  input i{n}: f32[B, 5]\n" for n in first) if row["initial"] else ""
    call = f"rnn({row['cell']}_cell(5), reverse={str(row['reverse']).lower()}, return_state=true{start}"
    model = compiled(row, call, states + "  y, last = x -> {}\n  output y\n  output h = last.h")
    given = {"n": LENGTHS} if row["lengths"] else {}
    layer = nn.RNN(CELLS[row["cell"]](5), reverse=row["reverse"], keep_order=True, return_carry=True)

    def ours(p: Any, x: Any, *begin: Any) -> Any:
        made = model.apply({"params": nest(p), "buffers": {}}, x=x, **given, **{f"i{n}": s for n, s in zip(first, begin, strict=False)})
        return within(row, made["y"]), made["h"]

    def theirs(p: Any, x: Any, *begin: Any) -> Any:
        carry = None if not begin else begin[::-1] if len(begin) > 1 else begin[0]
        last, y = layer.apply({"params": {"cell": nest(p)["rnn_0"]}}, x, initial_carry=carry, seq_lengths=given.get("n"))
        return within(row, y), last[1] if row["cell"] == "lstm" else last

    inputs = ((3, 4, 3), *[(3, 5)] * (len(first) if row["initial"] else 0))
    return Pair(ours, theirs, weights_of(model), inputs)


def bidirectional(row: Row) -> Pair:
    model = compiled(row, f'bidirectional({row["ahead"]}_cell(5), {row["back"]}_cell(5), merge="{row["merge"]}"', "  output y = x -> {}")
    layer = nn.Bidirectional(*(nn.RNN(CELLS[row[way]](5)) for way in ("ahead", "back")), merge_fn=MERGES[row["merge"]])
    given = {"n": LENGTHS} if row["lengths"] else {}

    def theirs(p: Any, x: Any) -> Any:
        ways = nest(p)["bidirectional_0"]
        tree = {f"{way}_rnn": {"cell": ways[way]} for way in ("forward", "backward")}
        return within(row, layer.apply({"params": tree}, x, seq_lengths=given.get("n")))

    return Pair(
        lambda p, x: within(row, model.apply({"params": nest(p), "buffers": {}}, x=x, **given)["y"]),
        theirs,
        weights_of(model),
        ((3, 4, 3),),
    )


ALONE = {"size": (None, 3), "causal": BOOLS, "bias": BOOLS, "qk_norm": (False, True), "mask": (False, True)}
CROSSED = {"other": (6, 3), "features": (6, 4), "out": (6, 5), "bias": BOOLS, "mask": (False, True)}
SEQUENCES = {
    nn.MultiHeadDotProductAttention: Compared(cross_attention, CROSSED),
    nn.MultiHeadAttention: Compared(self_attention(nn.MultiHeadAttention), ALONE),
    nn.SelfAttention: Compared(self_attention(nn.SelfAttention), {**ALONE, "size": (None,), "qk_norm": (False,)}),
    nn.LSTMCell: Compared(cell(LstmCell, nn.LSTMCell), GATED),
    nn.OptimizedLSTMCell: Compared(cell(LstmCell, nn.OptimizedLSTMCell), GATED),
    nn.GRUCell: Compared(cell(GruCell, nn.GRUCell), GATED),
    nn.SimpleCell: Compared(
        cell(SimpleCell, nn.SimpleCell),
        {"features": (5, 1), "activation": ("tanh", "relu"), "residual": BOOLS},
    ),
    nn.MGUCell: Compared(cell(MguCell, nn.MGUCell), {**GATED, "reset_gate": BOOLS}),
    nn.ConvLSTMCell: Compared(cell(ConvLstmCell, nn.ConvLSTMCell), {"features": (4, 1), "kernel": ((3, 3), (2, 1)), "bias": BOOLS}),
    nn.RNN: Compared(recurrence, {"cell": ("lstm", "gru", "simple", "mgu"), "reverse": BOOLS, "lengths": BOOLS, "initial": BOOLS}),
    nn.Bidirectional: Compared(
        bidirectional, {"merge": ("concat", "sum", "mean", "mul"), "ahead": ("lstm", "gru"), "back": ("gru", "simple"), "lengths": BOOLS}
    ),
}
