"""Running estimates of the gradient's moments."""

from __future__ import annotations

import math
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Transformation
from netspec.library.gradients.core import Tree, counted, nothing, zeros


def scale_by_adam(b1: float, b2: float, eps: float, eps_root: float) -> Transformation:
    """Moments of the gradient, corrected for their start at zero: m / (sqrt(v + eps_root) + eps)."""

    def init(params: Tree) -> dict[str, Any]:
        return {"count": nothing(), "mu": zeros(params), "nu": zeros(params)}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = counted(state["count"])
        mu = {path: (1 - b1) * g + b1 * state["mu"][path] for path, g in updates.items()}
        nu = {path: (1 - b2) * g * g + b2 * state["nu"][path] for path, g in updates.items()}
        first, second = correction(b1, count), correction(b2, count)
        steps = {p: (m / first.astype(m.dtype)) / (jnp.sqrt(nu[p] / second.astype(m.dtype) + eps_root) + eps) for p, m in mu.items()}
        return steps, {"count": count, "mu": mu, "nu": nu}

    return Transformation(init, update)


def correction(decay: float, count: Array) -> Array:
    """1 - decay**count. Written with expm1, since in f32 the plain difference of 1 and 0.999 is wrong in the fifth digit."""
    number = count.astype(jnp.result_type(float))
    return -jnp.expm1(number * math.log(decay)) if decay > 0 else jnp.ones_like(number)
