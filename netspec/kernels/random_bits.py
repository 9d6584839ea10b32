"""Draws random numbers from keys. A variant draws the same numbers as the reference, so that what a seed gives depends on no backend."""

from __future__ import annotations

from typing import Any, Literal

from netspec.kernels.family import Sample, family
from netspec.lazy import jax, jnp


@family(
    Sample("key", None, shape=(3, 4), kind="uniform"),
    Sample("key", "u32[3]", shape=(3, 4), kind="uniform"),
    Sample("key", "u32[3]", shape=(3,), kind="normal"),
    Sample("key", "u32[3]", shape=(2, 3), kind="gumbel"),
    Sample("key", None, shape=(), kind="normal"),
)
def random_bits(key: Any, examples: Any, *, shape: tuple[int, ...], kind: Literal["uniform", "normal", "gumbel"]) -> Any:
    """f32 of the shape: in [0, 1), of mean 0 and variance 1, or -log(-log(uniform)). Keys are threefry's.

    Where `examples` (u32[B], global indices) are as many as shape[0], each example draws by its own key, which is fold_in(key, index).
    """
    draw = getattr(jax.random, kind)
    if examples is None or not shape or shape[0] != examples.shape[0]:
        return draw(key, shape, jnp.float32)
    keys = jax.vmap(lambda example: jax.random.fold_in(key, example))(examples)
    return jax.vmap(lambda own: draw(own, shape[1:], jnp.float32))(keys)
