"""Changes gradients or steps in other ways than their size: centred, with noise, or frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from netspec.lazy import jax, jnp, np
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, make_stateless, map_slices
from netspec.library.gradients.decay import rates_of, spread_rates


def centralize(leaves: Mapping[str, Leaf]) -> Transformation:
    """Every kernel's update less its mean over what enters an output; vectors and numbers stay as they are."""

    def one(u: Array, leaf: Leaf) -> Array:
        def of_slice(u: Array) -> Array:
            if u.ndim < 2:
                return u
            flat = jnp.reshape(u, (-1, leaf.columns or u.shape[-1]))
            return (flat - jnp.mean(flat, axis=0, keepdims=True)).reshape(u.shape)

        return map_slices(of_slice, leaf.stacked)(u)

    return make_stateless(lambda updates, params: {path: one(u, leaves[path]) for path, u in updates.items()})


def add_noise(eta: float, gamma: float, seed: int, leaves: Mapping[str, Leaf]) -> Transformation:
    """Adds normal noise of variance eta / t^gamma in the t-th step. A parameter's noise depends on (seed, t, its logical path)."""

    def update(updates: Tree, state: dict[str, Array], params: Tree) -> tuple[Tree, dict[str, Array]]:
        count = count_up(state["count"])
        deviation = jnp.sqrt(eta / count.astype(jnp.result_type(float)) ** gamma)
        key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), count)
        noisy = {path: u + deviation.astype(u.dtype) * _noise(key, leaves[path], u).astype(u.dtype) for path, u in updates.items()}
        return noisy, {"count": count}

    return Transformation(lambda params: {"count": begin_count()}, update)


def _noise(key: Any, leaf: Leaf, u: Array) -> Array:
    """Noise of one leaf; every slice draws by its own path, whatever is stacked."""
    words = jnp.asarray(np.array([crc32(path.encode()) for path in leaf.paths], np.uint32))
    shape = u.shape[leaf.stacked :]  # drawn in f32 whatever the width, so that all widths see the same noise
    return jax.vmap(lambda word: jax.random.normal(jax.random.fold_in(key, word), shape, jnp.float32))(words).reshape(u.shape)


def freeze(pattern: str | None, leaves: Mapping[str, Leaf]) -> Transformation:
    """No step of the parameters that the pattern matches; of all without one. Raises `Mistake` when it matches none."""
    frozen = rates_of(1.0, pattern, leaves, "params")

    def one(key: str, u: Array) -> Array:
        return jnp.where(spread_rates(frozen[key], u, leaves[key].stacked) == 0, u, 0)

    return make_stateless(lambda updates, params: {key: one(key, u) for key, u in updates.items()})
