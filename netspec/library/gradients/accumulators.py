"""Divides steps by the root of past squared gradients, of which it keeps the sum or a running mean."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, zeros
from netspec.library.gradients.moments import correct_bias, move_means, squares


def fill_like(params: Tree, number: float) -> Tree:
    """The number in the shapes of the parameters, in f32 at least."""
    return {path: zero + number for path, zero in zeros(params).items()}


def inverse_root(square: Array, eps: float, inside: bool) -> Array:
    """1 / sqrt(square + eps), or 1 / (sqrt(square) + eps)."""
    return jax.lax.rsqrt(square + eps) if inside else 1 / (jnp.sqrt(square) + eps)


def scale_by_sum_of_squares(initial: float, eps: float, inside: bool) -> Transformation:
    """g / sqrt(G + eps) where G, of every element, is the sum of g² so far and `initial`."""

    def update(updates: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        sums = {path: state[path] + g * g for path, g in updates.items()}
        return {path: jnp.where(sums[path] > 0, inverse_root(sums[path], eps, inside), 0) * g for path, g in updates.items()}, sums

    return Transformation(lambda params: fill_like(params, initial), update)


def scale_by_rms(
    decay: float, eps: float, inside: bool, initial: float = 0.0, centered: bool = False, bias_correction: bool = False
) -> Transformation:
    """g / sqrt(v + eps), v being the running mean of g², `centered` the running variance; corrected for their start at zero or not."""

    def init(params: Tree) -> dict[str, Any]:
        counts = {"count": begin_count()} if bias_correction else {}
        return {**counts, "nu": fill_like(params, initial), **({"mu": zeros(params)} if centered else {})}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        means = {"nu": move_means(state["nu"], squares(updates), decay)}
        if centered:
            means["mu"] = move_means(state["mu"], updates, decay)
        counts = {"count": count_up(state["count"])} if bias_correction else {}
        whole = {name: correct_bias(mean, decay, counts["count"]) for name, mean in means.items()} if bias_correction else means
        roots = {path: inverse_root(variance(nu, whole["mu"][path]) if centered else nu, eps, inside) for path, nu in whole["nu"].items()}
        return {path: g * roots[path] for path, g in updates.items()}, {**counts, **means}

    return Transformation(init, update)


def variance(square: Array, mean: Array) -> Array:
    """The mean square less the squared mean, not below 0, which rounding would make it; infinite where a square is."""
    squared = jnp.square(mean)
    return jnp.where(squared < jnp.inf, jnp.maximum(square - squared, 0), jnp.inf)


def scale_by_adadelta(rho: float, eps: float) -> Transformation:
    """g times the ratio of the root mean squares of past steps and of past gradients."""

    def init(params: Tree) -> dict[str, Tree]:
        return {"gradients": zeros(params), "steps": zeros(params)}

    def update(updates: Tree, state: dict[str, Tree], params: Tree) -> tuple[Tree, dict[str, Tree]]:
        gradients = move_means(state["gradients"], squares(updates), rho)
        steps = {path: jnp.sqrt(state["steps"][path] + eps) / jnp.sqrt(gradients[path] + eps) * g for path, g in updates.items()}
        return steps, {"gradients": gradients, "steps": move_means(state["steps"], squares(steps), rho)}

    return Transformation(init, update)


def scale_by_signs(start: float, shrink: float, grow: float, smallest: float, largest: float) -> Transformation:
    """A length of step for every element, along the gradient's sign: it grows while the sign stays, and shrinks when it turns.

    Where it has just turned there is no step, and the next one has the length that is then left.
    """

    def init(params: Tree) -> dict[str, Tree]:
        return {"lengths": fill_like(params, start), "signs": zeros(params)}

    def update(updates: Tree, state: dict[str, Tree], params: Tree) -> tuple[Tree, dict[str, Tree]]:
        lengths, signs = {}, {}
        for path, g in updates.items():
            same = jnp.sign(g) * state["signs"][path]
            length = state["lengths"][path]
            lengths[path] = jnp.where(same == 0, length, jnp.clip(length * jnp.where(same > 0, grow, shrink), smallest, largest))
            signs[path] = jnp.where(same < 0, 0, jnp.sign(g))
        return {path: lengths[path] * sign for path, sign in signs.items()}, {"lengths": lengths, "signs": signs}

    return Transformation(init, update)
