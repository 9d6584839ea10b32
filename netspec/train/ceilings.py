"""Holds whole numbers of the data against what the program can do with them: ids within a vocabulary, labels within the classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.texts import ImpossibleRecord, NumberTooLarge
from netspec.ir import DataPlan, Objective
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import Ragged, Table
from netspec.lower.id_limits import describe_outside, is_outside
from netspec.lower.input_arrays import sizes_of
from netspec.proofs.id_bounds import Bounds


def require_within(table: Table, plan: DataPlan, wanted: Iterable[Bounds]) -> None:
    """Raises `Mistake` with the first record of a field that holds a number which nothing can use."""
    sizes = {} if plan.batch is not None else sizes_of(plan.fields, {n: x for n, x in table.items() if n in plan.fields})
    for bounds in wanted:
        name, known = _origin(plan, bounds.field), bounds.at(sizes)
        values = table.get(name)
        flat = values.values if isinstance(values, Ragged) else values
        if known is None or not isinstance(flat, np.ndarray) or flat.dtype.kind not in "iu" or not flat.size:
            continue
        if is_outside(flat, known).any() and (problem := _problem(name, values, known)):
            raise Mistake(problem)


def require_possible(table: Table, plan: DataPlan, objectives: Iterable[Objective]) -> None:
    """Raises `Mistake` with the first record for which a loss is infinite whatever the model says."""
    for objective in objectives:
        names = {port.wire: port.name for port in objective.body.inputs if isinstance(port.wire, int)}
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


def _problem(name: str, values: Array | Ragged, bounds: Bounds) -> NumberTooLarge | None:
    """None where only elements that no record has are outside."""
    for number, row in enumerate(_rows(values)):
        if (outside := is_outside(np.asarray(row), bounds)).any():
            return describe_outside(name, number, int(np.asarray(row)[outside].flat[0]), bounds)
    return None
