"""Checks the fields of the data against the spec before the first step: shapes, kinds of number, lengths and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.arrays import ValueNotFinite
from netspec.diagnostics.running.weights import ArrayMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import LENGTH, Column, Ragged, Table, keep_records, number_record
from netspec.lower.input_arrays import accept, describe, refuse_masked, shape_of
from netspec.lower.precision import FULL, Precision
from netspec.record import replace
from netspec.shape import TensorType
from netspec.train.python_sequences import as_column

_BLOCK = 1 << 22
"""Elements looked at together for NaN."""


def check_fields(data: Mapping[str, Any], types: Mapping[str, TensorType], precision: Precision = FULL) -> Table:
    """The declared fields as NumPy arrays or columns of the declared dtypes, f32 as the precision stores it; other entries are left out.

    `length`, where it is declared and not given, is counted. Raises `SpecError` with every problem: a missing field, another shape or
    kind of number, unequal numbers of examples, NaN.
    """
    if not isinstance(data, Mapping):
        raise SpecError([ArrayMismatch(field="data", expected="dicts of arrays by field", found=f"made of {type(data).__name__}")])
    refuse_masked(data, types)
    given = {name: as_column(types[name], values) if name in types else values for name, values in data.items()}
    columns = {name: values for name, values in given.items() if isinstance(values, Column) and name in types}
    given = _add_lengths(given, columns, types)
    plain = {name: kind for name, kind in types.items() if name not in columns}
    arrays = {name: np.asarray(array) for name, array in accept(plain, given, precision).items()}
    converted = {name: _convert_column(name, types[name], column, precision) for name, column in columns.items()}
    found = {name: converted[name] if name in converted else arrays[name] for name in types}
    if problems := [*_find_uneven(found, types, columns), *_not_finite(arrays), *_not_finite_elements(found), *_overlong(found)]:
        raise SpecError([number_record(problem, data) for problem in problems])
    return keep_records(found, data)


def _add_lengths(given: Mapping[str, Any], columns: Mapping[str, Column], types: Mapping[str, TensorType]) -> Mapping[str, Any]:
    """With the lengths of the sequences, where the fields have them and `given` does not."""
    if LENGTH in given or LENGTH not in types:
        return given
    for name, kind in types.items():
        if name in given and kind.rank > 1 and not kind.shape[1].is_constant:
            values = columns.get(name)
            if isinstance(values, Ragged):
                return {**given, LENGTH: values.lengths}
            if len(shape := shape_of(given[name])) > 1:
                rows, width = shape[:2]
                return {**given, LENGTH: np.full(rows, width)}
    return given


def _convert_column(name: str, kind: TensorType, column: Column, precision: Precision) -> Column:
    """The elements of sequences are checked as one flat array. Raises `SpecError`."""
    if not isinstance(column, Ragged):
        return column
    inner = TensorType(kind.dtype, ("elements", *kind.shape[2:]))
    try:
        flat = accept({name: inner}, {name: column.values}, precision)[name]
    except SpecError as error:
        raise SpecError([_describe_lists(kind, column.values, problem) for problem in error.diagnostics]) from None
    return Ragged(np.asarray(flat), column.starts, column.lengths)


def _describe_lists(kind: TensorType, values: Array, problem: Diagnostic) -> Diagnostic:
    """The problem of the elements of lists, with the type that the spec declares."""
    if not isinstance(problem, ArrayMismatch):
        return problem
    found = describe(values).replace(f"[{len(values)}", "[T", 1)
    return replace(problem, expected=str(kind), found=f"lists of {found}", repair="")


def _find_uneven(found: Mapping[str, Any], types: Mapping[str, TensorType], columns: Mapping[str, Column]) -> Iterator[Diagnostic]:
    """Columns with another number of examples than the first field has."""
    count = len(next(iter(found.values()))) if columns else 0
    for name, values in found.items() if columns else ():
        if len(values) != count:
            sizes = ((str(types[name].shape[0]), count),)
            yield ArrayMismatch(field=name, expected=str(types[name]), found=f"{len(values)} examples", sizes=sizes)


def _not_finite(arrays: Mapping[str, Array]) -> Iterator[Diagnostic]:
    """The first number of each field that is not finite."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and (index := _first_not_finite(array)) is not None:
            record = index // max(array[0].size, 1)
            yield ValueNotFinite(field=name, record=record, value=float(array.reshape(-1)[index]))


def _not_finite_elements(found: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The first number of each column of sequences that is not finite."""
    for name, column in found.items():
        if isinstance(column, Ragged) and column.values.dtype.kind == "f" and (index := _first_not_finite(column.values)) is not None:
            element = index // max(column.values[0].size, 1)
            held = (column.starts <= element) & (element < column.starts + column.lengths)
            if held.any():
                yield ValueNotFinite(field=name, record=int(np.argmax(held)), value=float(column.values.reshape(-1)[index]))


def _overlong(found: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The first record whose `length` counts more elements than every one of its lists has."""
    columns = {name: column for name, column in found.items() if isinstance(column, Ragged)}
    given = found.get(LENGTH)
    if not columns or not isinstance(given, np.ndarray) or given.ndim != 1 or any(len(c) != len(given) for c in columns.values()):
        return
    most = np.max([column.lengths for column in columns.values()], axis=0)
    if (given > most).any():
        record = int(np.argmax(given > most))
        reason = f"it counts {int(given[record])} elements of record {record} (counted from 0), whose list has {int(most[record])}"
        yield ArrayMismatch(field=LENGTH, expected="the length of each list or less", found="more", reason=reason)


def _first_not_finite(array: Array) -> int | None:
    """Index of the first NaN or infinity in the flattened array."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        finite = np.isfinite(flat[start : start + _BLOCK])
        if not finite.all():
            return start + int(np.argmin(finite))
    return None
