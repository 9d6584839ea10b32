"""Chooses which of many texts get an id of their own, and turns texts into ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from netspec.lazy import np
from netspec.library.base import Array


def order_values(values: Iterable[str], least: int = 1) -> list[str]:
    """The different values that occur at least so often, the frequent first, equals by their text."""
    counted = ((value, count) for value, count in Counter(values).items() if count >= least)
    return [value for value, _ in sorted(counted, key=lambda pair: (-pair[1], pair[0]))]


def to_ids(values: Sequence[str], known: Sequence[str], first: int, unknown: int) -> Array:
    """i32[n]: each value's place in `known`, counted from `first`, or `unknown`."""
    places = {value: place for place, value in enumerate(known, first)}
    return np.fromiter((places.get(value, unknown) for value in values), np.int32, len(values))
