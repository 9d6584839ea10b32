"""Weight decay of all parameters or of those that a pattern matches, slice by slice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, stateless, widen
from netspec.library.patterns import select


def add_decayed_weights(rate: float) -> Transformation:
    """Adds rate * parameter to every update."""
    return stateless(lambda updates, params: {path: u + rate * widen(params[path]) for path, u in updates.items()})


def decay_weights(rate: float, pattern: str | None, leaves: Mapping[str, Leaf]) -> Transformation:
    """Adds rate * parameter where the pattern matches the logical path. Raises `Mistake` when it matches none."""
    if pattern is None:
        return add_decayed_weights(rate)
    chosen = select(pattern, [path for leaf in leaves.values() for path in leaf.paths], blame="decay_mask")
    masks = {stored: tuple(path in chosen for path in leaf.paths) for stored, leaf in leaves.items()}

    def add(updates: Tree, params: Tree) -> Tree:
        rates = {stored: spread(masks[stored], rate, params[stored], leaves[stored].stacked) for stored in updates}
        return {stored: u if rates[stored] is None else u + rates[stored] * widen(params[stored]) for stored, u in updates.items()}

    return stateless(add)


def spread(mask: tuple[bool, ...], rate: float, param: Array, stacked: int) -> Any:
    """The rate for a leaf: a number when its slices agree (None for zero), else one for each slice along the stack axes."""
    if all(mask):
        return rate
    if not any(mask):
        return None
    shape = param.shape[:stacked] + (1,) * (param.ndim - stacked)
    return jnp.where(jnp.asarray(mask), rate, 0.0).reshape(shape).astype(widen(param).dtype)
