"""Answers what every pass asks of a node: which wires it takes and makes, which nodes are inside. Kinds are told apart here. Floor 2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.ir.nodes import Apply, Aux, Body, Call, Node, Operand, Recur, Repeat, Variable, When
from netspec.record import record


@record(eq=False)
class Region:
    """The nodes inside a node, with what flows in and out. Other wires of the body are captured: read as they are."""

    nodes: tuple[Node, ...]
    begins: tuple[tuple[int, Operand | None], ...]
    """Wires that are there when the nodes begin, each with what it is outside of them: a carried value, a sequence. None: it comes of
    nothing (the number of an iteration, a state's first value)."""
    ends: tuple[tuple[int, Operand], ...]
    """Wires that the node makes, each with what it is when the nodes have run."""
    again: tuple[tuple[int, Operand], ...] = ()
    """Of those that begin the ones that begin anew, each with what it is when the nodes have run: a carried value, a state."""

    @property
    def starts(self) -> tuple[int, ...]:
        """The wires that are there when the nodes begin."""
        return tuple(wire for wire, _ in self.begins)

    @property
    def results(self) -> tuple[int, ...]:
        """The wires that are read when the nodes have run."""
        return keep_wires(end for _, end in (*self.ends, *self.again))


def regions(node: Node) -> tuple[Region, ...]:
    """The groups of nodes inside a node; the body that a call instantiates has wires of its own and is none of them."""
    match node:
        case Repeat():
            index = () if node.index is None else ((node.index, None),)
            begins = (*zip(node.inner, node.carried, strict=True), *index)
            ends, again = zip(node.outputs, node.results, strict=True), zip(node.inner, node.results, strict=True)
            return (Region(node.nodes, begins, tuple(ends), tuple(again)),)
        case Recur():
            begins = (*zip(node.steps, node.sequences, strict=True), *zip(node.inner, node.starts, strict=True))
            ends = (*zip(node.outputs, node.made, strict=True), *zip(node.finals, node.results, strict=True))
            return (Region(node.nodes, begins, ends, tuple(zip(node.inner, node.results, strict=True))),)
        case When():
            return (Region(node.nodes, (), tuple(zip(node.outputs, node.inside, strict=True))),)
    return ()


def operands(node: Node) -> tuple[Operand, ...]:
    """What a node takes where it stands: not what its region captures or ends with (`reads_inside`)."""
    match node:
        case Apply():
            return (*node.inputs, *(wire for _, wire in (*node.optional, *node.varying)))
        case Call():
            return node.inputs
        case Aux():
            return (node.input,)
        case Repeat():
            return node.carried
        case When():
            return tuple(operand for operand in node.otherwise if operand is not None)
        case Recur():
            return tuple(wire for wire in (*node.sequences, *node.starts, node.lengths) if wire is not None)
    return ()


def reads(node: Node) -> tuple[int, ...]:
    """The wires that a node takes where it stands. What a buffer will be in the next step is read when its body has run (`reads_after`)."""
    return keep_wires(operands(node))


def reads_after(node: Node) -> tuple[int, ...]:
    """The wires that are read when all nodes of the body have run: what a buffer is in the next step."""
    return (node.written,) if isinstance(node, Variable) and node.written is not None else ()


def reads_inside(node: Node) -> Iterator[int]:
    """Every wire that a node and the nodes inside it read, at any depth, those that are made inside too."""
    yield from reads(node)
    yield from reads_after(node)
    for region in regions(node):
        for inner in region.nodes:
            yield from reads_inside(inner)
        yield from region.results


def writes(node: Node) -> tuple[int, ...]:
    """The wires that a node makes where it stands."""
    match node:
        case Variable():
            return (node.output,)
        case Recur():
            return (*node.outputs, *node.finals)
        case Aux():
            return ()
    return node.outputs


def list_groups(node: Node, body: Body) -> Iterator[tuple[tuple[Node, ...], Body]]:
    """The groups of nodes below a node of a body, each with the body that their wires belong to: its region, or the body that it calls."""
    if isinstance(node, Call):
        yield node.body.nodes, node.body
    yield from ((region.nodes, body) for region in regions(node))


def pair_inputs(node: Call) -> tuple[tuple[int, int], ...]:
    """Each wire that begins the body of a call, with the one outside that it is."""
    pairs = zip(node.body.inputs, node.inputs, strict=True)
    return tuple((port.wire, wire) for port, wire in pairs if isinstance(port.wire, int))


def keep_wires(values: Iterable[Operand | None]) -> tuple[int, ...]:
    """Those operands that are no literals."""
    return tuple(wire for wire in values if isinstance(wire, int))
