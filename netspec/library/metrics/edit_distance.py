"""Computes the Levenshtein distance of many pairs of sequences at once."""

from __future__ import annotations

from netspec.lazy import jnp, lax
from netspec.library.base import Array


def edits(prediction: Array, long: Array, target: Array, wanted: Array) -> Array:
    """i32[...]: how many tokens of i32[..., P], of which `long` count, are inserted, removed or replaced to make i32[..., T].

    One row of the table of distances for each predicted token. Insertions along a row are a running minimum.
    """
    outside, size = prediction.shape[:-1], target.shape[-1]
    prediction, target = prediction.reshape(-1, prediction.shape[-1]), target.reshape(-1, size)
    steps = lax.broadcasted_iota(jnp.int32, (target.shape[0], size + 1), 1)

    def one(row: Array, token: tuple[Array, Array]) -> tuple[Array, None]:
        place, word = token
        changed = jnp.minimum(row[:, 1:] + 1, row[:, :-1] + (target != word[:, None]))
        best = jnp.concatenate([row[:, :1] + 1, changed], axis=1)
        best = lax.cummin(best - steps, axis=1) + steps
        return jnp.where((place < long.reshape(-1))[:, None], best, row), None

    places = jnp.arange(prediction.shape[1], dtype=jnp.int32)
    row, _ = lax.scan(one, steps, (places, prediction.T))
    return jnp.take_along_axis(row, wanted.reshape(-1, 1), axis=1)[:, 0].reshape(outside)
