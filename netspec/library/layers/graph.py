"""Layers over the nodes and edges of graphs."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from netspec.kernels.matmul import contract, matmul
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, Flow, Initializer, Layer, Passage, Positive, Rate, Scope, Size, Weight
from netspec.library.initializers.distributions import GlorotUniform, Zeros
from netspec.library.layers.attention_weights import require_shape
from netspec.library.layers.graph_edges import (
    EDGE_MASK,
    EDGES,
    NODE_MASK,
    NODES,
    RECEIVERS,
    SENDERS,
    WEIGHTS,
    Edges,
    edges_of,
    graph_flow,
    links,
    mask_nodes,
    normalise_edges,
    require_graph,
)
from netspec.library.shape_rules.sizes import count, kernel, offset, require_positive, stretch_last
from netspec.shape import Dim, Facts, TensorType


class GraphConv(Layer):
    """Each node becomes the sum of what its edges bring, each the sender's features through one linear map: y = Â · (x @ kernel) + bias.

    nodes [batch…, nodes, in], senders and receivers [batch…, edges] -> [batch…, nodes, features]. Â[r, s] is the sum of the weights of
    the edges from s to r: as they are ("none"), divided by the sum of weights that enter r ("row", a mean), or by the square roots of that
    and of the sum that leaves s ("symmetric"). An edge counts when both its nodes are there and unmasked and its own mask is true, so
    graphs of any size are padded to one shape; masked nodes give 0. Sums are in at least f32. Parameters: `kernel` [in, features], `bias`
    [features]. FLOPs: per node and feature 2 · in, and 1 for the bias; per edge, self-loops and masked ones included, 2 per feature.
    """

    inputs = (NODES, SENDERS, RECEIVERS, WEIGHTS, NODE_MASK, EDGE_MASK)
    zeroes = True
    source = "Kipf and Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017"

    features: Size
    """Number of features of a node in the output."""
    normalisation: Literal["none", "symmetric", "row"] = "symmetric"
    """What weights are divided by: nothing, the roots of both ends' degrees, or the receiver's degree."""
    self_loops: bool = True
    """Each node has one more edge, of weight 1, from itself."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = GlorotUniform()
    """Initial value of the kernel."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        one, batch = ("f32[6, 3]", "i32[9]", "i32[9]"), ("f32[2, 5, 3]", "i32[2, 8]", "i32[2, 8]")
        padded = {"node_mask": "bool[2, 5]", "edge_mask": "bool[2, 8]"}
        return (
            Example(cls(features=4), one),
            Example(cls(features=2, normalisation="none", self_loops=False, bias=False), one),
            Example(cls(features=4, normalisation="row"), batch, padded),
            Example(cls(features=4), batch, {"edge_weights": "f32[2, 8]", "edge_mask": "bool[2, 8]"}),
            Example(cls(features=3, normalisation="row", self_loops=False), ("f32[3, 2]", "i32[7]", "i32[7]"), {"edge_weights": "f32[7]"}),
        )

    def shape(self, facts: Facts, nodes: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> TensorType:
        require_graph(facts, self.op_name(), nodes, senders, receivers, optional)
        return nodes.with_shape((*nodes.shape[:-1], require_positive(facts, self.op_name(), "features", self.features)))

    def params(self, nodes: TensorType, *edges: TensorType, **optional: TensorType) -> dict[str, Weight]:
        weights = {"kernel": kernel("kernel", nodes.shape[-1:], (self.features,), self.kernel_init)}
        return weights | ({"bias": offset("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, nodes: Array, senders: Array, receivers: Array, **optional: Array) -> Array:
        edges = edges_of(scope, nodes, senders, receivers, optional, self.self_loops)
        h = matmul(scope.kernels, nodes, scope.param("kernel").astype(nodes.dtype))
        factors = normalise_edges(edges, self.normalisation)
        flat = h.reshape(edges.nodes, h.shape[-1]).astype(factors.dtype)
        y = edges.gathered(edges.sent(flat) * factors[:, None]).astype(h.dtype).reshape(h.shape)
        return mask_nodes(y + stretch_last(scope.param("bias"), y) if self.bias else y, optional)

    def flops(self, nodes: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> Dim:
        mapped = count(nodes.shape[:-1]) * self.features * (2 * nodes.shape[-1] + int(self.bias))
        return mapped + links(nodes, senders, self.self_loops) * self.features * 2

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 2  # one graph

    def flow(self, passage: Passage) -> Flow:
        return graph_flow(passage)


class GraphAttention(Layer):
    """Each node becomes the mean of its neighbours, mapped to heads of features, weighted by a softmax over the edges that enter it.

    nodes [batch…, nodes, in], senders and receivers [batch…, edges] -> [batch…, nodes, heads · features], or with `merge="mean"`
    [batch…, nodes, features]. With h = x @ kernel an edge from s to r scores leaky_relu(h[s] · source + h[r] · target) in each head; with
    features of `edges` [batch…, edges, size] their product with `edge` is added inside, of which self-loops have none.
    An edge counts when both its nodes are there and unmasked and its own mask is true; masked nodes give 0, and a node that no edge
    enters gives the bias. Scores and softmax are in at least f32. Parameters: `kernel` [in, heads, features], `source` and `target`
    [heads, features], `edge` [size, heads], `bias` [heads · features], or [features] with the mean. FLOPs: per node and feature of a head
    2 · in + 4, per edge, self-loops and masked ones included, 2 per feature of a head and 8 per head, 2 · size per head and edge with
    features, and 1 per output element for the bias.
    """

    inputs = (NODES, SENDERS, RECEIVERS, NODE_MASK, EDGE_MASK, EDGES)
    random: ClassVar[bool] = True
    zeroes = True
    source = "Veličković et al., Graph Attention Networks, 2018"

    features: Size
    """Number of features of a head."""
    heads: Positive = 1
    """Number of heads."""
    slope: float = 0.2
    """Slope of leaky_relu below 0."""
    merge: Literal["concat", "mean"] = "concat"
    """What becomes of the heads: one after the other, or their mean."""
    self_loops: bool = True
    """Each node has one more edge, from itself."""
    dropout: Rate = 0.0
    """Probability that a weight is dropped in training."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = GlorotUniform()
    """Initial value of the kernel, which is seen as one matrix, and of `source`, `target` and `edge`."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        one, batch = ("f32[6, 3]", "i32[9]", "i32[9]"), ("f32[2, 5, 3]", "i32[2, 8]", "i32[2, 8]")
        padded = {"node_mask": "bool[2, 5]", "edge_mask": "bool[2, 8]"}
        return (
            Example(cls(features=4), one),
            Example(cls(features=2, heads=3, self_loops=False, dropout=0.4), one),
            Example(cls(features=4, heads=2, merge="mean", slope=0.1), batch, padded),
            Example(cls(features=2, heads=2, self_loops=False, bias=False), batch, padded),
            Example(cls(features=2, heads=3), one, {"edges": "f32[9, 2]"}),
            Example(cls(features=3, heads=2, self_loops=False), batch, padded | {"edges": "f32[2, 8, 4]"}),
        )

    @property
    def _width(self) -> int | Dim:
        """Features of a node in the output."""
        return self.features * self.heads if self.merge == "concat" else self.features

    def shape(self, facts: Facts, nodes: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> TensorType:
        edges = optional.pop("edges", None)
        require_graph(facts, self.op_name(), nodes, senders, receivers, optional)
        if edges is not None:
            require_shape(facts, self.op_name(), "edges", edges, ((*nodes.shape[:-2], senders.shape[-1], edges.shape[-1]),))
        require_positive(facts, self.op_name(), "features", self.features)
        return nodes.with_shape((*nodes.shape[:-1], self._width))

    def params(self, nodes: TensorType, *ends: TensorType, **optional: TensorType) -> dict[str, Weight]:
        weights = {"kernel": kernel("kernel", nodes.shape[-1:], (self.heads, self.features), self.kernel_init)}
        for name in ("source", "target"):
            weights[name] = kernel(name, (self.heads,), (self.features,), self.kernel_init)
        if "edges" in optional:
            weights["edge"] = kernel("edge", optional["edges"].shape[-1:], (self.heads,), self.kernel_init)
        return weights | ({"bias": offset("bias", (self._width,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, nodes: Array, senders: Array, receivers: Array, **optional: Array) -> Array:
        edges = edges_of(scope, nodes, senders, receivers, optional, self.self_loops)
        h = contract(scope.kernels, nodes, scope.param("kernel").astype(nodes.dtype), over=((nodes.ndim - 1,), (0,)))
        flat = h.reshape(edges.nodes, *h.shape[-2:]).astype(jnp.promote_types(h.dtype, jnp.float32))
        scores = self._scores(scope, edges, flat)
        if "edges" in optional:
            scores = scores + self._of_edges(scope, optional["edges"].astype(flat.dtype), nodes.shape[-2])
        shares = self._dropped(scope, edges.shares(jax.nn.leaky_relu(scores, self.slope)), h.shape[:-3])
        y = edges.gathered(edges.sent(flat) * shares[..., None])
        y = (y.mean(1) if self.merge == "mean" else y).astype(h.dtype).reshape(*nodes.shape[:-1], -1)
        return mask_nodes(y + stretch_last(scope.param("bias"), y) if self.bias else y, optional)

    def _scores(self, scope: Scope, edges: Edges, h: Array) -> Array:
        """[edges, heads]."""
        source, target = (jnp.sum(h * stretch_last(scope.param(name), h), -1) for name in ("source", "target"))
        return edges.sent(source) + edges.received(target)

    def _of_edges(self, scope: Scope, features: Array, nodes: int) -> Array:
        """What their features add to the scores of edges, [edges, heads]: behind those of each graph come its self-loops, with nothing."""
        graphs = features.reshape(math.prod(features.shape[:-2]), *features.shape[-2:])
        scores = matmul(scope.kernels, graphs, scope.param("edge").astype(features.dtype))
        return jnp.pad(scores, ((0, 0), (0, nodes if self.self_loops else 0), (0, 0))).reshape(-1, self.heads)

    def _dropped(self, scope: Scope, shares: Array, batch: tuple[int, ...]) -> Array:
        """Drops shares of attention at random in training and scales up the rest; their shape stays."""
        if not scope.training or self.dropout == 0:
            return shares
        drawn = scope.bernoulli(1 - self.dropout, (*batch, shares.size // self.heads // max(math.prod(batch), 1), self.heads))
        return jnp.where(drawn.reshape(shares.shape), shares / (1 - self.dropout), 0)

    def flops(self, nodes: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> Dim:
        number = count(nodes.shape[:-1])
        mapped = number * (self.heads * Dim.of(self.features) * (2 * nodes.shape[-1] + 4) + (self._width if self.bias else 0))
        added = optional["edges"].size * (2 * self.heads) if "edges" in optional else 0
        return mapped + added + links(nodes, senders, self.self_loops) * self.heads * (2 * Dim.of(self.features) + 8)

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 2  # one graph

    def flow(self, passage: Passage) -> Flow:
        return graph_flow(passage)
