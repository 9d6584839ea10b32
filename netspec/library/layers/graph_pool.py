"""What all nodes of a graph give together."""

from __future__ import annotations

from typing import Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.graphs import PoolOfWhat
from netspec.kernels.segment import segment
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.layers.attention_weights import require_shape
from netspec.library.shape_rules.sizes import require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType


class GraphPool(Function):
    """The mean, the sum or the largest of each graph's nodes, feature by feature.

    Of padded graphs, one in each row of the batch: [batch…, nodes, features] -> [batch…, features]. Of graphs that stand one behind
    another, by the number of each node's graph: with `ids` [batch…, nodes] and `graphs=n` -> [batch…, n, features]. Nodes whose mask is
    false, or whose graph is not there, don't count; a graph without nodes gives 0. Sums are in at least f32. FLOPs: 1 per element of x.
    """

    inputs = (
        In("x", "[batch…, nodes, features]", rank=2),
        In("ids", "the number of each node's graph, [batch…, nodes]", "int", optional=True, rank=1),
        In("mask", "false for nodes that only fill up a graph, [batch…, nodes]", "bool", optional=True, rank=1),
    )
    source = "Gilmer et al., Neural Message Passing for Quantum Chemistry, 2017 (readout)"

    how: Literal["mean", "sum", "max"] = "mean"
    """What is taken of a graph's nodes."""
    graphs: Size | None = None
    """Number of graphs, where `ids` says which one a node belongs to."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        flat = {"ids": "i32[7]"}
        return (
            Example(cls(), ("f32[3, 5, 2]",), {"mask": "bool[3, 5]"}),
            Example(cls(how="sum"), ("f32[6, 4]",)),
            Example(cls(how="max", graphs=5), ("f32[7, 3]",), flat),
            Example(cls(graphs=4), ("f32[7, 3]",), flat | {"mask": "bool[7]"}),
            Example(cls(how="max"), ("f32[2, 3, 4, 2]",), {"mask": "bool[2, 3, 4]"}),
            Example(cls(how="sum", graphs=6), ("f32[2, 8, 3]",), {"ids": "i32[2, 8]", "mask": "bool[2, 8]"}),
        )

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        name = self.op_name()
        if (self.graphs is None) == ("ids" in optional):
            raise Mistake(PoolOfWhat(name, "ids" in optional, blame="graphs" if self.graphs is not None else "ids"))
        for each, kind in optional.items():
            require_shape(facts, name, each, kind, (x.shape[:-1],))
        graphs = () if self.graphs is None else (require_positive(facts, name, "graphs", self.graphs),)
        return x.with_shape((*x.shape[:-2], *graphs, x.shape[-1]))

    def apply(self, scope: Scope, x: Array, **optional: Array) -> Array:
        graphs, (*batch, nodes, features) = 1 if self.graphs is None else unwrap_size(self.graphs), x.shape
        ids = optional["ids"] if "ids" in optional else jnp.zeros(x.shape[:-1], jnp.int32)
        kept = (ids >= 0) & (ids < graphs) & optional.get("mask", True)
        rows = ids.size // nodes
        first = jnp.arange(rows, dtype=jnp.int32)[:, None] * graphs
        places = jnp.where(kept.reshape(rows, nodes), ids.reshape(rows, nodes).astype(jnp.int32) + first, rows * graphs).ravel()
        y = self._pooled(scope, x.reshape(-1, features).astype(jnp.promote_types(x.dtype, jnp.float32)), places, rows * graphs)
        return y.astype(x.dtype).reshape(*batch, *(() if self.graphs is None else (graphs,)), features)

    def _pooled(self, scope: Scope, x: Array, places: Array, graphs: int) -> Array:
        """[nodes, features] -> [graphs, features]."""
        counts = segment(scope.kernels, jnp.ones(places.shape, jnp.int32), places, segments=graphs)[:, None]
        if self.how == "max":
            return jnp.where(counts > 0, segment(scope.kernels, x, places, segments=graphs, combine="max"), 0)
        total = segment(scope.kernels, x, places, segments=graphs)
        return total if self.how == "sum" else total / jnp.maximum(counts, 1).astype(x.dtype)

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        return x.size

    def flow(self, passage: Passage) -> Flow:
        """Graphs of a batch know nothing of each other."""
        rank = passage.types[0].rank
        if any(rank - 2 in flow.axes for flow in passage.named.values()):
            passage.refuse("it mixes all nodes")
        return passage.keeps(-2)
