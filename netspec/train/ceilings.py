"""Holds whole numbers of the data against what the program can do with them: ids within a vocabulary, labels within the classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.texts import ImpossibleRecord, NumberTooLarge
from netspec.ir import Apply, Body, Call, DataPlan, Node, Objective, Operand, list_groups, pair_inputs
from netspec.lazy import np
from netspec.library.base import Array, Callable
from netspec.library.data.columns import Ragged, Table
from netspec.record import record
from netspec.shape import Dim, TensorType

Names = Mapping[int, str]
"""The wires of a body whose numbers are those of a field."""


@record
class Ceiling:
    """What an op demands of a field: its numbers are below `below`."""

    field: str
    below: int
    op: str


def ceilings(model: Body, objectives: Iterable[Objective]) -> list[Ceiling]:
    """What the model demands of its inputs, and losses and metrics without a mask of the fields that they read as they are."""
    found = list(_of_nodes(model.nodes, model, _ports(model)))
    for objective in objectives:
        names = _ports(objective.body)
        for measurement in objective.measurements:
            if not measurement.optional:
                found += _of_op(measurement.op, measurement.inputs, objective.body.types, names)
    return found


def _ports(body: Body) -> dict[int, str]:
    """The names of a body's inputs by wire."""
    return {port.wire: port.name for port in body.inputs if isinstance(port.wire, int)}


def _of_nodes(nodes: tuple[Node, ...], body: Body, names: Names) -> Iterator[Ceiling]:
    known = dict(names)
    for node in nodes:
        if isinstance(node, Apply):
            yield from _of_op(node.op, node.inputs, body.types, known)
            if node.op.keeps_values and isinstance(first := node.inputs[0], int) and first in known:
                known[node.outputs[0]] = known[first]
        inner = {port: known[wire] for port, wire in pair_inputs(node) if wire in known} if isinstance(node, Call) else known
        for below, owner in list_groups(node, body):
            yield from _of_nodes(below, owner, inner)


def _of_op(op: Callable, inputs: tuple[Operand, ...], types: Mapping[int, TensorType], names: Names) -> Iterator[Ceiling]:
    """The ceilings that an op has for the inputs that reach it."""
    wires = [wire for wire in inputs if isinstance(wire, int)]
    if len(wires) < len(inputs) or not any(wire in names for wire in wires):
        return
    found = op.ceilings(*(types[wire] for wire in wires))
    for tensor, wire in zip(op.inputs, wires, strict=False):
        below = Dim.of(found[tensor.name]) if tensor.name in found else None
        if wire in names and below is not None and below.is_constant:
            yield Ceiling(names[wire], below.value, op.op_name())


def require_below(table: Table, plan: DataPlan, wanted: Iterable[Ceiling]) -> None:
    """Raises `Mistake` with the first record of a field that holds too large a number."""
    for ceiling in wanted:
        name = _origin(plan, ceiling.field)
        values = table.get(name)
        flat = values.values if isinstance(values, Ragged) else values
        high = isinstance(flat, np.ndarray) and flat.dtype.kind in "iu" and flat.size and flat.max() >= ceiling.below
        if high and (problem := _problem(name, values, ceiling)):
            raise Mistake(problem)


def require_possible(table: Table, plan: DataPlan, objectives: Iterable[Objective]) -> None:
    """Raises `Mistake` with the first record for which a loss is infinite whatever the model says."""
    for objective in objectives:
        names = _ports(objective.body)
        for use in objective.measurements:
            optional = dict(use.optional)
            if "mask" in optional:
                continue
            wires = {**{port.name: wire for port, wire in zip(use.op.inputs, use.inputs, strict=False)}, **optional}
            origins = {name: _origin(plan, names[wire]) for name, wire in wires.items() if isinstance(wire, int) and wire in names}
            fields = {name: _rows(table[field]) for name, field in origins.items() if field in table}
            types = [objective.body.types[operand] for operand in use.inputs if isinstance(operand, int)]
            if (found := use.op.find_impossible(types, fields)) is not None:
                record, why, repair = found
                raise Mistake(ImpossibleRecord(at=use.span, op=use.op.op_name(), record=record, why=why, repair=repair))


def _rows(values: Array | Ragged) -> Any:
    """All records of a field, one after another."""
    return values if isinstance(values, np.ndarray) else values.rows(np.arange(len(values)))


def _origin(plan: DataPlan, field: str) -> str:
    """What a field was called before the chain renamed it."""
    for transform in reversed(plan.transforms):
        field = transform.name_before(field)
    return field


def _problem(name: str, values: Array | Ragged, ceiling: Ceiling) -> NumberTooLarge | None:
    """None where only elements that no record has are too large."""
    for number, row in enumerate(_rows(values)):
        if row.size and row.max() >= ceiling.below:
            return NumberTooLarge(field=name, record=number, value=int(row.max()), op=ceiling.op, below=ceiling.below)
    return None
