"""Derives a key for every random draw of a running program, which no device count and no batching changes.

The key is fold_in over (seed, step, path, iterations of the repeats around, global index of the example). The path enters as the first 32
bits of its sha256. All keys are threefry's, whatever JAX's default; the kernels `random_bits` and `random_mask` draw by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from netspec.lazy import jax, jnp

THREEFRY = "threefry2x32"
EVAL_STEP = 0xFFFF_FFFF
"""The step in evaluation and serving, which no training reaches."""


@lru_cache(maxsize=65_536)
def path_hash(path: str) -> int:
    """A stable number in 0 .. 2^32 - 1."""
    return int.from_bytes(sha256(path.encode()).digest()[:4], "little")


def step_key(seed: Any, step: Any) -> Any:
    """The key of a step; both are whole numbers, traced or not."""
    word = seed & 0xFFFF_FFFF if isinstance(seed, int) else _word(seed)
    return jax.random.fold_in(jax.random.key(word, impl=THREEFRY), _word(step))


def take_key(key: Any, caller: str = "a call") -> Any:
    """A key of JAX, traced or not, as one of threefry's with a type of its own. Raises TypeError for what is no single key."""
    typed = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if typed and not key.ndim:
        return key if str(jax.random.key_impl(key)) == THREEFRY else wrap_words(jax.random.bits(key, (2,), jnp.uint32))
    if str(getattr(key, "dtype", "")) == "uint32" and key.shape == (2,):
        return wrap_words(key)
    raise TypeError(f"{caller} takes one key of JAX, such as `jax.random.key(0)`, and not {describe_key(key)}")


def wrap_words(words: Any) -> Any:
    """The key that two words are."""
    return jax.random.wrap_key_data(jnp.asarray(words), impl=THREEFRY)


def describe_key(key: Any) -> str:
    """What was given in place of a key, in words."""
    shape = getattr(key, "shape", None)
    return f"an array {key.dtype}{list(shape)}" if shape is not None else f"a value of {type(key).__name__}"


def draw_key(key: Any, path: str, loops: Sequence[Any]) -> Any:
    """The key of one draw at a path, in the iteration with these indices."""
    key = jax.random.fold_in(key, _word(path_hash(path)))
    for index in loops:
        key = jax.random.fold_in(key, _word(index))
    return key


def _word(value: Any) -> Any:
    """A number as the word that a key is folded with."""
    return jnp.asarray(value).astype(jnp.uint32) if hasattr(value, "dtype") else jnp.uint32(value)
