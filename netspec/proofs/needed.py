"""What of an objective its results need: measurements, nodes and inputs that nothing reads are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.ir import Apply, Call, Measurement, Node, Port


def needed_measurements(
    finishing: Sequence[Node], measurements: Iterable[Measurement], outputs: tuple[Port, ...]
) -> tuple[tuple[Node, ...], tuple[Measurement, ...]]:
    """The nodes of the body of finished means, and the measurements, that its outputs need."""
    nodes, wires = needed(finishing, {p.wire for p in outputs if isinstance(p.wire, int)})
    return nodes, tuple(m for m in measurements if m.output in wires)


def needed_nodes(
    nodes: Sequence[Node], ports: Iterable[Port], measurements: tuple[Measurement, ...]
) -> tuple[tuple[Node, ...], tuple[Port, ...]]:
    """The nodes and the computed inputs of the body of tensors that the measurements need. Fields and outputs of the model stay."""
    read = {w for m in measurements for w in (*m.inputs, *(wire for _, wire in m.optional)) if isinstance(w, int)}
    kept, wires = needed(nodes, read)
    return kept, tuple(p for p in ports if p.wire in wires or not p.name.startswith(COMPUTED))


COMPUTED = ("aux.", "params.")
"""Beginnings of the names of inputs that are computed from the model, where they are asked for."""


def needed(nodes: Sequence[Node], wires: set[int]) -> tuple[tuple[Node, ...], set[int]]:
    """The nodes that make some wires, in order, and all wires that they read."""
    kept: list[Node] = []
    for node in reversed(nodes):
        if not isinstance(node, Apply | Call) or not wires.isdisjoint(node.outputs):
            kept.append(node)
            wires |= inputs_of(node)
    return tuple(reversed(kept)), wires


def inputs_of(node: Node) -> set[int]:
    if isinstance(node, Apply):
        return {w for w in (*node.inputs, *(wire for _, wire in node.optional)) if isinstance(w, int)}
    return set(node.inputs) if isinstance(node, Call) else set()
