"""Estimates the gradient's moments while it runs, and takes Adam's step of them."""

from __future__ import annotations

import math
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, round_kept, zeros


def scale_by_adam(b1: float, b2: float, eps: float, eps_root: float, nesterov: bool = False, mu_dtype: str | None = None) -> Transformation:
    """Moments of the gradient, corrected for their start at zero: m / (sqrt(v + eps_root) + eps). The first is kept in `mu_dtype`."""

    def init(params: Tree) -> dict[str, Any]:
        state = begin_moments(params)
        return {**state, "mu": round_kept(state["mu"], mu_dtype)}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu = move_means(state["mu"], updates, b1)
        nu = move_means(state["nu"], squares(updates), b2)
        means = look_ahead(mu, updates, b1, count) if nesterov else correct_bias(mu, b1, count)
        return divide_by_root(means, correct_bias(nu, b2, count), eps, eps_root), {"count": count, "mu": round_kept(mu, mu_dtype), "nu": nu}

    return Transformation(init, update)


def begin_moments(params: Tree) -> dict[str, Any]:
    """The state of two moments before the first step."""
    return {"count": begin_count(), "mu": zeros(params), "nu": zeros(params)}


def move_means(means: Tree, updates: Tree, decay: float) -> Tree:
    """Running means after one more value. Without decay they are that value, also where the last one was infinite."""
    return {path: (1 - decay) * u + decay * means[path] if decay else u for path, u in updates.items()}


def squares(updates: Tree) -> Tree:
    """The square of every number of a flat tree of updates; shapes stay."""
    return {path: jnp.square(u) for path, u in updates.items()}


def correct_bias(means: Tree, decay: float, count: Array) -> Tree:
    """Running means that began at zero, divided by what their weights add up to."""
    whole = correction(decay, count)
    return {path: mean / whole.astype(mean.dtype) for path, mean in means.items()}


def look_ahead(means: Tree, updates: Tree, decay: float, count: Array) -> Tree:
    """The corrected means as they will be after the next step, if its gradient is the same again."""
    later, now = correct_bias(means, decay, count + 1), correct_bias(updates, decay, count)
    return {path: decay * mean + (1 - decay) * now[path] for path, mean in later.items()}


def divide_by_root(means: Tree, second: Tree, eps: float, eps_root: float) -> Tree:
    """m / (sqrt(v + eps_root) + eps)."""
    return {path: mean / (jnp.sqrt(second[path] + eps_root) + eps) for path, mean in means.items()}


def correction(decay: float, count: Array) -> Array:
    """1 - decay**count. Written with expm1, since in f32 the plain difference of 1 and 0.999 is wrong in the fifth digit."""
    number = count.astype(jnp.result_type(float))
    return -jnp.expm1(number * math.log(decay)) if decay > 0 else jnp.ones_like(number)
