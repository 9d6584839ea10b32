"""Draws initial values by keys of JAX, in a trace: under `jit`, `vmap` and `eval_shape`."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jax
from netspec.library.base import Array

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
