"""Applies different transformations to different parameters, or to some slices of a leaf that stacks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.library.base import Leaf, Transformation
from netspec.library.gradients.core import Tree, widen
from netspec.library.gradients.path_selection import Chosen

Build = Callable[[Mapping[str, Leaf]], Transformation]


def partition(builds: Mapping[str, Build], label: Callable[[Tree], Mapping[str, str]], leaves: Mapping[str, Leaf]) -> Transformation:
    """Every parameter moved by the transformation of its label; `label(params)` gives one, a key of `builds`, to every logical path.

    The state is by label, of those that have parameters.
    """
    known = {name: build(leaves) for name, build in builds.items()}

    def parts(params: Tree) -> dict[str, tuple[Chosen, Transformation]]:
        labels = label(params)
        found = {name: Chosen.of(leaves, {path for path, own in labels.items() if own == name}) for name in builds}
        return {name: (part, builds[name](part.leaves())) for name, part in found.items() if part.slices}

    def init(params: Tree) -> dict[str, Any]:
        return {name: made.init(part.take(params)) for name, (part, made) in parts(params).items()}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        steps, new = {key: widen(g) for key, g in updates.items()}, {}
        for name, (part, made) in parts(params).items():
            asked = {key: _restrict_need(part, params, given[key], key) for key in made.needs}
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


def _restrict_need(part: Chosen, params: Tree, given: Any, name: str) -> Any:
    """What a transformation needs, as a function of its own parameters where it is a function."""
    if name == "value_fn":
        return lambda own: given(part.put(params, own))
    if name == "grad_fn":
        return lambda own: part.take(given(part.put(params, own)))
    return given
