"""Takes sequences that a person hands over as Python lists: of numbers, of vectors, of texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import LENGTH, Ragged
from netspec.lower.input_arrays import refuse_masked
from netspec.shape import TensorType
from netspec.train.collation import pad_sequences, width


def as_column(kind: TensorType, values: Any) -> Any:
    """Lists of different length as a `Ragged` column, texts as their UTF-8 bytes; anything else as it is.

    `[[5, 2, 7], [4, 1]]` may stand for i32[B, T], two arrays of 3 and of 5 vectors for f32[B, T, 8], and `["one", "three"]` for u8[B, N].
    """
    if isinstance(values, np.ndarray) and values.dtype == object and values.ndim == 1:
        values = list(values)
    if not isinstance(values, list | tuple) or kind.rank < 2 or kind.shape[1].is_constant or not values:
        return values
    if kind.dtype == "u8" and kind.rank == 2 and all(isinstance(value, str) for value in values):
        return Ragged.of([np.frombuffer(value.encode(), np.uint8) for value in values], np.uint8)
    rows = _fill_empty([_sequence(value, kind.rank - 1) for value in values])
    if any(row is None for row in rows) or len({row.shape[1:] for row in rows if row is not None}) > 1:
        return values
    return Ragged.of(rows) if kind.rank == 2 or len({len(row) for row in rows if row is not None}) > 1 else values


def _sequence(value: Any, rank: int) -> Array | None:
    """A list of numbers, or of vectors, as an array of so many axes; None for anything else."""
    if not isinstance(value, list | tuple | np.ndarray) and not hasattr(value, "__array__"):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):  # NumPy's words for lists that are no array
        return None
    fits = array.ndim == rank or array.shape == (0,)
    return array if fits and array.dtype.kind in "biufV" else None


def _fill_empty(rows: list[Array | None]) -> list[Array | None]:
    """Sequences without an element have that of the others: NumPy takes `[]` for numbers with a fraction. Where all are empty nothing tells
    what they hold, and they are none."""
    first = next((row for row in rows if row is not None and len(row)), None)
    if first is None:
        return [None] * len(rows)
    return [first[:0] if row is not None and row.shape == (0,) else row for row in rows]


def pad_lists(given: Mapping[str, Any], types: Mapping[str, TensorType], longest: int | None = None) -> dict[str, Any]:
    """Inputs with lists of different length padded as in training, and `length` beside them where it is an input and was not given."""
    refuse_masked(given, types)
    columns = {name: as_column(types[name], values) if name in types else values for name, values in given.items()}
    uneven = {name: column for name, column in columns.items() if isinstance(column, Ragged) and len(set(column.lengths.tolist())) > 1}
    everything = {n: c.rows(np.arange(len(c))) for n, c in uneven.items()}
    padded = {name: pad_sequences(rows, width(max(map(len, rows)), longest)) for name, rows in everything.items()}
    counted = {LENGTH: next(iter(uneven.values())).lengths} if uneven and LENGTH in types and LENGTH not in given else {}
    return {**given, **padded, **counted}
