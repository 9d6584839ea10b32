"""Finds what the results of an objective need, and drops measurements, nodes and inputs that nothing reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.ir import BATCH_MASK, Measurement, Node, Port, keep_wires
from netspec.ir.def_use import select_needed

COMPUTED = ("aux.", "params.", BATCH_MASK)
"""Beginnings of the names of inputs that are computed from the model, where they are asked for."""


def select_measurements(
    finishing: Sequence[Node], measurements: Iterable[Measurement], outputs: tuple[Port, ...]
) -> tuple[tuple[Node, ...], tuple[Measurement, ...]]:
    """The nodes of the body of finished means, and the measurements, that its outputs need."""
    nodes, wires = select_needed(finishing, keep_wires(port.wire for port in outputs))
    return nodes, tuple(m for m in measurements if m.output in wires)


def select_nodes(
    nodes: Sequence[Node], ports: Iterable[Port], measurements: tuple[Measurement, ...]
) -> tuple[tuple[Node, ...], tuple[Port, ...]]:
    """The nodes and the computed inputs of the body of tensors that the measurements need. Fields and outputs of the model stay."""
    kept, wires = select_needed(nodes, (wire for measurement in measurements for wire in measurement.reads))
    return kept, tuple(p for p in ports if p.wire in wires or not p.name.startswith(COMPUTED))
