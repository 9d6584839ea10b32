"""Functions of examples of the plugin `acme`, for `map`."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.library.base import mapping


@mapping(samples=({"by": 0.5},))
def brightened(image: Any, rng: Any, *, by: float = 0.2) -> Any:
    """Every number times one between `1 - by` and `1 + by`.

    by: How far from 1 it is
        at most.
    """
    return image * np.float32(1 + by * (2 * rng.random() - 1))


@mapping
def turned(image: Any, label: Any) -> Any:
    """An image upside down, and 2 less its label."""
    return image[::-1], 2 - label


@mapping
def rows(image: Any) -> Any:
    """The mean of each row of an image, f32[H]."""
    return image.mean((1, 2))


@mapping
def broken(image: Any) -> Any:
    """Nothing: it fails."""
    raise KeyError("no such thing")
