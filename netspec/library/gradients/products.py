"""Computes norms and inner products over all parameters together."""

from __future__ import annotations

from functools import reduce

from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.library.gradients.core import Tree, widen


def global_norm(tree: Tree) -> Array:
    """The Euclidean norm of all elements together, also where their squares would overflow."""
    largest = reduce(jnp.maximum, (jnp.max(jnp.abs(widen(x)), initial=0) for x in tree.values()), jnp.zeros(()))
    scale = jnp.where(largest > 0, largest, 1)
    scaled = {path: widen(x) / scale.astype(widen(x).dtype) for path, x in tree.items()}
    return scale * jnp.sqrt(dot(scaled, scaled))


def dot(left: Tree, right: Tree) -> Array:
    """The inner product of all elements together."""
    return sum((jnp.sum(x * right[path]) for path, x in left.items()), jnp.zeros(()))


def add_scaled(left: Tree, factor: Array, right: Tree) -> Tree:
    """left + factor * right."""
    return {path: x + factor.astype(x.dtype) * right[path] for path, x in left.items()}
