"""Makes steps proportional to the size of the parameter that they move, layer by layer; a stack's slices have norms of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, make_stateless, widen, zeros
from netspec.library.gradients.core import norm as norm_of
from netspec.library.gradients.decay import rates_of, spread_rates
from netspec.library.gradients.moments import move_means


def scale_by_trust_ratio(
    leaves: Mapping[str, Leaf], coefficient: float = 1.0, eps: float = 0.0, pattern: str | None = None
) -> Transformation:
    """Times coefficient * |p| / (|u| + eps), where neither norm is 0; of slices that the pattern matches.

    Raises `Mistake` when the pattern matches none.
    """
    chosen = rates_of(1.0, pattern, leaves, "trust_mask")

    def scale(updates: Tree, params: Tree) -> Tree:
        return {path: u * choose_ratio(chosen[path], ratio(path, u, params[path]), leaves[path], u) for path, u in updates.items()}

    def ratio(path: str, update: Array, param: Array) -> Array:
        stacked = leaves[path].stacked
        size, length = norm_of(widen(param), stacked), norm_of(update, stacked)
        return trust_ratio(size, length, length + eps, coefficient)

    return make_stateless(scale)


def scale_by_separate_norms(
    leaves: Mapping[str, Leaf], decay: float, decay_mask: str | None, coefficient: float, eps: float, pattern: str | None
) -> Transformation:
    """(g + decay * p) times coefficient * |p| / (|g| + decay * |p| + eps), where neither |p| nor |g| is 0; masked as above."""
    chosen, rates = rates_of(1.0, pattern, leaves, "trust_mask"), rates_of(decay, decay_mask, leaves, "decay_mask")

    def scale(updates: Tree, params: Tree) -> Tree:
        return {path: scaled(path, u, widen(params[path])) for path, u in updates.items()}

    def scaled(path: str, update: Array, param: Array) -> Array:
        leaf = leaves[path]
        rate = spread_rates(rates[path], param, leaf.stacked)
        size, length = norm_of(param, leaf.stacked), norm_of(update, leaf.stacked)
        ratio = trust_ratio(size, length, length + rate * size + eps, coefficient)
        return (update + rate * param) * choose_ratio(chosen[path], ratio, leaf, update)

    return make_stateless(scale)


def trust_ratio(size: Array, length: Array, divisor: Array, coefficient: float) -> Array:
    """coefficient * size / divisor, and 1 where the parameter or its update is all zeros: it would never move, or by 0/0."""
    both = (size > 0) & (length > 0)
    return jnp.where(both, coefficient * size / jnp.where(both, divisor, 1), 1)


def choose_ratio(chosen: tuple[float, ...], ratio: Array, leaf: Leaf, like: Array) -> Any:
    """The ratio for the slices that are chosen, 1 for the others."""
    if all(chosen):
        return ratio
    return jnp.where(spread_rates(chosen, like, leaf.stacked) > 0, ratio, 1) if any(chosen) else 1.0


def scale_by_novograd(
    leaves: Mapping[str, Leaf], b1: float, b2: float, eps: float, eps_root: float, decay: Transformation
) -> Transformation:
    """Momentum of gradients over the root of their running mean square norm, one number for each slice; `decay` is within the momentum."""

    def norms(updates: Tree) -> Tree:
        return {path: norm_of(u, leaves[path].stacked) for path, u in updates.items()}

    def init(params: Tree) -> dict[str, Any]:
        return {"count": begin_count(), "mu": zeros(params), "nu": norms(zeros(params))}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        squared = {path: jnp.square(n) for path, n in norms(updates).items()}
        later = move_means(state["nu"], squared, b2)
        nu = {path: jnp.where(state["count"] > 0, later[path], s) for path, s in squared.items()}
        ready = {path: u / (jnp.sqrt(nu[path] + eps_root) + eps) for path, u in updates.items()}
        ready, _ = decay.update(ready, {}, params)
        mu = {path: b1 * state["mu"][path] + u for path, u in ready.items()}
        return mu, {"count": count_up(state["count"]), "mu": mu, "nu": nu}

    return Transformation(init, update)
