"""Functions of an example's values, for `map`."""

from __future__ import annotations

from typing import Annotated, Any

from netspec.lazy import np
from netspec.library.base.example_functions import mapping
from netspec.library.base.field_bounds import Field


@mapping
def log1p(values: Any) -> Any:
    """log(1 + x) of every number x: prices, counts and other numbers over many magnitudes come near to each other."""
    return np.log1p(values)


@mapping(samples=({"scale": 0.5},))
def noise(values: Any, rng: Any, *, scale: Annotated[float, Field(gt=0)] = 0.1) -> Any:
    """Adds to every number one of its own from a normal distribution, in training.

    scale: The standard deviation of what is added.
    """
    return values + rng.normal(0, scale, np.shape(values))
