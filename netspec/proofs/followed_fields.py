"""Follows the numbers of fields through a graph: which wires hold those of a field as they are, moved or of another element type."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.ir import Apply, Body, Call, Node, list_groups, pair_inputs

Known = dict[int, str]
"""The wires of a body whose numbers are those of a field, each with its name."""


def name_ports(body: Body) -> Known:
    """A body's inputs, which are fields."""
    return {port.wire: port.name for port in body.inputs if isinstance(port.wire, int)}


def follow(nodes: tuple[Node, ...], body: Body, known: Known) -> Iterator[tuple[Apply, Body, Known]]:
    """Every op among the nodes and below them, with its body and what is known there; `known` learns of what keeps the numbers."""
    if not known:
        return
    for node in nodes:
        if isinstance(node, Apply):
            yield node, body, known
            known |= dict.fromkeys(node.outputs, kept) if (kept := _kept(node, body, known)) else {}
        inner = {port: known[wire] for port, wire in pair_inputs(node) if wire in known} if isinstance(node, Call) else known
        for below, owner in list_groups(node, body):
            yield from follow(below, owner, inner)


def _kept(node: Apply, body: Body, known: Known) -> str:
    """The field whose numbers an op's results hold; "" for none."""
    first = node.inputs[0] if node.inputs else None
    if not isinstance(first, int) or first not in known or any(not isinstance(wire, int) for wire in node.inputs):
        return ""
    return known[first] if node.op.keeps_numbers(*(body.types[wire] for wire in node.inputs if isinstance(wire, int))) else ""
