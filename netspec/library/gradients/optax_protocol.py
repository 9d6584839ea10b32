"""Adopts other libraries' gradient transformations with optax's protocol: `init(params)` and `update(grads, state, params)`."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Leaf, Transformation
from netspec.library.gradients.core import Tree
from netspec.library.gradients.path_selection import join_stack_axes

Leaves = Mapping[str, Leaf]


def from_optax(transformation: Any, leaves: Leaves) -> Transformation:
    """The transformation with dicts by logical path for trees: what a `repeat` stacks it sees as the layers' own parameters.

    Masks and labels are thus by path (`{"dense_0/kernel": True, …}`, or a function of such a dict), and norms are of one layer. Its state
    may be any tree of arrays. Where its `update` takes more by name, it gets `value`, `grad` and `value_fn`, as optax calls them.
    """

    def update(updates: Tree, state: Any, params: Tree, **given: Any) -> tuple[Tree, Any]:
        grads = unstack_leaves(updates, leaves)
        more = {"value": given["value"], "grad": grads, "value_fn": by_path(given["value_fn"], params)} if needs else {}
        steps, state = transformation.update(grads, state, unstack_leaves(params, leaves), **more)
        return restack_leaves(steps, leaves, params), state

    def by_path(value_fn: Any, like: Tree) -> Any:
        return lambda params: value_fn(restack_leaves(params, leaves, like))

    needs = ("value", "value_fn") if takes_more(transformation) else ()
    return Transformation(lambda params: transformation.init(unstack_leaves(params, leaves)), update, needs)


def takes_more(transformation: Any) -> bool:
    """Does its `update` take arguments by any name?"""
    return any(p.kind is Parameter.VAR_KEYWORD for p in signature(transformation.update).parameters.values())


def unstack_leaves(stored: Tree, leaves: Leaves) -> Tree:
    """By logical path, a slice each."""
    found: Tree = {}
    for key, x in stored.items():
        leaf = leaves[key]
        slices = join_stack_axes(x, leaf.stacked) if leaf.stacked else [x]
        found |= {path: slices[i] for i, path in enumerate(leaf.paths)}
    return found


def restack_leaves(found: Tree, leaves: Leaves, like: Tree) -> Tree:
    """The inverse; `like` has the shapes of what is stored."""
    whole = {key: jnp.stack([found[path] for path in leaf.paths]) if leaf.stacked else found[leaf.paths[0]] for key, leaf in leaves.items()}
    return {key: jnp.reshape(x, like[key].shape) for key, x in whole.items()}
