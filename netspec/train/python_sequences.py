"""Takes sequences that a person hands over as Python lists."""

from __future__ import annotations

from typing import Any

from netspec.lazy import np
from netspec.library.data.columns import Ragged
from netspec.shape import TensorType


def as_column(kind: TensorType, values: Any) -> Any:
    """Lists of different length as a `Ragged` column, texts as their UTF-8 bytes; anything else as it is.

    `[[5, 2, 7], [4, 1]]` may stand for i32[B, T], and `["one", "three"]` for u8[B, N].
    """
    if not isinstance(values, list | tuple) or kind.rank != 2 or kind.shape[1].is_constant or not values:
        return values
    if kind.dtype == "u8" and all(isinstance(value, str) for value in values):
        return Ragged.of([np.frombuffer(value.encode(), np.uint8) for value in values], np.uint8)
    if all(_is_sequence(value) for value in values):
        return Ragged.of(values)
    return values


def _is_sequence(value: Any) -> bool:
    """A list of numbers, or an array of one axis."""
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(v, int | float) for v in value)
    return getattr(value, "ndim", 0) == 1 and len(value) > 0
