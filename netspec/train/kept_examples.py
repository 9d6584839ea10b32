"""Keeps examples in memory that were made once, up to a number of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array


class Kept:
    """Fields of examples by index. Once it is full nothing more is kept, and nothing goes: an epoch reads every example as often."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._examples: dict[int, dict[str, Any]] = {}
        self._kinds: dict[str, type] = {}
        self._passing: dict[int, dict[str, Any]] = {}

    def missing(self, indices: Array) -> Array:
        """The places in `indices` of examples that are not kept, each example once."""
        self._passing = {}
        seen: set[int] = set()
        return np.array([p for p, i in enumerate(indices.tolist()) if i not in self._examples and not (i in seen or seen.add(i))], np.int64)

    def add(self, indices: Array, batch: dict[str, Any]) -> None:
        """Keeps these examples as long as there is room; the others until the next batch is asked for."""
        self._kinds = {name: type(values) for name, values in batch.items()}
        for place, index in enumerate(indices.tolist()):
            example = {name: np.array(values[place]) for name, values in batch.items()}
            size = sum(value.nbytes for value in example.values())
            target = self._examples if size <= self.room else self._passing
            self.room -= size if target is self._examples else 0
            target[index] = example

    def rows(self, indices: Array) -> dict[str, Any]:
        """The examples with these indices as a batch."""
        found = [self._examples.get(index) or self._passing[index] for index in indices.tolist()]
        return {name: _gather(kind, [example[name] for example in found]) for name, kind in self._kinds.items()}


def _gather(kind: type, values: Sequence[Any]) -> Any:
    """The values of a field as it was given: one array, or a list."""
    return np.stack(values) if issubclass(kind, np.ndarray) else kind(values)
