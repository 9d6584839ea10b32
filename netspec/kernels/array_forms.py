"""Gives arrays the forms that kernels, layers, losses and lowering compute with: floats of at least f32, and axes to stretch along."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jnp

LARGEST = 2**31 - 1


def widen(x: Any) -> Any:
    """The array in f32 at least; f64 stays."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def append_axes(x: Any, like: Any) -> Any:
    """The array with axes of size 1 behind, so that it stretches over `like`."""
    return x.reshape(x.shape + (1,) * (like.ndim - x.ndim))


def widen_places(numbers: Any) -> Any:
    """Whole numbers that name places of an axis, or count, as i32, which holds every size. What i32 does not hold is beyond every size, and
    becomes its largest number."""
    if jnp.iinfo(numbers.dtype).max > LARGEST:
        numbers = jnp.minimum(numbers, jnp.asarray(LARGEST, numbers.dtype))
    return numbers.astype(jnp.int32)
