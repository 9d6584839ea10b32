"""Graphs in .npz files: one that is a whole, or many, each an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import BadGraph
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example
from netspec.library.base.field_bounds import model_validator
from netspec.library.data.columns import Ragged
from netspec.library.data.datasets.text_file import DataPath, find
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.shape import Dim, TensorType

if TYPE_CHECKING:
    from pathlib import Path

SENDERS, RECEIVERS, NODE_MASK, EDGE_MASK, GRAPH = "senders", "receivers", "node_mask", "edge_mask", "graph"
OF_GRAPHS = Dim.symbol("graphs")
"""The axis of a file that counts graphs."""


class Graph(Dataset):
    """One graph in an .npz file of the data folder, as `karate_club` is one: `nodes` f32[N, F], `senders` and `receivers` i32[E].

    `fields` are the types of the whole, an array of each name in the file: `fields={nodes: f32[N, 1433], senders: i32[E], receivers:
    i32[E], label: i32[N], train: bool[N]}`. The same symbol is the same size. `senders` and `receivers` hold, for each edge, the numbers of
    the nodes that it leaves and enters, from 0; an edge that goes both ways stands twice. The graph is never cut: a chain on it has no
    `batch`, an epoch is one step, and evaluation sees the same graph. What is trained on, and what is measured, says a mask of the file:
    `loss = softmax_cross_entropy(logits, label, mask=train)`, `metric accuracy = accuracy(logits, label, mask=test)`.
    """

    batched: ClassVar[bool] = False

    file: DataPath
    """The file's path in the data folder."""
    fields: FieldTypes
    """The type of each field."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        ends = {SENDERS: TensorType("i32", ("E",)), RECEIVERS: TensorType("i32", ("E",))}
        own = {"nodes": TensorType("f32", ("N", 16)), "label": TensorType("i32", ("N",))}
        masks = {"train": TensorType("bool", ("N",)), "test": TensorType("bool", ("N",))}
        return (Example(cls(file="cora.npz", fields={**own, **ends, **masks})), Example(cls(file="g.npz", fields={**own, **ends})))

    @model_validator(mode="after")
    def _has_edges(self) -> Graph:
        """Checks that the fields are those of a graph."""
        _nodes_axis(self.fields)
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return dict(self.fields)

    def load(self, folder: Path | None) -> dict[str, Array]:
        from netspec.library.data.datasets.npz_archive import read_whole

        path = find(folder, self.file, self.op_name())
        found = read_whole(path, self.fields)
        nodes = next(found[name].shape[0] for name, kind in self.fields.items() if kind.rank and kind.shape[0] == _nodes_axis(self.fields))
        _require_nodes(path, found, nodes)
        return found

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return ((self.file,),)


class Graphs(Dataset):
    """Many graphs of different size in an .npz file of the data folder, each an example: molecules, programs, meshes.

    `fields` are the types of one graph, such as `{nodes: f32[N, 7], senders: i32[E], receivers: i32[E], node_mask: bool[N],
    edge_mask: bool[E], label: i32[]}`. In the file the nodes of all graphs stand one behind the other, numbered through from 0, and so do
    the edges: `nodes` has the rows of all nodes, `graph` says of each node which graph it is of (from 0, ascending), `senders` and
    `receivers` hold for each edge the nodes that it leaves and enters, both of one graph. Other fields whose first axis is that of the
    nodes or of the edges are laid out like those, all others have a row for each graph.

    In a batch the nodes of each graph are numbered from 0, and smaller graphs are filled up: `node_mask` and `edge_mask`, which the file
    need not have, are false for what only fills up, and are to be given to the layers: `graph_conv(64, node_mask=node_mask,
    edge_mask=edge_mask)`. `test` is a second file, or the fraction of the graphs that are set aside for the test part. Graphs that are
    already filled up to one size are read by `npz`.
    """

    file: DataPath
    """The file's path in the data folder."""
    fields: FieldTypes
    """The type of each field of one graph."""
    test: Fraction | DataPath | None = None
    """The test part: a second file, or a fraction of the graphs."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        ends = {SENDERS: TensorType("i32", ("E",)), RECEIVERS: TensorType("i32", ("E",))}
        masks = {NODE_MASK: TensorType("bool", ("N",)), EDGE_MASK: TensorType("bool", ("E",))}
        own = {"nodes": TensorType("f32", ("N", 7)), **ends, **masks, "label": TensorType("i32")}
        edges = {"edges": TensorType("f32", ("E", 3))}
        return (Example(cls(file="proteins.npz", fields=own, test=0.1)), Example(cls(file="a.npz", fields={**own, **edges}, test="b.npz")))

    @model_validator(mode="after")
    def _has_edges(self) -> Graphs:
        """Checks that the fields are those of graphs that are filled up."""
        require_part(self.test, self.part)
        nodes, edges = _nodes_axis(self.fields), self.fields[SENDERS].shape[0]
        for name, axis in {NODE_MASK: nodes, EDGE_MASK: edges}.items():
            if self.fields.get(name) != TensorType("bool", (axis,)):
                raise ValueError(f"`{name}: bool[{axis}]` among `fields`, which is false for what only fills up a graph")
        if nodes.is_constant or edges.is_constant:
            raise ValueError("a symbol for the numbers of nodes and of edges, which differ: `nodes: f32[N, 7], senders: i32[E]`")
        for name, kind in self.fields.items():
            others = [dim for place, dim in enumerate(kind.shape) if not dim.is_constant and (place or dim not in (nodes, edges))]
            if others:
                raise ValueError(f"`{name}: {kind}`: only the first axis may have any size, that of the nodes or of the edges")
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return ((self._name,),)

    def load(self, folder: Path | None) -> dict[str, Any]:
        from netspec.library.data.datasets.npz_archive import read_whole

        path = find(folder, self._name, self.op_name())
        nodes, edges = _nodes_axis(self.fields), self.fields[SENDERS].shape[0]
        types = {name: self._laid_out(kind, nodes, edges) for name, kind in self.fields.items()}
        found = read_whole(path, {**types, GRAPH: TensorType("i32", (nodes,))}, optional=(NODE_MASK, EDGE_MASK))
        of_node = found.pop(GRAPH)
        counts = _count_nodes(path, of_node, [len(found[name]) for name, kind in types.items() if kind.shape[0] == OF_GRAPHS])
        _require_nodes(path, found, len(of_node))
        starts, of_edge = np.cumsum(counts) - counts, of_node[found[SENDERS]]
        if (wrong := of_edge != of_node[found[RECEIVERS]]).any():
            edge = int(np.argmax(wrong))
            raise Mistake(BadGraph(file=str(path), why=f"its edge {edge} (counted from 0) leads from one graph to another"))
        order, degrees = np.argsort(of_edge, kind="stable"), np.bincount(of_edge, minlength=len(counts))
        found = {**found, **{name: (found[name] - starts[of_edge]).astype(found[name].dtype) for name in (SENDERS, RECEIVERS)}}
        found = {NODE_MASK: np.ones(len(of_node), bool), EDGE_MASK: np.ones(len(of_edge), bool), **found}
        made = {name: _column(found[name], types[name].shape[0], nodes, edges, order, counts, degrees) for name in self.fields}
        return examples_of(made, self)

    def _laid_out(self, kind: TensorType, nodes: Dim, edges: Dim) -> TensorType:
        """The type of a field's array in the file."""
        return kind if kind.rank and kind.shape[0] in (nodes, edges) else TensorType(kind.dtype, (OF_GRAPHS, *kind.shape))

    @property
    def _name(self) -> str:
        """The file of this part."""
        return self.test if self.part == "test" and isinstance(self.test, str) else self.file


def _nodes_axis(fields: Mapping[str, TensorType]) -> Dim:
    """The axis that counts nodes. Raises ValueError where the fields are not those of a graph."""
    ends = [fields.get(name) for name in (SENDERS, RECEIVERS)]
    if any(kind is None or kind.rank != 1 or not kind.is_int for kind in ends) or ends[0] != ends[1]:
        raise ValueError(f"`{SENDERS}: i32[E], {RECEIVERS}: i32[E]` among `fields`, the nodes that each edge leaves and enters")
    edges = fields[SENDERS].shape[0]
    found = next((kind.shape[0] for kind in fields.values() if kind.rank and kind.shape[0] != edges), None)
    if found is None:
        raise ValueError("a field with a row for each node among `fields`: `nodes: f32[N, 7]`")
    return found


def _count_nodes(path: Path, of_node: Array, rows: list[int]) -> Array:
    """How many nodes each graph has, i64[graphs]. Raises `Mistake` for numbers of graphs that do not ascend, or leave one out."""
    if not len(of_node):
        raise Mistake(BadGraph(file=str(path), why="it has no node"))
    down = np.flatnonzero(np.diff(of_node) < 0)
    if len(down) or of_node[0] < 0:
        node = int(down[0]) + 1 if len(down) else 0
        raise Mistake(
            BadGraph(file=str(path), why=f"`{GRAPH}` does not ascend from 0: node {node} (counted from 0) has {int(of_node[node])}")
        )
    count = int(of_node[-1]) + 1
    if count > len(of_node):
        raise Mistake(BadGraph(file=str(path), why=f"`{GRAPH}` counts {count:,} graphs, more than there are nodes"))
    if any(number != count for number in rows):
        other = next(number for number in rows if number != count)
        raise Mistake(BadGraph(file=str(path), why=f"`{GRAPH}` counts {count:,} graphs, but other arrays have {other:,} rows"))
    counts = np.bincount(of_node, minlength=count)
    if not counts.all():
        raise Mistake(BadGraph(file=str(path), why=f"its graph {int(np.argmin(counts))} (counted from 0) has no node"))
    return counts


def _require_nodes(path: Path, found: Mapping[str, Array], nodes: int) -> None:
    """Raises `Mistake` for an edge of a node that is not there."""
    for name in (SENDERS, RECEIVERS):
        wrong = (found[name] < 0) | (found[name] >= nodes)
        if wrong.any():
            edge = int(np.argmax(wrong))
            why = f"`{name}` of its edge {edge} (counted from 0) is node {int(found[name][edge])} of {nodes:,}"
            raise Mistake(BadGraph(file=str(path), why=why))


def _column(values: Array, axis: Dim, nodes: Dim, edges: Dim, order: Array, counts: Array, degrees: Array) -> Any:
    """A field graph by graph."""
    if axis == nodes:
        return Ragged.at(values, np.concatenate([[0], np.cumsum(counts)]))
    return Ragged.at(values[order], np.concatenate([[0], np.cumsum(degrees)])) if axis == edges else values
