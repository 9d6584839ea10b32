"""Different transformations for different parameters; of a leaf that stacks slices each may have some."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from netspec.lazy import jnp, np
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, widen
from netspec.record import record

Build = Callable[[Mapping[str, Leaf]], Transformation]


@record
class Part:
    """Some of the parameters. Slices chosen of a leaf with others are stacked along one axis."""

    whole: Mapping[str, Leaf]
    """All leaves."""
    slices: Mapping[str, tuple[int, ...]]
    """The numbers of the chosen slices of the leaves that have some."""

    @classmethod
    def of(cls, leaves: Mapping[str, Leaf], paths: Collection[str]) -> Part:
        numbers = {key: tuple(i for i, path in enumerate(leaf.paths) if path in paths) for key, leaf in leaves.items()}
        return cls(leaves, {key: found for key, found in numbers.items() if found})

    def leaves(self) -> dict[str, Leaf]:
        return {key: self.whole[key] if self._all(key) else self._some(key) for key in self.slices}

    def take(self, tree: Tree) -> Tree:
        return {key: tree[key] if self._all(key) else self._flat(key, tree[key])[np.asarray(self.slices[key])] for key in self.slices}

    def put(self, tree: Tree, chosen: Tree) -> Tree:
        """The tree with the chosen ones exchanged."""
        return {**tree, **{key: x if self._all(key) else self._exchanged(key, tree[key], x) for key, x in chosen.items()}}

    def _all(self, key: str) -> bool:
        return len(self.slices[key]) == len(self.whole[key].paths)

    def _some(self, key: str) -> Leaf:
        leaf = self.whole[key]
        return Leaf(tuple(leaf.paths[i] for i in self.slices[key]), 1, leaf.columns)

    def _flat(self, key: str, x: Array) -> Array:
        return jnp.reshape(x, (-1, *x.shape[self.whole[key].stacked :]))

    def _exchanged(self, key: str, x: Array, slices: Array) -> Array:
        return self._flat(key, x).at[np.asarray(self.slices[key])].set(slices.astype(x.dtype)).reshape(x.shape)


def partition(builds: Mapping[str, Build], label: Callable[[Tree], Mapping[str, str]], leaves: Mapping[str, Leaf]) -> Transformation:
    """Every parameter moved by the transformation of its label; `label(params)` gives one, a key of `builds`, to every logical path.

    The state is by label, of those that have parameters.
    """
    known = {name: build(leaves) for name, build in builds.items()}

    def parts(params: Tree) -> dict[str, tuple[Part, Transformation]]:
        labels = label(params)
        found = {name: Part.of(leaves, {path for path, own in labels.items() if own == name}) for name in builds}
        return {name: (part, builds[name](part.leaves())) for name, part in found.items() if part.slices}

    def init(params: Tree) -> dict[str, Any]:
        return {name: made.init(part.take(params)) for name, (part, made) in parts(params).items()}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        steps, new = {key: widen(g) for key, g in updates.items()}, {}
        for name, (part, made) in parts(params).items():
            asked = {key: _of_part(part, params, given[key], key) for key in made.needs}
            moved, new[name] = made.update(part.take(steps), state[name], part.take(params), **asked)
            steps = part.put(steps, moved)
        return steps, new

    def evaluated(params: Tree, state: dict[str, Any]) -> Tree:
        for name, (part, made) in parts(params).items():
            if made.evaluated is not None:
                params = part.put(params, made.evaluated(part.take(params), state[name]))
        return params

    needs = tuple(dict.fromkeys(key for made in known.values() for key in made.needs))
    differ = any(made.evaluated is not None for made in known.values())
    return Transformation(init, update, needs, evaluated if differ else None)


def _of_part(part: Part, params: Tree, given: Any, name: str) -> Any:
    """What a transformation needs, as a function of its own parameters where it is a function."""
    if name == "value_fn":
        return lambda own: given(part.put(params, own))
    if name == "grad_fn":
        return lambda own: part.take(given(part.put(params, own)))
    return given
