"""Draws initial values on the host for a program that is traced: what every initializer can do that has no draws of JAX's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.lazy import jax, jnp, np
from netspec.library.base.op_scope import Array

if TYPE_CHECKING:
    from netspec.library.base.op import Initializer

F32 = "float32"


def call_host(init: Initializer, key: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
    """What the host draws, by a generator of NumPy's that the key seeds. Numbers that the spec writes need no call."""
    if init.written() is not None:
        return jnp.asarray(init.sample(None, shape, fan), F32)

    def draw(words: Any) -> Any:
        seed = int.from_bytes(np.asarray(words).tobytes(), "little")
        return np.asarray(init.sample(np.random.Generator(np.random.Philox(key=seed % 2**128)), shape, fan), F32)

    return jax.pure_callback(draw, jax.ShapeDtypeStruct(shape, F32), jax.random.key_data(key), vmap_method="sequential")
