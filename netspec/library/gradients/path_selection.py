"""Chooses parameters by logical paths: whole stored leaves, and single slices of those that a `repeat` stacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from netspec.lazy import jnp, np
from netspec.library.base import Array, Leaf
from netspec.record import record

Arrays = Mapping[str, Array]


@record(eq=False)
class Chosen:
    """Some of the parameters. Slices chosen of a leaf with others are stacked along one axis."""

    whole: Mapping[str, Leaf]
    """All leaves, by stored path."""
    slices: Mapping[str, tuple[int, ...]]
    """The numbers of the chosen slices, in row-major order of the stack axes, of the leaves that have some."""

    @classmethod
    def of(cls, leaves: Mapping[str, Leaf], paths: Collection[str] | None) -> Chosen:
        """The parameters with these paths; None: all."""
        wanted = None if paths is None else set(paths)
        numbers = {key: numbers_of(leaf.paths, wanted) for key, leaf in leaves.items()}
        return cls(leaves, {key: found for key, found in numbers.items() if found})

    def leaves(self) -> dict[str, Leaf]:
        """What optimizers may know of each of them."""
        return {key: self.whole[key] if self._all(key) else self._some(key) for key in self.slices}

    def take(self, tree: Arrays) -> dict[str, Array]:
        """The chosen ones alone."""
        return {key: tree[key] if self._all(key) else self._flat(key, tree[key])[np.asarray(self.slices[key])] for key in self.slices}

    def put(self, tree: Arrays, chosen: Arrays) -> dict[str, Array]:
        """The tree with the chosen ones exchanged."""
        return {**tree, **{key: x if self._all(key) else self._exchanged(key, tree[key], x) for key, x in chosen.items()}}

    def _all(self, key: str) -> bool:
        """Whether every slice of the leaf is chosen."""
        return len(self.slices[key]) == len(self.whole[key].paths)

    def _some(self, key: str) -> Leaf:
        """The leaf of the chosen slices alone."""
        leaf = self.whole[key]
        return Leaf(tuple(leaf.paths[i] for i in self.slices[key]), 1, leaf.columns)

    def _flat(self, key: str, x: Array) -> Array:
        """A stored array with its slices along one axis."""
        return join_stack_axes(x, self.whole[key].stacked)

    def _exchanged(self, key: str, x: Array, slices: Array) -> Array:
        """The array with new slices in the place of the chosen ones."""
        return self._flat(key, x).at[np.asarray(self.slices[key])].set(slices.astype(x.dtype)).reshape(x.shape)


def numbers_of(own: Sequence[str], wanted: Collection[str] | None) -> tuple[int, ...]:
    """The numbers of a leaf's slices, whose paths are `own`, that have one of the wanted paths; None: all."""
    return tuple(i for i, path in enumerate(own) if wanted is None or path in wanted)


def join_stack_axes(x: Any, axes: int) -> Array:
    """The array with its first axes as one."""
    return jnp.reshape(x, (-1, *x.shape[axes:]))
