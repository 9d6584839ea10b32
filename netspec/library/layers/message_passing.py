"""Rounds of messages over a graph, with layers or blocks of one's own."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from netspec.library.base import Example, Layer, Part, Wanted
from netspec.library.layers.dense import Dense
from netspec.library.layers.graph_edges import require_graph
from netspec.library.layers.graph_messages import EdgeInputs, NodeInputs
from netspec.shape import Facts, TensorType


class MessagePassing(Layer):
    """One round of messages: `edge` makes a message of what each edge knows, `node` makes the new features of what each node hears.

    nodes [batch…, nodes, F], senders and receivers [batch…, edges] -> [batch…, nodes, features that `node` gives]. `edge` gets what
    `edge_inputs` gives, [batch…, edges, 2 · F], and E more with `edges` [batch…, edges, E]; `node` gets what `node_inputs` gives,
    [batch…, nodes, F + size of a message]. Each is a layer, a chain of layers or a block of one input. Edges whose nodes are not there, or
    that are masked, bring nothing; nodes that are masked send nothing, and what they become means nothing. Parameters stand below `edge`
    and `node`. FLOPs: those of the parts.
    """

    inputs = (*EdgeInputs.inputs, *NodeInputs.inputs[-2:])
    source = "Gilmer et al., Neural Message Passing for Quantum Chemistry, 2017; Battaglia et al., Graph Networks, 2018"
    built: ClassVar[str] = "parts"
    parts: ClassVar[tuple[str, ...]] = ("edge", "node")

    edge: Annotated[Any, Wanted("layer", "function")]
    """What becomes of an edge's features: `MLP(64)`, `dense(64) -> relu`."""
    node: Annotated[Any, Wanted("layer", "function")]
    """What becomes of a node's features and its messages."""
    how: Literal["sum", "mean", "max"] = "sum"
    """What is taken of the messages to a node."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        one, batch = ("f32[6, 3]", "i32[9]", "i32[9]"), ("f32[2, 5, 3]", "i32[2, 8]", "i32[2, 8]")
        more = {"edges": "f32[2, 8, 2]", "node_mask": "bool[2, 5]", "edge_mask": "bool[2, 8]"}
        return (
            Example(cls(edge=Dense(features=4), node=Dense(features=3)), one),
            Example(cls(edge=Dense(features=4), node=Dense(features=2), how="mean"), batch, more),
        )

    def assembly(self) -> tuple[Part, ...]:
        ends = ("nodes", "senders", "receivers")
        return (
            Part("edge", EdgeInputs(), (*ends, "edges")),
            Part("node", NodeInputs(how=self.how), (*ends, "node_mask", "edge_mask"), hears="messages"),
        )

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 2  # one graph

    def shape(self, facts: Facts, nodes: TensorType, senders: TensorType, receivers: TensorType, **optional: TensorType) -> TensorType:
        """Holds the inputs against each other; the result's features are those that `node` gives."""
        require_graph(facts, self.op_name(), nodes, senders, receivers, {n: k for n, k in optional.items() if n != "edges"})
        return nodes
