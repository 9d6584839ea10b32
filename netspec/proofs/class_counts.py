"""Holds the classes that the data say they have against what takes them: losses with scores of so many, ids below so many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netspec.diagnostics.base import Diagnostic, Place
from netspec.ir import Apply, Body, Call, DataPlan, Measurement, Node, Objective, list_groups, pair_inputs
from netspec.ir.def_use import select_needed
from netspec.shape import Dim, TensorType
from netspec.source import Span

Counted = Mapping[int, str]
"""The wires whose numbers are those of a field with a known number of classes."""


def find_unfit_units(model: Body, measured: Iterable[tuple[DataPlan, Objective]]) -> Iterator[Diagnostic]:
    """The problems of what takes fewer classes than a field has, and of losses and metrics with scores of more; one for each number."""
    seen: set[tuple[str, int]] = set()
    for data, objective in measured:
        if data.class_counts:
            for use in _measurements_of(objective, data):
                yield from _judge(use, data, seen)
            for use in _uses_in(model.nodes, model, _name_wires(model, data)):
                yield from (problem for problem in _judge(use, data, seen) if problem.severity == "error")  # a spare row may be for none


Use = tuple[Apply | Measurement, str, str, tuple[TensorType, ...]]
"""An op, which input of it is given a field with classes, the field, the types of all inputs."""


def _name_wires(body: Body, data: DataPlan) -> dict[int, str]:
    return {port.wire: port.name for port in body.inputs if isinstance(port.wire, int) and port.name in data.class_counts}


def _measurements_of(objective: Objective, data: DataPlan) -> Iterator[Use]:
    """The uses in the tensors of an objective, and in its losses and metrics."""
    body, known = objective.body, _name_wires(objective.body, data)
    inside = [*_uses_in(body.nodes, body, known)]
    for measurement in objective.measurements:
        yield from _uses_of(measurement, body, known)
    yield from inside


def _ask_mask(node: Apply | Measurement, body: Body, known: Counted) -> set[str]:
    """The fields with classes that a mask is made of: a mask such as `label < 9` may leave the other classes out."""
    mask = dict(node.optional).get("mask")
    if mask is None:
        return set()
    _, read = select_needed(body.nodes, [mask])
    return {known[wire] for wire in read if wire in known}


def _uses_in(nodes: tuple[Node, ...], body: Body, known: dict[int, str]) -> Iterator[Use]:
    """The uses among nodes; `known` learns of what keeps the numbers."""
    if not known:
        return
    for node in nodes:
        if isinstance(node, Apply):
            yield from _uses_of(node, body, known)
            first = node.inputs[0] if node.inputs else None
            if node.op.keeps_values and isinstance(first, int) and first in known:
                known[node.outputs[0]] = known[first]
        inner = {port: known[wire] for port, wire in pair_inputs(node) if wire in known} if isinstance(node, Call) else known
        for below, owner in list_groups(node, body):
            yield from _uses_in(below, owner, inner)


def _uses_of(node: Apply | Measurement, body: Body, known: Counted) -> Iterator[Use]:
    """The inputs of one op that are such a field."""
    wires = [wire for wire in node.inputs if isinstance(wire, int)]
    if len(wires) == len(node.inputs):
        types = tuple(body.types[wire] for wire in wires)
        asked = _ask_mask(node, body, known) if any(wire in known for wire in wires) else set()
        pairs = zip(node.op.inputs, wires, strict=False)
        yield from ((node, port.name, known[w], types) for port, w in pairs if w in known and known[w] not in asked)


def _judge(use: Use, data: DataPlan, seen: set[tuple[str, int]]) -> Iterator[Diagnostic]:
    """The problem of one use, unless the same number has had one."""
    node, place, field, types = use
    apart, below = (read_number(found(*types).get(place)) for found in (node.op.tells_apart, node.op.ceilings))
    count, limit = data.class_counts[field], apart or below
    if limit is None or limit == count or (limit > count and apart is None) or (field, limit) in seen:
        return
    seen.add((field, limit))
    from netspec.diagnostics.training.classes import MoreUnits, TooFewUnits  # few specs need them

    span: Span = node.span
    chain = (Place(data.span, f"`{field}` has {count} classes"),)
    op, masked = node.op.op_name(), any(name != "weight" for name, _ in node.optional)
    if limit > count:
        yield MoreUnits(at=span, op=op, field=field, classes=count, units=limit, chain=chain)
    elif not (masked and apart is None):
        yield TooFewUnits(
            at=span,
            op=op,
            field=field,
            classes=count,
            below=limit,
            units=apart is not None and isinstance(node, Measurement),
            answers=apart is None and limit == 2,
            chain=chain,
        )


def read_number(limit: Dim | int | None) -> int | None:
    """A limit that is a number."""
    found = None if limit is None else Dim.of(limit)
    return found.value if found is not None and found.is_constant else None
