"""Draws initial values by keys of JAX, in a trace: under `jit`, `vmap` and `eval_shape`."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jax, jnp, np
from netspec.library.base import Array, Initializer

F32 = "float32"


class Draws:
    """What initializers ask of a NumPy generator, drawn by one key: each draw has a key of its own, folded from it."""

    def __init__(self, key: Any) -> None:
        self._key, self._count = key, 0

    def _next(self) -> Any:
        self._count += 1
        return jax.random.fold_in(self._key, self._count)

    def standard_normal(self, shape: tuple[int, ...], dtype: Any = F32) -> Array:
        return jax.random.normal(self._next(), shape, dtype)

    def random(self, shape: tuple[int, ...], dtype: Any = F32) -> Array:
        return jax.random.uniform(self._next(), shape, dtype)

    def truncated_normal(self, shape: tuple[int, ...], lower: float, upper: float) -> Array:
        """Standard normal values within [lower, upper]."""
        return jax.random.truncated_normal(self._next(), lower, upper, shape, F32)


def call_host(init: Initializer, key: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
    """What the host draws, by a generator of NumPy's that the key seeds. Numbers that the spec writes need no call."""
    if init.written() is not None:
        return jnp.asarray(init.sample(None, shape, fan), F32)

    def draw(words: Any) -> Any:
        seed = int.from_bytes(np.asarray(words).tobytes(), "little")
        return np.asarray(init.sample(np.random.Generator(np.random.Philox(key=seed % 2**128)), shape, fan), F32)

    return jax.pure_callback(draw, jax.ShapeDtypeStruct(shape, F32), jax.random.key_data(key), vmap_method="sequential")
