"""A choice of a model's parameters by logical paths: whole stored leaves, and single slices of those that a `repeat` stacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from netspec.lazy import jnp, np
from netspec.library.base import Array, Leaf
from netspec.lower.layout import Exported, Stored

Arrays = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Parameters by stored key; of a leaf in `parts` those slices, numbered in row-major order of its stack axes."""

    stored: Mapping[str, Stored]
    parts: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, stored: Mapping[str, Stored], paths: Collection[str]) -> Chosen:
        wanted = set(paths)
        numbers = {key: chosen_slices(leaf, wanted) for key, leaf in stored.items()}
        found = {key: stored[key] for key, slices in numbers.items() if slices}
        return cls(found, {key: numbers[key] for key, leaf in found.items() if len(numbers[key]) < len(leaf.paths)})

    def take(self, params: Arrays) -> dict[str, Array]:
        """The chosen ones alone. Slices of a stack are stacked along one axis."""
        return {key: self._slices(key, params[key]) if key in self.parts else params[key] for key in self.stored}

    def put(self, params: Arrays, chosen: Arrays) -> dict[str, Array]:
        """All parameters, with the chosen ones exchanged."""
        return {**params, **{key: self._exchanged(key, params[key], x) if key in self.parts else x for key, x in chosen.items()}}

    def leaves(self) -> dict[str, Leaf]:
        """What optimizers may know of each of them."""
        return {key: self._leaf(key, leaf) for key, leaf in self.stored.items()}

    def _leaf(self, key: str, leaf: Stored) -> Leaf:
        if key not in self.parts:
            return leaf.leaf()
        return Leaf(tuple(leaf.paths[i] for i in self.parts[key]), 1, leaf.leaf().columns)

    def _slices(self, key: str, x: Array) -> Array:
        return flat(x, len(self.stored[key].counts))[np.asarray(self.parts[key])]

    def _exchanged(self, key: str, x: Array, slices: Array) -> Array:
        new = flat(x, len(self.stored[key].counts)).at[np.asarray(self.parts[key])].set(slices)
        return new.reshape(x.shape)


def chosen_slices(leaf: Stored | Exported, paths: Collection[str]) -> tuple[int, ...]:
    """The numbers of a leaf's slices that have one of these paths."""
    return tuple(i for i, path in enumerate(leaf.paths) if path in paths)


def flat(x: Any, axes: int) -> Array:
    """The array with its first axes as one."""
    return jnp.reshape(x, (-1, *x.shape[axes:]))


def summed(leaf: Exported, x: Array, paths: Collection[str]) -> Array:
    """The sum of the slices with these paths, of which there is one at least."""
    numbers = chosen_slices(leaf, paths)
    slices = flat(x, len(leaf.counts))
    return jnp.sum(slices if len(numbers) == len(leaf.paths) else slices[np.asarray(numbers)], axis=0)
