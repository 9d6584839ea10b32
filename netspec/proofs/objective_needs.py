"""Finds what the results of an objective need, and drops measurements, nodes and inputs that nothing reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netspec.ir import BATCH_MASK, Body, Measurement, Node, Port, Variable, keep_wires
from netspec.ir.def_use import select_needed
from netspec.ir.paths import buffers_of, uses, weights_of
from netspec.shape import TensorType

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


def list_kept(node: Node, types: Mapping[int, TensorType]) -> tuple[str, ...]:
    """The weights and buffers that a node of these wires has of its own, by path: only a model's are kept from step to step."""
    found: list[str] = []
    for path, use in uses(Body("objective", (), (), (node,), types)).items():
        if isinstance(use, Variable):
            found.append(path)
        else:
            owner, apply = use
            found += [f"{path}/{name}" for name in {**weights_of(owner, apply), **buffers_of(owner, apply)}]
    return tuple(found)
