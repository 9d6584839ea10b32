"""Looks at the values of one field: their type, range, mean, lengths, missing ones and counts, for `netspec data` and for reports."""

from __future__ import annotations

from typing import Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import PerElement, Ragged, is_decoded, rows_of
from netspec.limits import LIMITS
from netspec.record import record

CLASSES = 100
"""Different whole numbers of a field of one number that are counted."""
MOST_VALUES = 1 << 26
"""Values of a field that are looked at, spread evenly: they are in memory, or read from a file in a second."""


@record(eq=False)
class Facts:
    """What the values of a field are."""

    kind: str = ""
    """The element type and the sizes of one value: `f32[28, 28, 1]`; "": values that are read when a batch needs them."""
    lengths: tuple[int, int, int] | None = None
    """Of sequences the least length, the median and the largest."""
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    """Of the numbers that are there; None where there are none."""
    missing: int = 0
    """Numbers that are NaN."""
    every: int = 1
    """Each so many-th value was looked at."""
    uniform: bool = True
    """Have all values the same shape?"""


def look_at(values: Any) -> Facts:
    """The facts of a field's values: an array, or a column."""
    if is_decoded(values):
        return Facts()
    array = _flat(values)
    lengths = _spread(values.lengths) if isinstance(values, Ragged | PerElement) else None
    if array is None:
        return Facts("sequences" if lengths else "values of different shapes", lengths, uniform=False)
    shape = array.shape[1:] if lengths is None else ("T", *array.shape[1:])
    kind = f"{_short(array)}[{', '.join(map(str, shape))}]"
    if array.dtype.kind not in "fiub" or not array.size:
        return Facts(kind, lengths)
    every = -(-array.size // MOST_VALUES)
    array = array[::every]
    missing = int(np.isnan(array).sum()) if array.dtype.kind == "f" else 0
    if missing == array.size:
        return Facts(kind, lengths, missing=missing, every=every)
    ends = float(np.nanmin(array)), float(np.nanmax(array)), float(np.nanmean(array, dtype=np.float64))
    return Facts(kind, lengths, *ends, missing, every)


def _flat(values: Any) -> Array | None:
    """The values as one array, those of sequences end to end; None where their shapes differ, or only their lengths are kept."""
    if isinstance(values, PerElement):
        return None
    if isinstance(values, Ragged):
        return values.values
    found = values if isinstance(values, np.ndarray) else rows_of(values, np.arange(min(len(values), LIMITS.described_lines)))
    return found if isinstance(found, np.ndarray) else None


def _short(array: Array) -> str:
    """The element type as specs write it, `f32`."""
    kind = {"f": "f", "i": "i", "u": "u"}.get(array.dtype.kind)
    return f"{kind}{8 * array.dtype.itemsize}" if kind else str(array.dtype)


def _spread(lengths: Array) -> tuple[int, int, int] | None:
    """The least, the median and the largest."""
    return (int(lengths.min()), int(np.median(lengths)), int(lengths.max())) if len(lengths) else None


def count_values(values: Any, most: int = CLASSES) -> dict[int, int]:
    """How often each whole number of a field occurs, the small ones first; nothing where there are many, or other values."""
    array = None if is_decoded(values) else _flat(values)
    if array is None or array.dtype.kind not in "iub" or (array.ndim > 1 and not isinstance(values, Ragged)):
        return {}
    found, times = np.unique(array, return_counts=True)
    few = len(found) <= min(most, max(len(array) // 2, 2))
    return dict(zip(map(int, found.tolist()), times.tolist(), strict=True)) if few else {}
