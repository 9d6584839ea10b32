"""The gradient transformations that optimizers are made of: pure functions on flat dicts of arrays, as in optax.

`init(params)` makes the state, a nested dict of arrays; `update(grads, state, params)` gives (updates, state). Whatever the parameters'
dtype, states and updates are in f32 at least. Every formula is elementwise or global, so stacked leaves need no special care, except in
masks, where slices of one leaf may differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Clock, Leaf, Schedule, Transformation
from netspec.library.patterns import select

Tree = dict[str, Array]


def widen(array: Array) -> Array:
    """The array in f32 at least."""
    return jnp.asarray(array, jnp.promote_types(jnp.result_type(array), jnp.float32))


def _zeros(params: Tree) -> Tree:
    return {path: jnp.zeros_like(p, dtype=jnp.promote_types(p.dtype, jnp.float32)) for path, p in params.items()}


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """The parameters plus the updates, in the parameters' own dtypes."""
    return {path: (p + updates[path]).astype(p.dtype) for path, p in params.items()}


def stateless(function: Any) -> Transformation:
    """A transformation without state; `function(updates, params)` gives the new updates."""
    return Transformation(lambda params: {}, lambda updates, state, params: (function(updates, params), state))


def compose(**parts: Transformation) -> Transformation:
    """Transformations one after another; the state is a dict by the parts' names. Incoming gradients are widened."""

    def init(params: Tree) -> dict[str, Any]:
        return {name: part.init(params) for name, part in parts.items()}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        updates = {path: widen(g) for path, g in updates.items()}
        new = {}
        for name, part in parts.items():
            updates, new[name] = part.update(updates, state[name], params)
        return updates, new

    return Transformation(init, update)


def descend(learning_rate: float | Schedule, clock: Clock) -> Transformation:
    """Times minus the learning rate. With a schedule the state counts the updates."""
    if not isinstance(learning_rate, Schedule):
        return stateless(lambda updates, params: {path: -learning_rate * u for path, u in updates.items()})
    schedule = learning_rate

    def update(updates: Tree, state: dict[str, Array], params: Tree) -> tuple[Tree, dict[str, Array]]:
        rate = schedule.value(state["count"], clock)
        return {path: -rate.astype(u.dtype) * u for path, u in updates.items()}, {"count": _next(state["count"])}

    return Transformation(lambda params: {"count": jnp.zeros((), jnp.int32)}, update)


def _next(count: Array) -> Array:
    """One more, staying at the largest number instead of wrapping round."""
    return jnp.where(count < jnp.iinfo(jnp.int32).max, count + 1, count)


def trace(decay: float, nesterov: bool) -> Transformation:
    """Momentum: m = decay * m + g; gives m, with `nesterov` g + decay * m."""

    def update(updates: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        moved = {path: g + decay * state[path] for path, g in updates.items()}
        return ({path: g + decay * moved[path] for path, g in updates.items()} if nesterov else moved), moved

    return Transformation(_zeros, update)


def scale_by_adam(b1: float, b2: float, eps: float, eps_root: float) -> Transformation:
    """Moments of the gradient, corrected for their start at zero: m / (sqrt(v + eps_root) + eps)."""

    def init(params: Tree) -> dict[str, Any]:
        return {"count": jnp.zeros((), jnp.int32), "mu": _zeros(params), "nu": _zeros(params)}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = _next(state["count"])
        mu = {path: (1 - b1) * g + b1 * state["mu"][path] for path, g in updates.items()}
        nu = {path: (1 - b2) * g * g + b2 * state["nu"][path] for path, g in updates.items()}
        first, second = _correction(b1, count), _correction(b2, count)
        steps = {p: (m / first.astype(m.dtype)) / (jnp.sqrt(nu[p] / second.astype(m.dtype) + eps_root) + eps) for p, m in mu.items()}
        return steps, {"count": count, "mu": mu, "nu": nu}

    return Transformation(init, update)


def _correction(decay: float, count: Array) -> Array:
    """1 - decay**count. Written with expm1, since in f32 the plain difference of 1 and 0.999 is wrong in the fifth digit."""
    number = count.astype(jnp.result_type(float))
    return -jnp.expm1(number * math.log(decay)) if decay > 0 else jnp.ones_like(number)


def clip_by_global_norm(max_norm: float) -> Transformation:
    """All updates times max_norm / norm, where the norm over all leaves is not below max_norm."""

    def clip(updates: Tree, params: Tree) -> Tree:
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(u)) for u in updates.values()))
        small = norm < max_norm
        return {path: jax.lax.select(small, u, u / norm.astype(u.dtype) * max_norm) for path, u in updates.items()}

    return stateless(clip)


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
        rates = {stored: _spread(masks[stored], rate, params[stored], leaves[stored].stacked) for stored in updates}
        return {stored: u if rates[stored] is None else u + rates[stored] * widen(params[stored]) for stored, u in updates.items()}

    return stateless(add)


def _spread(mask: tuple[bool, ...], rate: float, param: Array, stacked: int) -> Any:
    """The rate for a leaf: a number when its slices agree (None for zero), else one for each slice along the stack axes."""
    if all(mask):
        return rate
    if not any(mask):
        return None
    shape = param.shape[:stacked] + (1,) * (param.ndim - stacked)
    return jnp.where(jnp.asarray(mask), rate, 0.0).reshape(shape).astype(widen(param).dtype)
