"""Finds which node makes a wire and which nodes read it, and what of some nodes is needed for some wires. Floor 2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netspec.ir.nodes import Body, Node, Port
from netspec.ir.regions import reads, reads_after, reads_inside, regions, writes
from netspec.ir.traversal import walk_nodes
from netspec.record import record

End = Node | Port
"""Who makes or reads a wire: a node, or an input or output of the body."""


@record(eq=False)
class DefUse:
    """The wires of one body, those inside regions included."""

    makers: Mapping[int, End]
    """Of each wire the one that makes it; a wire that begins a region is made by the node around it."""
    readers: Mapping[int, tuple[End, ...]]
    """Of each wire those that read it, in order; what a region ends with is read by the node around it. Without those that nobody reads."""

    @classmethod
    def of(cls, body: Body) -> DefUse:
        """Raises ValueError where a wire is made twice."""
        makers: dict[int, End] = {}
        readers: dict[int, list[End]] = {}
        for maker, wire in _list_made(body):
            if makers.setdefault(wire, maker) is not maker:
                raise ValueError(f"wire {wire} of {body.name} is made twice")
        for reader, wire in _list_read(body):
            found = readers.setdefault(wire, [])
            if reader not in found:
                found.append(reader)
        return cls(makers, {wire: tuple(found) for wire, found in readers.items()})


def _list_made(body: Body) -> Iterable[tuple[End, int]]:
    yield from ((port, port.wire) for port in body.inputs if isinstance(port.wire, int))
    for node in walk_nodes(body.nodes):
        yield from ((node, wire) for region in regions(node) for wire in region.starts)
        yield from ((node, wire) for wire in writes(node))


def _list_read(body: Body) -> Iterable[tuple[End, int]]:
    for node in walk_nodes(body.nodes):
        ends = (wire for region in regions(node) for wire in region.results)
        yield from ((node, wire) for wire in (*reads(node), *ends, *reads_after(node)))
    yield from ((port, port.wire) for port in body.outputs if isinstance(port.wire, int))


def index_makers(nodes: Iterable[Node]) -> dict[int, Node]:
    """The node that makes each wire, of nodes on one level."""
    return {wire: node for node in nodes for wire in writes(node)}


def find_captures(node: Node) -> set[int]:
    """The wires from around it that a node and those inside it read."""
    inside = {wire for region in regions(node) for wire in region.starts}
    inside.update(wire for region in regions(node) for inner in walk_nodes(region.nodes) for wire in _defines(inner))
    return set(reads_inside(node)) - inside


def _defines(node: Node) -> Iterable[int]:
    """The wires that a node makes where it stands, and those that begin its region."""
    yield from writes(node)
    yield from (wire for region in regions(node) for wire in region.starts)


def select_needed(nodes: Sequence[Node], wires: Iterable[int]) -> tuple[tuple[Node, ...], set[int]]:
    """The nodes that make some wires, at any depth, in order, and all wires that those nodes read, with the wires asked for."""
    wanted, kept = set(wires), []
    for node in reversed(nodes):
        if any(not wanted.isdisjoint(writes(inner)) for inner in walk_nodes((node,))):
            kept.append(node)
            wanted.update(reads_inside(node))
    return tuple(reversed(kept)), wanted
