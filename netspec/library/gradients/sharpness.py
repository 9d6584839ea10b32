"""Takes gradients where the loss is worst nearby."""

from __future__ import annotations

from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Transformation
from netspec.library.gradients.core import Tree, apply_updates, widen
from netspec.library.gradients.products import global_norm


def perturb_to_worst(inner: Transformation, rho: float) -> Transformation:
    """`inner` on the gradient at the parameters plus rho times the direction of the gradient."""
    needs = tuple(dict.fromkeys(("grad_fn", *inner.needs)))

    def update(updates: Tree, state: Any, params: Tree, **given: Any) -> tuple[Tree, Any]:
        size = global_norm(updates)
        size = jnp.where(size > 0, size, 1)
        far = {path: rho * (widen(g) / size.astype(widen(g).dtype)) for path, g in updates.items()}
        gradient = given["grad_fn"](apply_updates(params, far))
        return inner.update(gradient, state, params, **{name: given[name] for name in inner.needs})

    return Transformation(inner.init, update, needs, inner.evaluated)
