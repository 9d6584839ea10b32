"""What edges and nodes see when messages pass along the edges of a graph; the networks in between are any layers or blocks."""

from __future__ import annotations

from typing import Literal

from netspec.kernels.array_forms import append_axes
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.layers.attention_weights import require_shape
from netspec.library.layers.graph_edges import (
    EDGE_MASK,
    NODE_MASK,
    NODES,
    RECEIVERS,
    SENDERS,
    edges_of,
    graph_flow,
    mask_nodes,
    require_graph,
)
from netspec.library.shape_rules.sizes import count
from netspec.shape import Dim, Facts, TensorType


class EdgeInputs(Function):
    """What each edge knows: the features of its sender, then of its receiver, then its own.

    nodes [batch…, nodes, F], senders and receivers [batch…, edges] -> [batch…, edges, 2 · F], and E more with `edges` [batch…, edges, E].
    An edge one of whose nodes is not there has 0 for both. One round of messages, written out, is
    `messages = (nodes, senders, receivers) -> edge_inputs -> MLP(32)`, and then
    `(nodes, messages, senders, receivers) -> node_inputs -> MLP(32)`. FLOPs: 0.
    """

    inputs = (NODES, SENDERS, RECEIVERS, In("edges", "features of the edges, [batch…, edges, E]", optional=True, rank=2))
    source = "Gilmer et al., Neural Message Passing for Quantum Chemistry, 2017"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[6, 3]", "i32[9]", "i32[9]")),
            Example(cls(), ("f32[2, 4, 3]", "i32[2, 8]", "i32[2, 8]"), {"edges": "f32[2, 8, 5]"}),
        )

    def shape(self, facts: Facts, nodes: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> TensorType:
        require_graph(facts, self.op_name(), nodes, senders, receivers, {})
        own = optional["edges"].shape[-1] if "edges" in optional else Dim.of(0)
        for name, kind in optional.items():
            require_shape(facts, self.op_name(), name, kind, ((*senders.shape, own),))
        return nodes.with_shape((*senders.shape, 2 * nodes.shape[-1] + own))

    def apply(self, scope: Scope, nodes: Array, senders: Array, receivers: Array, **optional: Array) -> Array:
        edges, flat = edges_of(scope, nodes, senders, receivers, {}, loops=False), nodes.reshape(-1, nodes.shape[-1])
        ends = jnp.concatenate([edges.sent(flat), edges.received(flat)], -1)
        known = jnp.where(append_axes(edges.kept, ends), ends, 0).reshape(*senders.shape, -1)
        return jnp.concatenate([known, optional["edges"].astype(known.dtype)], -1) if "edges" in optional else known

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 2  # one graph

    def flow(self, passage: Passage) -> Flow:
        return graph_flow(passage)


class NodeInputs(Function):
    """What each node knows: its own features, then the sum, the mean or the largest of the messages on the edges that enter it.

    nodes [batch…, nodes, F], messages [batch…, edges, M], senders and receivers [batch…, edges] -> [batch…, nodes, F + M]. An edge counts
    when both its nodes are there and unmasked and its own mask is true; without any the second part is 0. Masked nodes give 0. Sums are
    in at least f32. FLOPs: 1 per element of the messages.
    """

    inputs = (NODES, In("messages", "[batch…, edges, M]", rank=2), SENDERS, RECEIVERS, NODE_MASK, EDGE_MASK)
    zeroes = True
    source = "Gilmer et al., Neural Message Passing for Quantum Chemistry, 2017"

    how: Literal["sum", "mean", "max"] = "sum"
    """What is taken of the messages to a node."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        one, batch = ("f32[6, 3]", "f32[9, 2]", "i32[9]", "i32[9]"), ("f32[2, 5, 3]", "f32[2, 8, 2]", "i32[2, 8]", "i32[2, 8]")
        return (
            Example(cls(), one),
            Example(cls(how="mean"), batch, {"node_mask": "bool[2, 5]", "edge_mask": "bool[2, 8]"}),
            Example(cls(how="max"), batch, {"edge_mask": "bool[2, 8]"}),
        )

    def shape(
        self, facts: Facts, nodes: TensorType, messages: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType
    ) -> TensorType:
        require_graph(facts, self.op_name(), nodes, senders, receivers, optional)
        require_shape(facts, self.op_name(), "messages", messages, ((*senders.shape, messages.shape[-1]),))
        return nodes.with_shape((*nodes.shape[:-1], nodes.shape[-1] + messages.shape[-1]))

    def apply(self, scope: Scope, nodes: Array, messages: Array, senders: Array, receivers: Array, **optional: Array) -> Array:
        edges = edges_of(scope, nodes, senders, receivers, optional, loops=False)
        rows = messages.reshape(-1, messages.shape[-1]).astype(edges.weights.dtype)
        counts = edges.gathered(edges.kept.astype(jnp.int32))[:, None]
        if self.how == "max":
            y = jnp.where(counts > 0, edges.highest(rows), 0)
        else:
            y = edges.gathered(rows)
        if self.how == "mean":
            y = y / jnp.maximum(counts, 1).astype(y.dtype)
        y = y.astype(nodes.dtype).reshape(*nodes.shape[:-1], messages.shape[-1])
        return mask_nodes(jnp.concatenate([nodes, y], -1), optional)

    def flops(self, nodes: TensorType, messages: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> Dim:
        return count(messages.shape)

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 2  # one graph

    def flow(self, passage: Passage) -> Flow:
        passage.untouched(-1, -2, input=1, why="every message may change every node")
        return graph_flow(passage)
