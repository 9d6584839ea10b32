"""Derives a key for every random draw of a running program, which no device count and no batching changes.

The key is fold_in over (seed, step, path, iterations of the repeats around, global index of the example). The path enters as the first 32
bits of its sha256. All keys are threefry's, whatever JAX's default; the kernel `random_bits` draws by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from netspec.lazy import jax, jnp

EVAL_STEP = 0xFFFF_FFFF
"""The step in evaluation and serving, which no training reaches."""


@lru_cache(maxsize=65_536)
def path_hash(path: str) -> int:
    """A stable number in 0 .. 2^32 - 1."""
    return int.from_bytes(sha256(path.encode()).digest()[:4], "little")


def step_key(seed: Any, step: Any) -> Any:
    """The key of a step; both are whole numbers, traced or not."""
    word = seed & 0xFFFF_FFFF if isinstance(seed, int) else _word(seed)
    return jax.random.fold_in(jax.random.key(word, impl="threefry2x32"), _word(step))


def draw_key(key: Any, path: str, loops: Sequence[Any]) -> Any:
    """The key of one draw at a path, in the iteration with these indices."""
    key = jax.random.fold_in(key, _word(path_hash(path)))
    for index in loops:
        key = jax.random.fold_in(key, _word(index))
    return key


def _word(value: Any) -> Any:
    """A number as the word that a key is folded with."""
    return jnp.asarray(value).astype(jnp.uint32) if hasattr(value, "dtype") else jnp.uint32(value)
