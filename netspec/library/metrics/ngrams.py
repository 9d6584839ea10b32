"""Counts the stretches of tokens that two sequences share, for BLEU."""

from __future__ import annotations

from netspec.lazy import jnp, lax
from netspec.library.base import Array


def matches(prediction: Array, long: Array, references: Array, known: Array, order: int) -> tuple[list[Array], list[Array]]:
    """For stretches of 1 .. order tokens: how many of the prediction's stand in a reference, and how many there are; i32[...] each.

    i32[..., P] with `long` tokens that count against i32[..., R, T] with `known`. Each distinct stretch is right as often as in the
    reference that has it most often: the k-th time that the prediction says it, it is right if some reference says it k times.
    """
    own = prediction[..., :, None] == prediction[..., None, :]
    other = prediction[..., None, :, None] == references[..., None, :]
    same, found = own, other
    right, every = [], []
    for size in range(1, order + 1):
        if size > 1:
            same, found = _lengthen(same, own, size), _lengthen(found, other, size)
        if 0 in same.shape:
            right.append(jnp.zeros_like(long))
            every.append(jnp.zeros_like(long))
            continue
        counts = _starts(same.shape[-1], long, size)
        before = lax.broadcasted_iota(jnp.int32, same.shape, same.ndim - 1) < lax.broadcasted_iota(jnp.int32, same.shape, same.ndim - 2)
        earlier = jnp.sum(same & before, axis=-1)
        held = jnp.sum(found & _starts(found.shape[-1], known, size)[..., None, :], axis=-1)
        right.append(jnp.sum(counts & (earlier < jnp.max(held, axis=-2)), axis=-1))
        every.append(jnp.sum(counts, axis=-1))
    return right, every


def _lengthen(same: Array, single: Array, size: int) -> Array:
    """Where stretches of `size` tokens are the same, by where those of one less are: [..., P - size + 1, T - size + 1]."""
    end = single[..., size - 1 :, size - 1 :]
    return same[..., : end.shape[-2], : end.shape[-1]] & end


def _starts(places: int, long: Array, size: int) -> Array:
    """bool[..., places]: where a stretch of that size begins within the tokens that count."""
    return lax.broadcasted_iota(jnp.int32, (*long.shape, places), long.ndim) + size <= long[..., None]
