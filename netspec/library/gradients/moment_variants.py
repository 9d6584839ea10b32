"""Scales gradients by the moments of Adam's successors, which estimate or correct the second moment in other ways."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, zeros
from netspec.library.gradients.moments import begin_moments, correct_bias, correction, divide_by_root, look_ahead, move_means, squares


def scale_by_amsgrad(b1: float, b2: float, eps: float, eps_root: float, correct_mean: bool, correct_square: bool) -> Transformation:
    """Adam's step with the largest second moment so far in the place of the last one."""

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu, nu = move_means(state["mu"], updates, b1), move_means(state["nu"], squares(updates), b2)
        means = correct_bias(mu, b1, count) if correct_mean else mu
        now = correct_bias(nu, b2, count) if correct_square else nu
        largest = {path: jnp.maximum(state["largest"][path], v) for path, v in now.items()}
        return divide_by_root(means, largest, eps, eps_root), {"count": count, "mu": mu, "nu": nu, "largest": largest}

    return Transformation(lambda params: {**begin_moments(params), "largest": zeros(params)}, update)


def scale_by_adamax(b1: float, b2: float, eps: float) -> Transformation:
    """The corrected mean, divided by a falling maximum u = max(b2 * u, |g| + eps)."""

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu = move_means(state["mu"], updates, b1)
        nu = {path: jnp.maximum(b2 * state["nu"][path], jnp.abs(u) + eps) for path, u in updates.items()}
        return {path: m / nu[path] for path, m in correct_bias(mu, b1, count).items()}, {"count": count, "mu": mu, "nu": nu}

    return Transformation(begin_moments, update)


def scale_by_belief(b1: float, b2: float, eps: float, eps_root: float, nesterov: bool) -> Transformation:
    """Adam's step with the mean square of what surprises, g - m, plus eps_root in every step, as second moment."""

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu = move_means(state["mu"], updates, b1)
        surprise = squares({path: u - mu[path] for path, u in updates.items()})
        nu = {path: v + eps_root for path, v in move_means(state["nu"], surprise, b2).items()}
        means = look_ahead(mu, updates, b1, count) if nesterov else correct_bias(mu, b1, count)
        return divide_by_root(means, correct_bias(nu, b2, count), eps, 0.0), {"count": count, "mu": mu, "nu": nu}

    return Transformation(begin_moments, update)


def scale_by_yogi(b1: float, b2: float, eps: float, initial: float) -> Transformation:
    """Adam's step with a second moment that moves by (1 - b2) * g² towards g², however far away it is."""

    def init(params: Tree) -> dict[str, Any]:
        filled = {path: zero + initial for path, zero in zeros(params).items()}
        return {"count": begin_count(), "mu": filled, "nu": filled}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu = move_means(state["mu"], updates, b1)
        square = {path: jnp.minimum(jnp.square(u), jnp.finfo(u.dtype).max) for path, u in updates.items()}
        nu = {path: v - (1 - b2) * jnp.sign(v - square[path]) * square[path] for path, v in state["nu"].items()}
        return divide_by_root(correct_bias(mu, b1, count), correct_bias(nu, b2, count), eps, 0.0), {"count": count, "mu": mu, "nu": nu}

    return Transformation(init, update)


def scale_by_radam(b1: float, b2: float, eps: float, eps_root: float, threshold: float, nesterov: bool) -> Transformation:
    """Adam's step, shortened while few gradients tell the second moment; the mean alone while hardly any do."""

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu, nu = move_means(state["mu"], updates, b1), move_means(state["nu"], squares(updates), b2)
        means = look_ahead(mu, updates, b1, count) if nesterov else correct_bias(mu, b1, count)
        share, known = rectification(b2, count, threshold)
        steps = divide_by_root(means, correct_bias(nu, b2, count), eps, eps_root)
        steps = {path: jnp.where(known, share.astype(step.dtype) * step, means[path]) for path, step in steps.items()}
        return steps, {"count": count, "mu": mu, "nu": nu}

    return Transformation(begin_moments, update)


def rectification(b2: float, count: Array, threshold: float) -> tuple[Array, Array]:
    """The factor of steps, and whether as many gradients as `threshold` tell the second moment."""
    most = 2 / (1 - b2) - 1
    whole = correction(b2, count)
    known = most - 2 * count * (1 - whole) / whole
    ratio = (known - 4) * (known - 2) * most / ((most - 4) * (most - 2) * known)
    return jnp.sqrt(jnp.maximum(ratio, 0)), known >= threshold


def scale_by_adan(b1: float, b2: float, b3: float, eps: float, eps_root: float) -> Transformation:
    """Means of gradients and of their differences, divided by the root mean square of both together."""

    def init(params: Tree) -> dict[str, Any]:
        names = ("mean", "change", "square", "last")
        return {"count": begin_count(), **{name: zeros(params) for name in names}}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        changes = {path: jnp.where(state["count"] > 0, u - state["last"][path], 0) for path, u in updates.items()}
        mean, change = move_means(state["mean"], updates, b1), move_means(state["change"], changes, b2)
        square = move_means(state["square"], squares({path: u + (1 - b2) * changes[path] for path, u in updates.items()}), b3)
        along = correct_bias(change, b2, count)
        means = {path: m + (1 - b2) * along[path] for path, m in correct_bias(mean, b1, count).items()}
        new = {"count": count, "mean": mean, "change": change, "square": square, "last": dict(updates)}
        return divide_by_root(means, correct_bias(square, b3, count), eps, eps_root), new

    return Transformation(init, update)
