"""Bounds the size of gradients: of each number, each parameter, each unit, or all together."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, make_stateless, map_slices, norm, stacks, widen
from netspec.library.gradients.products import global_norm


def clip_by_value(limit: float) -> Transformation:
    """Every number of the updates moved into [-limit, limit]."""
    return make_stateless(lambda updates, params: {path: jnp.clip(u, -limit, limit) for path, u in updates.items()})


def clip_by_norm(max_norm: float, leaves: Mapping[str, Leaf]) -> Transformation:
    """Every parameter's update times max_norm / norm, where its own norm is above max_norm."""
    stacked = stacks(leaves)

    def clip(u: Array, axes: int) -> Array:
        size = norm(u, axes)
        return jnp.where(size > max_norm, u / jnp.where(size > max_norm, size, 1) * max_norm, u)

    return make_stateless(lambda updates, params: {path: clip(u, stacked[path]) for path, u in updates.items()})


def clip_by_global_norm(max_norm: float) -> Transformation:
    """All updates times max_norm / norm, where the norm over all leaves is not below max_norm."""

    def clip(updates: Tree, params: Tree) -> Tree:
        total = global_norm(updates)
        small = total < max_norm
        return {path: jax.lax.select(small, u, u / total.astype(u.dtype) * max_norm) for path, u in updates.items()}

    return make_stateless(clip)


def clip_by_units(ratio: float, eps: float, leaves: Mapping[str, Leaf]) -> Transformation:
    """The update of every unit (a kernel's column, a whole vector) at most ratio times as long as the unit, or as eps if that is more."""

    def clip(updates: Tree, params: Tree) -> Tree:
        return {path: one(u, widen(params[path]), leaves[path]) for path, u in updates.items()}

    def one(u: Array, p: Array, leaf: Leaf) -> Array:
        def of_slice(u: Array, p: Array) -> Array:
            flat = _units(u, leaf.columns)
            longest = ratio * jnp.maximum(_lengths(_units(p, leaf.columns)), eps)
            size = _lengths(flat)
            clipped = flat * (longest / jnp.maximum(size, 1e-6))
            return jnp.where(size < longest, flat, clipped).reshape(u.shape)

        return map_slices(of_slice, leaf.stacked)(u, p)

    return make_stateless(clip)


def _units(x: Array, columns: int | None) -> Array:
    """[inputs, units] of a kernel; a vector or number is one unit."""
    return jnp.reshape(x, (-1, columns or x.shape[-1])) if x.ndim > 1 else jnp.reshape(x, (-1, 1))


def _lengths(x: Array) -> Array:
    """The length of every column; squares of large numbers do not overflow."""
    return map_slices(norm, 1)(x.T).reshape(1, -1)
