"""Holds what graph layers share: inputs that describe the edges, their shapes, and all graphs of a batch as one.

Inside, the graphs of a batch are one graph whose nodes are numbered through; edges that do not count lead to no node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from netspec.kernels.array_forms import append_axes
from netspec.kernels.family import Choosing
from netspec.kernels.segment import segment
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Flow, In, Passage, Scope
from netspec.library.layers.attention_weights import require_shape
from netspec.library.shape_rules.sizes import count
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType

NODES = In("nodes", "[batch…, nodes, features]", rank=2)
SENDERS = In("senders", "the number of the node that each edge leaves, [batch…, edges]", "int", rank=1)
RECEIVERS = In("receivers", "the number of the node that it enters, [batch…, edges]", "int", rank=1)
WEIGHTS = In("edge_weights", "a factor for each edge [batch…, edges]; 1 when absent", optional=True, rank=1)
NODE_MASK = In("node_mask", "false for nodes that only fill up a graph, [batch…, nodes]", "bool", optional=True, rank=1)
EDGES = In("edges", "features of each edge, [batch…, edges, features]", optional=True, rank=2)
EDGE_MASK = In("edge_mask", "false for edges that only fill up a graph, [batch…, edges]", "bool", optional=True, rank=1)


# --- shapes ----------------------------------------------------------------------------------------------------------
def require_graph(
    facts: Facts, op: str, nodes: TensorType, senders: TensorType, receivers: TensorType, optional: Mapping[str, TensorType]
) -> None:
    """Ids, weights and masks go with the nodes. Raises `Mistake` for the first that does not."""
    *batch, number, _ = nodes.shape
    edges = (*batch, senders.shape[-1])
    require_shape(facts, op, "senders", senders, (edges,))
    require_shape(facts, op, "receivers", receivers, (edges,))
    for name, kind in optional.items():
        require_shape(facts, op, name, kind, ((*batch, number) if name == "node_mask" else edges,))


def links(nodes: TensorType, senders: TensorType, loops: bool) -> Dim:
    """Number of edges in the whole batch, self-loops included."""
    return count(senders.shape) + (count(nodes.shape[:-1]) if loops else 0)


def graph_flow(passage: Passage) -> Flow:
    """Graphs of a batch know nothing of each other; nodes, and edges, are mixed."""
    passage.untouched(-1, -2, why="every node may hear of every other one")
    for place in range(1, len(passage.types)):
        passage.untouched(-1, input=place, why="every edge may change every node")
    for name, flow in passage.named.items():
        if any(axis in flow.axes for axis in range(passage.types[0].rank - 2, passage.named_types[name].rank)):
            passage.refuse("it mixes all nodes and edges")
    return passage.made()


# --- values ----------------------------------------------------------------------------------------------------------
@record(eq=False)
class Edges:
    """The edges of all graphs of a batch. An edge that does not count leaves node 0 and enters none."""

    kernels: Choosing
    """What the layer sums with."""
    senders: Array
    """i32[edges], numbers of nodes in the whole batch."""
    receivers: Array
    """i32[edges]; as many as there are nodes for an edge that does not count."""
    weights: Array
    """Factor of each edge in at least f32, 0 for one that does not count."""
    kept: Array
    """bool[edges]: which of them count."""
    nodes: int
    """Number of nodes in the whole batch."""

    def sent(self, x: Array) -> Array:
        """What the edges' senders have: [nodes, …] -> [edges, …]."""
        return x[self.senders]

    def received(self, x: Array) -> Array:
        """What their receivers have; anything for an edge that does not count."""
        return x[jnp.minimum(self.receivers, self.nodes - 1)]

    def gathered(self, messages: Array) -> Array:
        """The sum of the messages that each node receives: [edges, …] -> [nodes, …]."""
        return segment(self.kernels, messages, self.receivers, segments=self.nodes)

    def highest(self, messages: Array) -> Array:
        """The largest of the messages that each node receives; the smallest number there is where it receives none."""
        return segment(self.kernels, messages, self.receivers, segments=self.nodes, combine="max")

    def shares(self, scores: Array) -> Array:
        """Softmax of scores [edges, …] over the edges that enter the same node; 0 for edges that do not count."""
        highest = self.highest(lax.stop_gradient(scores))
        kept = append_axes(self.kept, scores)
        powers = jnp.where(kept, jnp.exp(jnp.where(kept, scores - self.received(highest), 0)), 0)
        total = self.received(self.gathered(powers))
        return powers / jnp.where(total > 0, total, 1)


def edges_of(scope: Scope, x: Array, senders: Array, receivers: Array, optional: Mapping[str, Array], loops: bool) -> Edges:
    """Edges count when both ends are there and no mask is false; with `loops` each node has one more, from itself, of weight 1."""
    number, rows = x.shape[-2], senders.reshape(-1, senders.shape[-1]).shape[0]
    ends = [_rows(ids, rows).astype(jnp.int32) for ids in (senders, receivers)]
    kept = jnp.ones(ends[0].shape, bool)
    for end in ends:
        kept = kept & (end >= 0) & (end < number)
    wide = jnp.promote_types(x.dtype, jnp.float32)
    weights = _rows(optional["edge_weights"], rows).astype(wide) if "edge_weights" in optional else jnp.ones(kept.shape, wide)
    if "edge_mask" in optional:
        kept = kept & _rows(optional["edge_mask"], rows)
    there = _rows(optional["node_mask"], rows) if "node_mask" in optional else jnp.ones((rows, number), bool)
    for end in ends:
        kept = kept & jnp.take_along_axis(there, jnp.clip(end, 0, number - 1), 1)
    if loops:
        own = jnp.broadcast_to(jnp.arange(number, dtype=jnp.int32), (rows, number))
        ends = [jnp.concatenate([end, own], 1) for end in ends]
        kept, weights = jnp.concatenate([kept, there], 1), jnp.concatenate([weights, jnp.ones(own.shape, wide)], 1)
    first = jnp.arange(rows, dtype=jnp.int32)[:, None] * number
    sender, receiver = jnp.where(kept, ends[0] + first, 0), jnp.where(kept, ends[1] + first, rows * number)
    return Edges(scope.kernels, sender.ravel(), receiver.ravel(), jnp.where(kept, weights, 0).ravel(), kept.ravel(), rows * number)


def _rows(x: Array, rows: int) -> Array:
    """One row for each graph."""
    return x.reshape(rows, x.shape[-1])


def normalise_edges(edges: Edges, how: Literal["none", "symmetric", "row"]) -> Array:
    """The factor of each edge. A degree is the sum of the weights of a node's edges; below or at 0 it gives factors of 0."""
    if how == "none":
        return edges.weights
    entering = edges.received(_power(edges.gathered(edges.weights), -1.0 if how == "row" else -0.5))
    if how == "row":
        return edges.weights * entering
    leaving = segment(edges.kernels, edges.weights, edges.senders, segments=edges.nodes)
    return edges.weights * entering * edges.sent(_power(leaving, -0.5))


def _power(degree: Array, exponent: float) -> Array:
    """degree ** exponent, element by element, and 0 where a degree is not above 0, as its power may be infinite."""
    return jnp.where(degree > 0, jnp.where(degree > 0, degree, 1) ** exponent, 0)


def mask_nodes(x: Array, optional: Mapping[str, Array], axes: int = 1) -> Array:
    """Zeros for nodes that only fill up a graph; the last `axes` are the nodes' features."""
    if "node_mask" not in optional:
        return x
    there = optional["node_mask"]
    return jnp.where(there.reshape(there.shape + (1,) * axes), x, 0)
