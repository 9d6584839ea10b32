"""Holds the classes that the data say they have against what takes them: losses with scores of so many, ids below so many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.diagnostics.base import Diagnostic, Place
from netspec.ir import Apply, Body, DataPlan, Measurement, Objective
from netspec.ir.def_use import select_needed
from netspec.proofs.followed_fields import Known, follow, name_ports
from netspec.shape import Dim, TensorType
from netspec.source import Span


def find_unfit_units(model: Body, measured: Iterable[tuple[DataPlan, Objective]]) -> Iterator[Diagnostic]:
    """The problems of what takes fewer classes than a field has, and of losses and metrics with scores of more; one for each number."""
    seen: set[tuple[str, int]] = set()
    for data, objective in measured:
        if data.class_counts:
            for use in _measurements_of(objective, data):
                yield from _judge(use, data, seen)
            for node, body, known in follow(model.nodes, model, _counted(model, data)):
                problems = (problem for use in _uses_of(node, body, known, data) for problem in _judge(use, data, seen))
                yield from (problem for problem in problems if problem.severity == "error")  # a spare row may be for none


Use = tuple[Apply | Measurement, str, str, tuple[TensorType, ...]]
"""An op, which input of it is given a field with classes, the field, the types of all inputs: the field's own where it was cast."""


def _counted(body: Body, data: DataPlan) -> Known:
    return {wire: name for wire, name in name_ports(body).items() if name in data.class_counts}


def _measurements_of(objective: Objective, data: DataPlan) -> Iterator[Use]:
    """The uses in the tensors of an objective, and in its losses and metrics."""
    body, known = objective.body, _counted(objective.body, data)
    inside = [use for node, owner, there in follow(body.nodes, body, known) for use in _uses_of(node, owner, there, data)]
    for measurement in objective.measurements:
        yield from _uses_of(measurement, body, known, data)
    yield from inside


def _ask_mask(node: Apply | Measurement, body: Body, known: Known) -> set[str]:
    """The fields with classes that a mask is made of: a mask such as `label < 9` may leave the other classes out."""
    mask = dict(node.optional).get("mask")
    if mask is None:
        return set()
    _, read = select_needed(body.nodes, [mask])
    return {known[wire] for wire in read if wire in known}


def _uses_of(node: Apply | Measurement, body: Body, known: Known, data: DataPlan) -> Iterator[Use]:
    """The inputs of one op that are such a field."""
    wires = [wire for wire in node.inputs if isinstance(wire, int)]
    if len(wires) < len(node.inputs) or known.keys().isdisjoint(wires):
        return
    types = tuple(_own_type(body.types[wire], known.get(wire), data) for wire in wires)
    asked = _ask_mask(node, body, known)
    pairs = zip(node.op.inputs, wires, strict=False)
    yield from ((node, port.name, known[w], types) for port, w in pairs if w in known and known[w] not in asked)


def _own_type(found: TensorType, field: str | None, data: DataPlan) -> TensorType:
    """The type of class numbers, which may have been cast to floats, is that of the field: they are no probabilities for that."""
    return found if field is None else found.with_dtype(data.fields[field].dtype)


def _judge(use: Use, data: DataPlan, seen: set[tuple[str, int]]) -> Iterator[Diagnostic]:
    """The problem of one use, unless the same number has had one."""
    node, place, field, types = use
    op = node.op.counting_all()
    apart, below = (read_number(found(*types).get(place)) for found in (op.tells_apart, op.ceilings))
    count, limit = data.class_counts[field], apart or below
    left = node.op.classes_left(count)
    if limit is None or left <= limit <= count or (limit > count and apart is None) or (field, limit) in seen:
        return
    seen.add((field, limit))
    from netspec.diagnostics.training.classes import MoreUnits, TooFewUnits  # few specs need them

    span: Span = node.span
    chain = (Place(data.span, f"`{field}` has {count} classes"),)
    name, masked = op.op_name(), any(name != "weight" for name, _ in node.optional)
    if limit > count:
        yield MoreUnits(at=span, op=name, field=field, classes=count, units=limit, chain=chain)
    elif not (masked and apart is None):
        yield TooFewUnits(
            at=span,
            op=name,
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
