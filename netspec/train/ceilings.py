"""Holds whole numbers of the data against what the program can do with them: ids within a vocabulary, labels within the classes."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.texts import NumberTooLarge
from netspec.ir import DataPlan
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


def _origin(plan: DataPlan, field: str) -> str:
    """What a field was called before the chain renamed it."""
    for transform in reversed(plan.transforms):
        field = transform.name_before(field)
    return field


def _problem(name: str, values: Array | Ragged, bounds: Bounds) -> NumberTooLarge | None:
    """None where only elements that no record has are outside."""
    rows = values if isinstance(values, np.ndarray) else values.rows(np.arange(len(values)))
    for number, row in enumerate(rows):
        if (outside := is_outside(np.asarray(row), bounds)).any():
            return describe_outside(name, number, int(np.asarray(row)[outside].flat[0]), bounds)
    return None
