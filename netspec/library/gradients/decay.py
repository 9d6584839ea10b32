"""Decays all parameters, or those that a pattern matches, slice by slice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.base.path_patterns import select
from netspec.library.gradients.core import Tree, make_stateless, widen

Rates = Mapping[str, tuple[float, ...]]
"""By stored path a number for each slice."""


def add_decayed_weights(rate: float) -> Transformation:
    """Adds rate * parameter to every update."""
    return make_stateless(lambda updates, params: {path: u + rate * widen(params[path]) for path, u in updates.items()})


def decay_weights(rate: float, pattern: str | None, leaves: Mapping[str, Leaf]) -> Transformation:
    """Adds rate * parameter where the pattern matches the logical path. Raises `Mistake` when it matches none."""
    if pattern is None:
        return add_decayed_weights(rate)
    rates = rates_of(rate, pattern, leaves, "decay_mask")

    def add(updates: Tree, params: Tree) -> Tree:
        pulls = {
            path: spread_rates(rates[path], params[path], leaves[path].stacked) * widen(params[path])
            for path in updates
            if any(rates[path])
        }
        return {path: u + pulls[path] if path in pulls else u for path, u in updates.items()}

    return make_stateless(add)


def rates_of(rate: float, pattern: str | None, leaves: Mapping[str, Leaf], blame: str) -> Rates:
    """The rate of slices whose logical path the pattern matches, 0 of the others. Raises `Mistake` when none is."""
    if pattern is None:
        return {stored: (rate,) * len(leaf.paths) for stored, leaf in leaves.items()}
    chosen = select(pattern, [path for leaf in leaves.values() for path in leaf.paths], blame=blame)
    return {stored: tuple(rate if path in chosen else 0.0 for path in leaf.paths) for stored, leaf in leaves.items()}


def spread_rates(rates: tuple[float, ...], param: Array, stacked: int) -> Any:
    """The rates of a leaf: a number when its slices agree, else one for each slice along the stack axes."""
    if len(set(rates)) == 1:
        return rates[0]
    shape = param.shape[:stacked] + (1,) * (param.ndim - stacked)
    return jnp.asarray(rates, widen(param).dtype).reshape(shape)
