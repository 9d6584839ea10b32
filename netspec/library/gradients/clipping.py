"""Gradients of a bounded size."""

from __future__ import annotations

from netspec.lazy import jax, jnp
from netspec.library.base import Transformation
from netspec.library.gradients.core import Tree, stateless


def clip_by_global_norm(max_norm: float) -> Transformation:
    """All updates times max_norm / norm, where the norm over all leaves is not below max_norm."""

    def clip(updates: Tree, params: Tree) -> Tree:
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(u)) for u in updates.values()))
        small = norm < max_norm
        return {path: jax.lax.select(small, u, u / norm.astype(u.dtype) * max_norm) for path, u in updates.items()}

    return stateless(clip)
