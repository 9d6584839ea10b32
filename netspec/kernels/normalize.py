"""Computes the statistics of normalisations, from values that were centred first, so that they stay accurate when the mean is large.

They are taken in the type of x, which is at least f32; a variance is never negative.
"""

from __future__ import annotations

from typing import Any

from netspec.kernels.family import Sample, family
from netspec.lazy import jnp, lax


@family(
    Sample("f32[4, 5, 8]", None, axes=(2,)),
    Sample("f32[4, 5, 8]", None, axes=(0, 1)),
    Sample("f32[2, 3, 5]", "bool[2, 3, 1]", axes=(0, 1)),
)
def moments(x: Any, counts: Any, *, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Mean, centred values and biased variance over the axes, which are kept as size 1; `counts` is true where a value takes part, None:
    all do.

    Where nothing takes part, mean, centred values and variance are 0. The second pass corrects the first one's mean by the mean of what it
    left: without it, rounding in a large mean enters the variance.
    """
    first = lax.stop_gradient(mean(x, axes, counts))
    rest = x - first
    correction = mean(rest, axes, counts)
    centred = rest - correction
    if counts is not None:
        centred = jnp.where(number(x, axes, counts) > 0, centred, 0)
    return first + correction, centred, mean(lax.square(centred), axes, counts)


@family(Sample("f32[4, 5, 8]", None, axes=(2,)), Sample("f32[2, 3, 5]", "bool[2, 3, 1]", axes=(1, 2)))
def mean_square(x: Any, counts: Any, *, axes: tuple[int, ...]) -> Any:
    """The mean of the squares of what counts over the axes, which are kept as size 1; 0 where nothing counts."""
    return mean(lax.square(x), axes, counts)


def mean(x: Any, axes: tuple[int, ...], counts: Any) -> Any:
    """The mean of what counts over the axes, which are kept as size 1; 0 where nothing counts."""
    if counts is None:
        return jnp.mean(x, axes, keepdims=True)
    return jnp.sum(jnp.where(counts, x, 0), axes, keepdims=True) / jnp.maximum(number(x, axes, counts), 1)


def number(x: Any, axes: tuple[int, ...], counts: Any) -> Any:
    """How many elements count over the axes, which are kept as size 1, in the dtype of x."""
    return jnp.sum(jnp.broadcast_to(counts, x.shape), axes, dtype=x.dtype, keepdims=True)
