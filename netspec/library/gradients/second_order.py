"""Scales steps by curvature, with estimates of the Hessian's diagonal or of its inverse from past steps."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from netspec.lazy import jax, jnp, lax, np
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, apply_updates, begin_count, count_up, map_slices, widen, zeros
from netspec.library.gradients.line_search import Point, length_of_step
from netspec.library.gradients.moments import begin_moments, correct_bias, move_means
from netspec.library.gradients.products import add_scaled, dot, global_norm

# --- the diagonal of the Hessian -------------------------------------------------------------------------------------


def scale_by_sophia(
    b1: float, b2: float, eps: float, gamma: float, threshold: float | None, interval: int, seed: int, leaves: Mapping[str, Leaf]
) -> Transformation:
    """The first moment over the running mean of the Hessian's diagonal, which every `interval`-th update estimates; within a threshold."""

    def update(updates: Tree, state: dict[str, Any], params: Tree, *, grad_fn: Any) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu = move_means(state["mu"], updates, b1)
        steps = {path: mean / jnp.maximum(gamma * state["nu"][path], eps) for path, mean in correct_bias(mu, b1, count).items()}
        if threshold is not None:
            steps = {path: jnp.clip(u, -threshold, threshold) for path, u in steps.items()}

        def estimated(nu: Tree) -> Tree:
            return move_means(nu, hessian_diagonal(grad_fn, params, signs(params, state["count"], seed, leaves)), b2)

        nu = lax.cond(state["count"] % interval == 0, estimated, lambda nu: nu, state["nu"])
        return steps, {"count": count, "mu": mu, "nu": nu}

    return Transformation(begin_moments, update, ("grad_fn",))


def hessian_diagonal(grad_fn: Any, params: Tree, along: Tree) -> Tree:
    """Hutchinson's estimate: signs times the product of Hessian and signs."""
    product = jax.jvp(grad_fn, (params,), ({path: x.astype(params[path].dtype) for path, x in along.items()},))[1]
    return {path: widen(h) * along[path] for path, h in product.items()}


def signs(params: Tree, count: Array, seed: int, leaves: Mapping[str, Leaf]) -> Tree:
    """1 or -1 for every element, drawn by seed, update and logical path: the same ones however layers are stored."""
    key = jax.random.fold_in(jax.random.key(seed), count)

    def drawn(path: str) -> Array:
        param, leaf = widen(params[path]), leaves[path]
        names = np.array([zlib.crc32(name.encode()) for name in leaf.paths], np.uint32).reshape(param.shape[: leaf.stacked])
        shape = param.shape[leaf.stacked :]
        return map_slices(lambda name: jax.random.rademacher(jax.random.fold_in(key, name), shape, param.dtype), leaf.stacked)(
            jnp.asarray(names)
        )

    return {path: drawn(path) for path in params}


# --- the inverse of the Hessian --------------------------------------------------------------------------------------


def scale_by_lbfgs(memory: int, scaled: bool) -> Transformation:
    """The gradient times an estimate of the inverse Hessian, made of the last steps and of how the gradient turned along them.

    All parameters together are one vector.
    """

    def init(params: Tree) -> dict[str, Any]:
        past = {path: jnp.zeros((memory, *x.shape), x.dtype) for path, x in zeros(params).items()}
        weights = jnp.zeros(memory, jnp.result_type(float))
        before = {"params": zeros(params), "gradients": zeros(params)}
        return {"count": begin_count(), **before, "steps": past, "turns": jax.tree.map(jnp.copy, past), "weights": weights}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        params = {path: widen(p) for path, p in params.items()}
        before = {"params": params, "gradients": updates}
        begun = state["count"] > 0
        step, turn = ({p: jnp.where(begun, new[p] - state[name][p], 0) for p in new} for name, new in before.items())
        product = dot(turn, step)
        usable = jnp.isfinite(product) & (product != 0)
        weight = jnp.where(usable, 1 / jnp.where(usable, product, 1), 0)
        steps, turns, weights = (push_entry(state[name], new) for name, new in (("steps", step), ("turns", turn), ("weights", weight)))
        found = two_loops(updates, steps, turns, weights, first_scale(updates, product, turn, begun, scaled))
        found = guard_direction(found, updates)
        return found, {"count": count_up(state["count"]), **before, "steps": steps, "turns": turns, "weights": weights}

    return Transformation(init, update)


def push_entry(past: Any, new: Any) -> Any:
    """The memory, oldest first, with its oldest entry exchanged for a newer one."""
    return jax.tree.map(lambda old, x: jnp.concatenate([old[1:], x[None].astype(old.dtype)]), past, new)


def first_scale(gradient: Tree, product: Array, turn: Tree, begun: Array, scaled: bool) -> Array:
    """What the estimate is far from all past steps: the curvature along the last one; at first a step of length 1 at most."""
    if not scaled:
        return jnp.ones_like(product)
    square = dot(turn, turn)
    known = jnp.where(square > 0, product / jnp.where(square > 0, square, 1), 1)
    return jnp.where(begun, known, shorten_scale(gradient))


def shorten_scale(gradient: Tree) -> Array:
    """What makes the gradient no longer than 1."""
    return 1 / jnp.maximum(global_norm(gradient), 1)


def two_loops(gradient: Tree, steps: Tree, turns: Tree, weights: Array, scale: Array) -> Tree:
    """The estimate's product with the gradient, from the newest step to the oldest and back."""

    def backwards(vector: Tree, past: tuple[Tree, Tree, Array]) -> tuple[Tree, Array]:
        step, turn, weight = past
        share = weight * dot(step, vector)
        return add_scaled(vector, -share, turn), share

    def forwards(vector: Tree, past: tuple[tuple[Tree, Tree, Array], Array]) -> tuple[Tree, None]:
        (step, turn, weight), share = past
        return add_scaled(vector, share - weight * dot(turn, vector), step), None

    memory = (steps, turns, weights)
    vector, shares = lax.scan(backwards, gradient, memory, reverse=True)
    vector = {path: scale.astype(x.dtype) * x for path, x in vector.items()}
    return lax.scan(forwards, vector, (memory, shares))[0]


def guard_direction(found: Tree, gradient: Tree) -> Tree:
    """The direction; where numbers overflowed on the way, the gradient made short."""
    fine = jnp.isfinite(sum((jnp.sum(jnp.abs(x) * 0) for x in found.values()), jnp.zeros(())))
    scale = shorten_scale(gradient)
    return {path: jnp.where(fine, x, scale.astype(x.dtype) * gradient[path]) for path, x in found.items()}


def search_along(direction: Transformation, most: int) -> Transformation:
    """Updates of a transformation times the length that a line search finds, in `most` evaluations of loss and gradient at most."""

    def update(updates: Tree, state: Any, params: Tree, *, value: Array, value_fn: Any, grad_fn: Any) -> tuple[Tree, Any]:
        gradient = {path: widen(g) for path, g in updates.items()}
        along, state = direction.update(gradient, state, params)
        number = jnp.result_type(float)

        def at(length: Array) -> Point:
            there = apply_updates(params, {path: length.astype(u.dtype) * u for path, u in along.items()})
            slope = dot({path: widen(g) for path, g in grad_fn(there).items()}, along)
            return Point(length, value_fn(there).astype(number), slope.astype(number))

        start = Point(jnp.zeros((), number), jnp.asarray(value, number), dot(gradient, along).astype(number))
        length = length_of_step(at, start, most)
        return {path: length.astype(u.dtype) * u for path, u in along.items()}, state

    return Transformation(direction.init, update, ("value", "value_fn", "grad_fn"))
