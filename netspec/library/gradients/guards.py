"""Leaves out steps whose gradients are no numbers, and scales losses so that half-precision gradients stay numbers."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, widen
from netspec.record import replace


def all_finite(updates: Tree) -> Array:
    """Is every number finite?"""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(u)) for u in updates.values()])) if updates else jnp.array(True)


def if_finite(inner: Transformation, limit: int) -> Transformation:
    """No step, and the inner state as it is, where a gradient is not finite; after more than `limit` such steps in a row it is taken."""

    def init(params: Tree) -> dict[str, Any]:
        return {"bad": begin_count(), "all_bad": begin_count(), "inner": inner.init(params)}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        good = all_finite(updates)
        bad = jnp.where(good, 0, count_up(state["bad"]))
        steps, moved = choose_update(good | (bad > limit), inner, updates, state["inner"], params, given)
        return steps, {"bad": bad, "all_bad": jnp.where(good, state["all_bad"], count_up(state["all_bad"])), "inner": moved}

    return replace(inner, init=init, update=update, evaluated=_evaluate_inner(inner))


def choose_update(now: Array, inner: Transformation, updates: Tree, state: Any, params: Tree, given: dict[str, Any]) -> tuple[Tree, Any]:
    """The inner step and state where it is `now`, else zeros and the state as it was."""
    wide = {path: widen(u) for path, u in updates.items()}
    steps, moved = inner.update(wide, state, params, **given)
    kept = {path: jnp.where(now, u, 0) for path, u in steps.items()}
    return kept, jax.tree.map(lambda new, old: jnp.where(now, new, old), moved, state)


def scale_loss(inner: Transformation, initial: float, growth: float, backoff: float, interval: int, smallest: float) -> Transformation:
    """The inner transformation on gradients of the loss times a scale, divided by it again; steps that overflow are left out.

    The scale is multiplied by `growth` after so many finite steps in a row, and by `backoff`, at least `smallest`, after one that is not.
    """

    def init(params: Tree) -> dict[str, Any]:
        return {"scale": jnp.asarray(initial, jnp.float32), "good": begin_count(), "inner": inner.init(params)}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        scale = state["scale"]
        plain = {path: widen(u) / scale.astype(widen(u).dtype) for path, u in updates.items()}
        good = all_finite(plain)
        steps, moved = choose_update(good, inner, plain, state["inner"], params, given)
        grown = good & (state["good"] + 1 >= interval)
        larger = jnp.minimum(scale * growth, jnp.finfo(jnp.float32).max)
        after = jnp.where(good, jnp.where(grown, larger, scale), jnp.maximum(scale * backoff, smallest))
        return steps, {"scale": after, "good": jnp.where(good & ~grown, state["good"] + 1, 0), "inner": moved}

    return replace(inner, init=init, update=update, evaluated=_evaluate_inner(inner), scaled=lambda state: state["scale"])


def _evaluate_inner(inner: Transformation) -> Any:
    """What evaluates of the transformation inside."""
    return None if inner.evaluated is None else lambda params, state: inner.evaluated(params, state["inner"])
