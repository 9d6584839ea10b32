"""Holds the values of one field over all examples, which a dataset loads and transforms of whole data take and give.

A field is a NumPy array whose first axis counts examples or, where that would not fit, a `Column`: sequences of different length
(`Ragged`), values that are read when a batch needs them (`Lazy`), or small numbers stored narrowly (`Narrow`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias, runtime_checkable

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.lazy import np
from netspec.library.base import Array
from netspec.record import record, replace


@runtime_checkable
class Column(Protocol):
    """One field of many examples."""

    def __len__(self) -> int:
        """How many examples there are."""
        ...

    def rows(self, indices: Array) -> Array | list[Array]:
        """The examples at these indices (int64[n]): an array [n, ...], or a list of n arrays where their shapes may differ."""
        ...


Values: TypeAlias = Any
"""A NumPy array or a `Column`."""
LENGTH = "length"
"""The field that counts the elements of each sequence."""
Table: TypeAlias = Mapping[str, Values]
"""All examples by field; every field has the same length."""


def rows_of(values: Values, indices: Array) -> Array | list[Array]:
    """The examples of a field at these indices."""
    return values[indices] if isinstance(values, np.ndarray) else values.rows(indices)


def is_decoded(values: Values) -> bool:
    """Are the examples made when a batch needs them, from a file, so that other processes may do it?"""
    return bool(getattr(values, "decoded", False))


class Portion(dict[str, Values]):
    """Some of the examples of a dataset, which know the numbers that a person knows them by: their places among all."""

    def __init__(self, table: Table, records: Array) -> None:
        super().__init__(table)
        self.records = records
        """i64[n]: the place of each among all examples, as the files have them."""


def select(data: Table, indices: Array) -> Portion:
    """The table of only these examples, in this order."""
    table = {name: _select_values(values, indices) for name, values in data.items()}
    return Portion(table, data.records[indices] if isinstance(data, Portion) else indices)


def keep_records(data: Table, before: Table) -> Table:
    """A table that was made of another one, example by example, with the numbers that those had."""
    if not isinstance(before, Portion) or isinstance(data, Portion) or not data:
        return data
    return Portion(data, before.records) if len(next(iter(data.values()))) == len(before.records) else data


@contextmanager
def number_records(data: Table) -> Iterator[None]:
    """A problem that names a record of these examples names it by its place among all."""
    try:
        yield
    except Mistake as mistake:
        raise Mistake(number_record(mistake.diagnostic, data)) from None


def number_record(problem: Diagnostic, data: Table) -> Diagnostic:
    """The problem with the number that a person knows its record by."""
    place = getattr(problem, "record", None)
    if not isinstance(data, Portion) or not isinstance(place, int) or hasattr(problem, "file") or not 0 <= place < len(data.records):
        return problem
    return replace(problem, record=int(data.records[place]))


def _select_values(values: Values, indices: Array) -> Values:
    """Values at these indices, chosen now or when rows are asked for."""
    if isinstance(values, np.ndarray):
        return values[indices]
    own = getattr(values, "select", None)
    return own(indices) if own else Chosen(values, indices)


class Sequences(list["Array"]):
    """Some sequences of a `Ragged` column, whose elements may be vectors: what differs is the length of their first axis alone."""


@record(eq=False)
class Ragged:
    """Sequences of different length, each a piece of one flat array; no Python object stands for an example."""

    values: Array
    """All elements, along the first axis; further axes are those of an element."""
    starts: Array
    """int64[n]: where in `values` each sequence begins."""
    lengths: Array
    """int64[n]: how many elements it has."""

    @classmethod
    def at(cls, values: Array, offsets: Array) -> Ragged:
        """Sequences that lie end to end: number i is `values[offsets[i]:offsets[i + 1]]`."""
        bounds = np.asarray(offsets, np.int64)
        return cls(values, bounds[:-1], np.diff(bounds))

    @classmethod
    def of(cls, sequences: Sequence[Any], dtype: Any = None) -> Ragged:
        """Sequences given one by one: lists of elements, or arrays whose first axis counts those."""
        arrays = [np.asarray(s, dtype) for s in sequences]
        flat = np.concatenate(arrays) if arrays else np.zeros(0, dtype)
        return cls.at(flat, np.cumsum([0, *map(len, arrays)]))

    @property
    def dtype(self) -> Any:
        """The element type of the values."""
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, indices: Array) -> list[Array]:
        starts, lengths = self.starts[indices].tolist(), self.lengths[indices].tolist()
        return Sequences(self.values[start : start + length] for start, length in zip(starts, lengths, strict=True))

    def select(self, indices: Array) -> Ragged:
        return Ragged(self.values, self.starts[indices], self.lengths[indices])

    def cut(self, length: int) -> Ragged:
        """The same sequences without what lies behind the first `length` elements."""
        return Ragged(self.values, self.starts, np.minimum(self.lengths, length))


@record(eq=False)
class Lazy:
    """Values that are read one by one when a batch needs them, such as the pictures of a folder."""

    count: int
    read: Callable[[int], Array]
    """The value of one example; called from the thread that makes batches, or in worker processes, to which it is sent by pickle. May raise
    `Mistake`."""
    stacked: bool = False
    """Have all values the same shape? Then a batch is one array, else a list."""

    decoded = True

    def __len__(self) -> int:
        return self.count

    def rows(self, indices: Array) -> Array | list[Array]:
        """Reads the examples now."""
        found = [self.read(index) for index in indices.tolist()]
        return np.stack(found) if self.stacked else found


@record(eq=False)
class Narrow:
    """An array stored in a narrower type than the batch has it, to save memory."""

    values: Array
    dtype: Any

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, indices: Array) -> Array:
        return self.values[indices].astype(self.dtype)

    def select(self, indices: Array) -> Narrow:
        return Narrow(self.values[indices], self.dtype)


@record(eq=False)
class PerElement:
    """Sequences that follow from their lengths alone, made when a batch needs them."""

    lengths: Array
    make: Callable[[int], Array]
    """The sequence of a length."""

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, indices: Array) -> list[Array]:
        return [self.make(length) for length in self.lengths[indices].tolist()]

    def select(self, indices: Array) -> PerElement:
        return PerElement(self.lengths[indices], self.make)

    def cut(self, length: int) -> PerElement:
        return PerElement(np.minimum(self.lengths, length), self.make)


@record(eq=False)
class Chosen:
    """Some examples of another column."""

    column: Column
    indices: Array

    @property
    def decoded(self) -> bool:
        return is_decoded(self.column)

    def __len__(self) -> int:
        return len(self.indices)

    def rows(self, indices: Array) -> Array | list[Array]:
        """The rows of the column behind the choice."""
        return self.column.rows(self.indices[indices])


@record(eq=False)
class Joined:
    """Several columns, one behind the other."""

    columns: tuple[Any, ...]

    @property
    def decoded(self) -> bool:
        return any(map(is_decoded, self.columns))

    def __len__(self) -> int:
        return sum(map(len, self.columns))

    def rows(self, indices: Array) -> Array | list[Array]:
        """The examples at these indices, of whichever column."""
        ends = np.cumsum([len(column) for column in self.columns])
        found: list[Any] = [None] * len(indices)
        arrays = True
        for own, (column, end) in enumerate(zip(self.columns, ends.tolist(), strict=True)):
            places = np.flatnonzero((indices < end) & (indices >= end - len(column)))
            values = rows_of(self.columns[own], indices[places] - (end - len(column))) if len(places) else []
            arrays = arrays and (not len(places) or isinstance(values, np.ndarray))
            for place, value in zip(places.tolist(), values, strict=True):
                found[place] = value
        return np.stack(found) if arrays and found else found


def join_columns(columns: Sequence[Values]) -> Values:
    """The values of several tables for one field, one behind the other."""
    if all(isinstance(column, np.ndarray) for column in columns):
        return np.concatenate(columns)
    if all(isinstance(column, Ragged) for column in columns):
        shifts = np.cumsum([0, *(len(column.values) for column in columns[:-1])])
        starts = np.concatenate([column.starts + shift for column, shift in zip(columns, shifts.tolist(), strict=True)])
        return Ragged(np.concatenate([c.values for c in columns]), starts, np.concatenate([c.lengths for c in columns]))
    return Joined(tuple(columns))
