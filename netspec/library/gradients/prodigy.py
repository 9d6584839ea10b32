"""Takes Adam's steps with a learning rate that it estimates from how far the parameters have come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.averages import copy_wide
from netspec.library.gradients.core import Tree, begin_count, count_up, widen, zeros
from netspec.library.gradients.moments import correction, move_means, squares
from netspec.library.gradients.products import dot


def prodigy(
    rate: Callable[[Array], Array],
    b1: float,
    b2: float,
    b3: float,
    eps: float,
    first: float,
    factor: float,
    weight_decay: Callable[[Tree, Tree], Tree],
    safeguard: bool,
) -> Transformation:
    """Steps of Adam on d * g with the learning rate rate(t) * d, where d, over all parameters, is a lower bound of their distance to go.

    `weight_decay(zeros, params)` gives what is added to a step over the rate.
    """

    def init(params: Tree) -> dict[str, Any]:
        number = jnp.zeros((), jnp.result_type(float))
        moments = {"mu": zeros(params), "nu": zeros(params), "sum": zeros(params), "start": copy_wide(params)}
        return {"count": begin_count(), **moments, "distance": number + first, "numerator": number}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count, d = count_up(state["count"]), state["distance"]
        length = d * rate(state["count"]).astype(d.dtype) * (jnp.sqrt(correction(b2, count)) / correction(b1, count)).astype(d.dtype)
        scaled = {path: d.astype(g.dtype) * g for path, g in updates.items()}
        mu, nu = move_means(state["mu"], scaled, b1), move_means(state["nu"], squares(scaled), b2)
        weight = (d if safeguard else length) / first
        sums = {path: b3 * state["sum"][path] + weight.astype(g.dtype) * g for path, g in scaled.items()}
        come = {path: state["start"][path] - widen(p) for path, p in params.items()}
        numerator = replace_non_finite(b3 * state["numerator"] + d / first * length * dot(updates, come), state["numerator"])
        total = sum((jnp.sum(jnp.abs(x)) for x in sums.values()), jnp.zeros(()))
        estimate = factor * numerator / jnp.where(total > 0, total, 1)
        distance = replace_non_finite(jnp.maximum(d, jnp.where(total > 0, estimate, 0)), d).astype(d.dtype)
        decay = weight_decay(zeros(params), params)
        steps = {p: -length.astype(m.dtype) * (decay[p] + m / (jnp.sqrt(nu[p]) + distance.astype(m.dtype) * eps)) for p, m in mu.items()}
        moments = {"mu": mu, "nu": nu, "sum": sums, "start": state["start"]}
        return steps, {"count": count, **moments, "distance": distance, "numerator": numerator.astype(d.dtype)}

    return Transformation(init, update)


def replace_non_finite(new: Array, old: Array) -> Array:
    """The new number unless it overflowed."""
    return jnp.where(jnp.isfinite(new), new, old)
