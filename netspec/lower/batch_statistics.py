"""Sums statistics over batches on the host, in float64: counts stay exact up to 2**53, and a long evaluation loses no small addend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.lazy import jax, np
from netspec.lower.precision import is_traced

Result = Any
"""What a loss or metric comes to: a float, or of a metric of several numbers nested lists of floats."""


def merge(left: Any, right: Any) -> Any:
    """The statistics of two sets of batches together. Raises ValueError for those of different programs."""
    if jax.tree.structure(left) != jax.tree.structure(right):
        raise ValueError("`merge` adds up the statistics of two steps of one kind of one program")
    return jax.tree.map(lambda a, b: to_float64(a) + to_float64(b), left, right)


def finish_sums(finish: Callable[[Any], Mapping[str, Any]], statistics: Any) -> dict[str, Result]:
    """What `finish`, a jitted function, makes of sums, computed in float64 whatever the model computes in."""
    if any(map(is_traced, jax.tree.leaves(statistics))):
        return dict(finish(statistics))
    if (
        not isinstance(statistics, tuple | Mapping)
        or not jax.tree.leaves(statistics)
        or not all(map(is_number, jax.tree.leaves(statistics)))
    ):
        raise TypeError(f"`finish` takes statistics, as `train_step` and `eval_step` give them, and not {type(statistics).__name__}")
    with jax.enable_x64(True):
        found = finish(jax.tree.map(to_float64, statistics))
    return {name: np.asarray(x, np.float64).tolist() for name, x in found.items()}


def to_float64(array: Any) -> Any:
    """The array in float64; one that is traced as it is."""
    return array if is_traced(array) else np.asarray(array, np.float64)


def is_number(leaf: Any) -> bool:
    """A number, or an array of some."""
    return hasattr(leaf, "dtype") or isinstance(leaf, int | float)
