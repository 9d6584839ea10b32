"""Draws numbers from a truncated normal distribution."""

from __future__ import annotations

import math
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array


def draw_truncated(rng: Any, shape: tuple[int, ...], lower: float, upper: float) -> Array:
    """Standard normal values within [lower, upper], exactly distributed: draw, then draw again what falls outside.

    Draws in a trace have a method of their own for it, since nothing there can be drawn until it fits.
    """
    if hasattr(rng, "truncated_normal"):
        return rng.truncated_normal(shape, lower, upper)
    propose = _normal_proposal if _mass(lower, upper) > 0.25 else _uniform_proposal
    values = np.empty(math.prod(shape), np.float32)
    missing = np.arange(values.size)
    while missing.size:
        drawn, accepted = propose(rng, missing.size, lower, upper)
        values[missing] = drawn
        missing = missing[~accepted]
    return values.reshape(shape)


def _mass(lower: float, upper: float) -> float:
    """Probability of [lower, upper] under the standard normal."""
    return (math.erf(upper / math.sqrt(2)) - math.erf(lower / math.sqrt(2))) / 2


def _normal_proposal(rng: Any, count: int, lower: float, upper: float) -> tuple[Array, Array]:
    """Draws of the plain normal distribution, and which of them are inside."""
    drawn = rng.standard_normal(count, np.float32)
    return drawn, (drawn >= lower) & (drawn <= upper)


def _uniform_proposal(rng: Any, count: int, lower: float, upper: float) -> tuple[Array, Array]:
    """For narrow or far intervals, accepted in proportion to the density."""
    peak = min(max(0.0, lower), upper)
    low, high = max(lower, peak - 9), min(upper, peak + 9)  # beyond 9 standard deviations from the peak lies less than 1e-17 of the mass
    drawn = rng.uniform(low, high, count)
    return drawn, rng.random(count) < np.exp((peak**2 - drawn**2) / 2)
