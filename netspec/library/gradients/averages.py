"""Keeps two sequences of parameters: gradients are taken at one, and the slower one evaluates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, widen


def copy_wide(params: Tree) -> Tree:
    """Copies in f32 at least: a step gives away both the parameters and its state."""
    return {path: jnp.array(widen(p), copy=True) for path, p in params.items()}


def cast_like(values: Tree, params: Tree) -> Tree:
    """The values in the dtypes of the parameters."""
    return {path: x.astype(params[path].dtype) for path, x in values.items()}


def lookahead(inner: Transformation, period: int, share: float, reset: bool) -> Transformation:
    """Every `period` updates the slow parameters go a `share` of the way to the fast ones, which then go on from there."""

    def init(params: Tree) -> dict[str, Any]:
        return {"inner": inner.init(params), "slow": copy_wide(params), "since": begin_count()}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        updates, fast = inner.update(updates, state["inner"], params, **given)
        now = state["since"] == period - 1
        way = {path: widen(params[path]) + u - state["slow"][path] for path, u in updates.items()}
        if reset:
            fast = jax.tree.map(lambda new, first: jnp.where(now, first, new), fast, inner.init(params))
        return (
            {path: jnp.where(now, u - (1 - share) * way[path], u) for path, u in updates.items()},
            {
                "inner": fast,
                "slow": {path: jnp.where(now, x + share * way[path], x) for path, x in state["slow"].items()},
                "since": jnp.where(now, 0, state["since"] + 1),
            },
        )

    return Transformation(init, update, inner.needs, lambda params, state: cast_like(state["slow"], params))


def schedule_free(inner: Transformation, rate: Callable[[Array], Array], b1: float, power: float) -> Transformation:
    """z moves by `inner`, x is the mean of all z, weighed by (the greatest rate so far)^power, and gradients are at y = b1 x + (1 - b1) z.

    y are the parameters, and x is what evaluates. It follows from y and z, and is kept only for parameters narrower than f32, in which it
    would be lost. `rate(t)` is the learning rate at step t = 1, 2, ….
    """

    def init(params: Tree) -> dict[str, Any]:
        narrow = {path: p for path, p in params.items() if widen(p).dtype != p.dtype}
        wide = jnp.zeros((), jnp.result_type(float))
        return {
            "inner": inner.init(params),
            "z": copy_wide(params),
            "x": copy_wide(narrow),
            "count": begin_count(),
            "weights": wide,
            "rate": wide + 0,
        }

    def mean(params: Tree, state: dict[str, Any]) -> Tree:
        return {path: state["x"].get(path, (widen(p) - (1 - b1) * jnp.asarray(state["z"][path])) / b1) for path, p in params.items()}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        largest = jnp.maximum(state["rate"], rate(count).astype(state["rate"].dtype))
        weights = state["weights"] + largest**power
        share = jnp.where(weights > 0, largest**power / weights, 0)
        updates, moved = inner.update(updates, state["inner"], params, **given)
        z = {path: x + updates[path] for path, x in state["z"].items()}
        x = {path: (1 - share.astype(x.dtype)) * x + share.astype(x.dtype) * z[path] for path, x in mean(params, state).items()}
        steps = {path: b1 * x[path] + (1 - b1) * z[path] - widen(p) for path, p in params.items()}
        kept = {path: x[path] for path in state["x"]}
        return steps, {"inner": moved, "z": z, "x": kept, "count": count, "weights": weights, "rate": largest}

    return Transformation(init, update, inner.needs, lambda params, state: cast_like(mean(params, state), params))
