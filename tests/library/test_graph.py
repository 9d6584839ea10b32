"""Layers over graphs: as the same written from primitives, and the same however graphs are padded or put into batches."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.layers.graph import GraphAttention, GraphConv
from netspec.library.layers.graph_pool import GraphPool
from netspec.shape import TensorType
from tests.architectures.build import drawn, numbers, small
from tests.library.scope import TestScope, draw

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
    found = jax.jit(lambda *x, **named: op.apply(TestScope(params), *x, **named))(*batch, **masks)
    for row, one in zip(found, graphs, strict=True):
        alone = op.apply(TestScope(params), *map(jnp.asarray, one))
        np.testing.assert_allclose(row[: len(alone)], alone, 1e-5, 1e-5)
        assert not np.any(row[len(alone) :])


@each_layer
def test_an_edge_without_its_nodes_does_not_count(op: Any) -> None:
    params, (x, senders, receivers) = weights(op), graph(3, 6, 9)
    alone = op.apply(TestScope(params), *map(jnp.asarray, (x, senders, receivers)))
    lost = [np.concatenate([ids, np.array(more, "int32")]) for ids, more in ((senders, [-1, 0, 6]), (receivers, [2, 100, 1]))]
    np.testing.assert_allclose(op.apply(TestScope(params), *map(jnp.asarray, (x, *lost))), alone, 1e-6, 1e-6)


@each_layer
def test_a_graph_without_edges_gives_numbers_and_gradients(op: Any) -> None:
    params, (x, senders, receivers) = weights(op), graph(3, 6, 9)

    def total(x: Any) -> Any:
        mask = {"edge_mask": jnp.zeros(9, bool), "node_mask": jnp.zeros(6, bool)}
        return jnp.sum(op.apply(TestScope(params), x, jnp.asarray(senders), jnp.asarray(receivers), **mask))

    value, slope = jax.value_and_grad(total)(x)
    assert value == 0 and not np.any(slope)


@pytest.mark.parametrize("how", ["mean", "sum", "max"])
def test_both_ways_to_pool_agree(how: Any) -> None:
    x, mask = graph(4, 10, 1)[0].reshape(2, 5, 5), np.array([[True] * 3 + [False] * 2, [True] * 5])
    rows = GraphPool(how=how).apply(TestScope(), jnp.asarray(x), mask=jnp.asarray(mask))
    ids = {"ids": jnp.asarray([0] * 5 + [1] * 5), "mask": jnp.asarray(mask.ravel())}
    flat = GraphPool(how=how, graphs=3).apply(TestScope(), jnp.asarray(x.reshape(10, 5)), **ids)
    np.testing.assert_allclose(flat[:2], rows, 1e-6)
    assert not np.any(flat[2])
