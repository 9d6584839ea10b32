"""Layers over graphs: as the same written from primitives, and the same however graphs are padded or put into batches."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.compile import check
from netspec.ir.verify import verify
from netspec.library.layers.graph import GraphAttention, GraphConv
from netspec.library.layers.graph_pool import GraphPool
from netspec.shape import TensorType
from netspec.source import Source
from tests.architectures.build import drawn, numbers, small
from tests.library.scope import TestScope, applied, draw

BY_HAND = Path(__file__).parents[1] / "architectures" / "graph_attention.net"
WITH_THE_SHELF = """netspec 1
model Cora {
  input nodes: f32[N, 12]
  input senders: i32[E]
  input receivers: i32[E]
  x = (nodes, senders, receivers) -> hidden: graph_attention(8, heads=8, self_loops=false) -> elu
  output logits = (x, senders, receivers) -> last: graph_attention(7, self_loops=false)
}
"""
ROUNDS = """netspec 1
block Mlp {
  param width: int
  input x: f32[..., D]
  output x -> dense(width) -> tanh -> dense(width)
}
model M {
  input nodes: f32[B, 5, 3]
  input senders: i32[B, 7]
  input receivers: i32[B, 7]
  input edges: f32[B, 7, 2]
  input mask: bool[B, 7]
  x = (nodes, senders, receivers) -> message_passing(Mlp(4), dense(6) -> relu, edges=edges, edge_mask=mask)
  shared m = message_passing(edge=dense(2), node=Mlp(6), how="max")
  x = (x, senders, receivers) -> m
  output y = (x, senders, receivers) -> m
}
"""
LAYERS: list[Any] = [
    GraphConv(features=4),
    GraphConv(features=3, normalisation="row", self_loops=False),
    GraphConv(features=2, normalisation="none"),
    GraphAttention(features=3, heads=2),
    GraphAttention(features=2, heads=3, merge="mean", self_loops=False),
]
each_layer = pytest.mark.parametrize("op", LAYERS, ids=repr)


def graph(seed: int, nodes: int, edges: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    ends = (rng.integers(0, nodes, edges).astype("int32") for _ in range(2))
    return rng.standard_normal((nodes, 5)).astype("float32"), *ends


def weights(op: Any) -> dict[str, Any]:
    rng, kinds = np.random.default_rng(1), (TensorType("f32", (4, 5)), TensorType("i32", (3,)), TensorType("i32", (3,)))
    drawn = {name: draw(weight, rng) for name, weight in op.params(*kinds).items()}
    return drawn | {"bias": rng.standard_normal(drawn["bias"].shape).astype("float32")}


def padded(one: tuple[Any, ...], nodes: int, edges: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The graph with nodes of NaN and edges between real nodes behind it, and masks that say so."""
    x, senders, receivers = one
    more, links = nodes - len(x), edges - len(senders)
    masks = {"node_mask": np.arange(nodes) < len(x), "edge_mask": np.arange(edges) < len(senders)}
    wide = np.concatenate([x, np.full((more, x.shape[1]), 7, "float32")])
    return (wide, *(np.concatenate([ids, np.zeros(links, "int32")]) for ids in (senders, receivers))), masks


@pytest.mark.parametrize("seed", range(3))
def test_graph_attention_as_written_from_primitives(seed: int, tmp_path: Path) -> None:
    """Outputs, and gradients with respect to weights and nodes."""
    file = tmp_path / "shelf.net"
    file.write_text(WITH_THE_SHELF, encoding="utf-8")
    by_hand, shelf = small(BY_HAND, words="12"), small(file)
    weights = drawn(by_hand)
    rng, nodes = np.random.default_rng(seed), numbers(9, 12, seed=seed)
    ends = {name: rng.integers(0, 8, 25).astype("int32") for name in ("senders", "receivers")}  # node 8 gets nothing

    def total(program: Any, same: Any, params: Any, nodes: Any) -> tuple[Any, Any]:
        logits = program.apply({**weights, "params": {name: same(layer) for name, layer in params.items()}}, nodes=nodes, **ends)["logits"]
        return jnp.vdot(logits, numbers(9, 7, seed=5)), logits

    (_, wanted), right = jax.value_and_grad(partial(total, by_hand, lambda w: w), (0, 1), has_aux=True)(weights["params"], nodes)
    (_, found), slopes = jax.value_and_grad(partial(total, shelf, in_heads), (0, 1), has_aux=True)(weights["params"], nodes)
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-5)
    jax.tree.map(lambda mine, other: np.testing.assert_allclose(mine, other, 1e-5, 1e-5 * (1 + np.abs(other).max())), slopes, right)


def in_heads(layer: dict[str, Any]) -> dict[str, Any]:
    """The weights of the block that is written by hand in the shapes that the shelf's layer has."""
    return layer | {"kernel": layer["kernel"].reshape(-1, *layer["source"].shape), "bias": layer["bias"].ravel()}


@each_layer
def test_padding_changes_nothing(op: Any) -> None:
    params, graphs = weights(op), [graph(1, 6, 9), graph(2, 4, 11)]
    rows = [padded(one, 8, 12) for one in graphs]
    batch = [np.stack(parts) for parts in zip(*(row for row, _ in rows), strict=True)]
    masks = {name: np.stack([mask[name] for _, mask in rows]) for name in ("node_mask", "edge_mask")}
    found = jax.jit(lambda *x, **named: applied(op, TestScope(params), *x, **named))(*batch, **masks)
    for row, one in zip(found, graphs, strict=True):
        alone = applied(op, TestScope(params), *map(jnp.asarray, one))
        np.testing.assert_allclose(row[: len(alone)], alone, 1e-5, 1e-5)
        assert not np.any(row[len(alone) :])


@each_layer
def test_an_edge_without_its_nodes_does_not_count(op: Any) -> None:
    params, (x, senders, receivers) = weights(op), graph(3, 6, 9)
    alone = applied(op, TestScope(params), *map(jnp.asarray, (x, senders, receivers)))
    lost = [np.concatenate([ids, np.array(more, "int32")]) for ids, more in ((senders, [-1, 0, 6]), (receivers, [2, 100, 1]))]
    np.testing.assert_allclose(applied(op, TestScope(params), *map(jnp.asarray, (x, *lost))), alone, 1e-6, 1e-6)


@each_layer
def test_a_graph_without_edges_gives_numbers_and_gradients(op: Any) -> None:
    params, (x, senders, receivers) = weights(op), graph(3, 6, 9)

    def total(x: Any) -> Any:
        mask = {"edge_mask": jnp.zeros(9, bool), "node_mask": jnp.zeros(6, bool)}
        return jnp.sum(applied(op, TestScope(params), x, jnp.asarray(senders), jnp.asarray(receivers), **mask))

    value, slope = jax.value_and_grad(total)(x)
    assert value == 0 and not np.any(slope)


@pytest.mark.parametrize("how", ["mean", "sum", "max"])
def test_both_ways_to_pool_agree(how: Any) -> None:
    x, mask = graph(4, 10, 1)[0].reshape(2, 5, 5), np.array([[True] * 3 + [False] * 2, [True] * 5])
    rows = applied(GraphPool(how=how), TestScope(), jnp.asarray(x), mask=jnp.asarray(mask))
    ids = {"ids": jnp.asarray([0] * 5 + [1] * 5), "mask": jnp.asarray(mask.ravel())}
    flat = applied(GraphPool(how=how, graphs=3), TestScope(), jnp.asarray(x.reshape(10, 5)), **ids)
    np.testing.assert_allclose(flat[:2], rows, 1e-6)
    assert not np.any(flat[2])


def test_rounds_of_messages_by_hand(tmp_path: Path) -> None:
    """A block, a chain and a layer as parts; parameters stand below them; a shared round is one set of weights."""
    file = tmp_path / "rounds.net"
    file.write_text(ROUNDS, encoding="utf-8")
    program = small(file)
    verify(program.model)
    weights, rng = drawn(program), np.random.default_rng(2)
    given = {"nodes": numbers(2, 5, 3), "edges": numbers(2, 7, 2, seed=1), "mask": rng.random((2, 7)) < 0.7}
    given |= {name: rng.integers(0, 5, (2, 7)).astype("int32") for name in ("senders", "receivers")}
    params = weights["params"]
    assert set(params) == {"message_passing_0", "m"}
    first, m = params["message_passing_0"], params["m"]

    def dense(x: Any, own: Any) -> Any:
        return x @ own["kernel"] + own["bias"]

    def mlp(x: Any, own: Any) -> Any:
        return dense(np.tanh(dense(x, own["dense_0"])), own["dense_1"])

    def one(x: Any, edge: Any, node: Any, how: Any, more: Any, kept: Any) -> Any:
        result = []
        for b, own in enumerate(x):
            ends = list(zip(given["senders"][b], given["receivers"][b], strict=True))
            sent = [edge(np.concatenate([own[s], own[r], *([more[b][e]] if more is not None else [])])) for e, (s, r) in enumerate(ends)]
            zero = np.zeros_like(sent[0])
            heard = [[sent[e] for e, (_, r) in enumerate(ends) if r == n and kept[b][e]] for n in range(len(own))]
            result.append([node(np.concatenate([own[n], how(rows, 0) if rows else zero])) for n, rows in enumerate(heard)])
        return np.array(result)

    def after(x: Any) -> Any:
        return np.maximum(dense(x, first["node"]["dense_0"]), 0)

    x = one(given["nodes"], lambda x: mlp(x, first["edge"]), after, np.sum, given["edges"], given["mask"])
    for _ in range(2):
        x = one(x, lambda x: dense(x, m["edge"]), lambda x: mlp(x, m["node"]), np.max, None, np.ones((2, 7), bool))
    np.testing.assert_allclose(program.apply(weights, **given)["y"], x, 1e-4, 1e-5)


@pytest.mark.parametrize(
    ("part", "slug"),
    [("edge=3", "not-callable"), ("edge=digits()", "wrong-kind"), ("edge=Two", "missing-input"), ("how=1", "missing-argument")],
)
def test_parts_that_are_no_layers(part: str, slug: str) -> None:
    block = "block Two {\n  input x: f32[N, 6]\n  input y: f32[N, 6]\n  output x + y\n}\n"
    inputs = "".join(f"  input {name}: {kind}\n" for name, kind in (("x", "f32[4, 3]"), ("s", "i32[9]"), ("r", "i32[9]")))
    text = f"netspec 1\n{block}model M {{\n{inputs}  output y = (x, s, r) -> message_passing({part}, node=dense(2))\n}}\n"
    assert [problem.slug() for problem in check(Source("m.net", text)).problems] == [slug]
