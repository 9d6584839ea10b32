"""Finds losses that nothing of the model moves: they are computed of fields alone, or behind `stop_gradient` or `argmax`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netspec.ir import OUTPUT, Apply, Measurement, Node, Operand, Port, reads
from netspec.ir.def_use import index_makers
from netspec.shape import TensorType

MOVED = (OUTPUT, "aux.", "params.")
"""Beginnings of the names of an objective's inputs that depend on parameters."""
Types = Mapping[int, TensorType]


def is_moved(
    loss: Operand,
    finishing: Sequence[Node],
    measurements: Iterable[Measurement],
    nodes: Sequence[Node],
    ports: Iterable[Port],
    types: Types,
) -> bool:
    """Does a finished mean have a gradient with respect to some output of the model, value of `aux` or parameter?"""
    means = follow([loss], finishing, None)
    begun = [wire for m in measurements if m.output in means and m.op.sloped for wire in m.reads]
    wires = follow(begun, nodes, types)
    return any(port.wire in wires and port.name.startswith(MOVED) for port in ports)


def follow(begun: Iterable[Operand], nodes: Sequence[Node], types: Types | None) -> set[Operand]:
    """These wires and all that they have a slope by, of those nodes. Whole numbers have none; `types` None: all are floats."""
    makers, found, left = index_makers(nodes), set(), list(begun)
    while left:
        wire = left.pop()
        if wire in found or not isinstance(wire, int) or (types is not None and not types[wire].is_float):
            continue
        found.add(wire)
        node = makers.get(wire)
        if node is not None and (not isinstance(node, Apply) or node.op.sloped):
            left += reads(node)
    return found
