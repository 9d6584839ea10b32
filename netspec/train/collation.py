"""Makes arrays of the examples of a batch: sequences of different length are padded with 0 to one of few widths, so that few compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.sequences import UnevenField
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import Sequences

SMALLEST = 8
"""No batch of sequences is narrower."""


def collate(batch: Mapping[str, Any], bounds: Sequence[int] = (), longest: int | None = None) -> dict[str, Array]:
    """The fields as arrays. A list of sequences is padded to the smallest of `bounds` that holds them, without bounds to `width`."""
    return {name: _array(name, values, bounds, longest) for name, values in batch.items()}


def _array(name: str, values: Any, bounds: Sequence[int], longest: int | None) -> Array:
    """The values of one field as an array; sequences of different length are padded."""
    if not isinstance(values, list):
        return values
    shapes = {np.shape(value) for value in values}
    if isinstance(values, Sequences) or all(len(shape) == 1 for shape in shapes):
        length = max(shape[0] for shape in shapes)
        return pad_sequences(values, next((b for b in bounds if b >= length), None) or width(length, longest))
    if len(shapes) > 1:
        raise Mistake(UnevenField(field=name, shapes=tuple(sorted(shapes)[:2])))
    return np.stack(values)


def width(length: int, longest: int | None = None) -> int:
    """The smallest power of two from 8 that holds so many elements, but no more than `longest` unless they are more."""
    found = max(SMALLEST, 1 << (length - 1).bit_length())
    return found if longest is None else max(min(found, longest), length)


def pad_sequences(sequences: Sequence[Array], width: int) -> Array:
    """[n, width, …], zeros behind each sequence."""
    array = np.zeros((len(sequences), width, *sequences[0].shape[1:]), sequences[0].dtype)
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return array
