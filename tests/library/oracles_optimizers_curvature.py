"""Pairs of optimizers that know of curvature or distance."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

from netspec.library.base import Leaf
from netspec.library.gradients.second_order import signs
from netspec.library.optimizers.prodigy import Prodigy
from netspec.library.optimizers.second_order import Lbfgs, Sophia
from tests.library.oracles_optimizers import Pair, kernels
from tests.library.oracles_optimizers_accumulators import FALLING
from tests.library.oracles_optimizers_descent import OPTAX_WARM, WARM


def estimate(interval: int, seed: int = 0) -> Any:
    """optax's estimate of the Hessian's diagonal, with the signs that we draw, which are by path."""

    def update(updates: Any, state: Any, params: Any, obj_fn: Any, **_: Any) -> Any:
        drawn = signs(params, state * interval, seed, {path: Leaf((path,)) for path in params})
        product = jax.jvp(jax.grad(obj_fn), (params,), (drawn,))[1]
        return {path: h * drawn[path] for path, h in product.items()}, state + 1

    return optax.GradientTransformationExtraArgs(lambda params: jnp.zeros((), jnp.int32), update)


def lbfgs(**arguments: Any) -> Any:
    """optax takes what it does not know for arguments of the loss."""
    made = optax.lbfgs(**arguments)
    known = ("value", "grad", "value_fn")
    return optax.GradientTransformationExtraArgs(made.init, lambda u, s, p, **given: made.update(u, s, p, **{k: given[k] for k in known}))


SHORT = optax.scale_by_zoom_linesearch(4, initial_guess_strategy="one")

OPTAX_FALLING = optax.cosine_decay_schedule(0.1, 4000)

PAIRS = {
    "sophia": (
        Pair(
            Sophia(learning_rate=0.01),
            contrib.sophia(0.01, hessian_diagonal_fn=estimate(10)),
            Sophia(learning_rate=FALLING, weight_decay=0.0),
            jitted=True,
            extra=lambda loss: {"obj_fn": loss},
        ),
        Pair(
            Sophia(learning_rate=WARM, b1=0.9, b2=0.9, eps=1e-6, weight_decay=0.1, decay_mask="**/kernel", gamma=0.5, update_interval=3),
            contrib.sophia(OPTAX_WARM, 0.9, 0.9, 1e-6, 0.1, kernels, 0.5, update_interval=3, hessian_diagonal_fn=estimate(3)),
            jitted=True,
            extra=lambda loss: {"obj_fn": loss},
        ),
    ),
    "prodigy": (
        Pair(Prodigy(), contrib.prodigy()),
        Pair(
            Prodigy(learning_rate=FALLING, b1=0.8, b2=0.99, beta3=0.9, eps=1e-6, estim_lr0=1e-3, estim_lr_coef=0.5, weight_decay=0.01),
            contrib.prodigy(OPTAX_FALLING, (0.8, 0.99), 0.9, 1e-6, 1e-3, 0.5, 0.01),
        ),
        Pair(Prodigy(estim_lr0=1e-4, safeguard_warmup=True), contrib.prodigy(estim_lr0=1e-4, safeguard_warmup=True)),
    ),
    "lbfgs": (
        Pair(Lbfgs(), lbfgs(), steps=40, jitted=True),  # then the loss is 1e-11 and rounding decides how far to go
        Pair(
            Lbfgs(learning_rate=0.5, memory_size=3, line_search=4),
            lbfgs(learning_rate=0.5, memory_size=3, linesearch=SHORT),
            steps=30,
            jitted=True,
        ),
        Pair(
            Lbfgs(learning_rate=0.1, memory_size=5, scale_init_precond=False, line_search=0),
            lbfgs(learning_rate=0.1, memory_size=5, scale_init_precond=False, linesearch=None),
            jitted=True,
        ),
    ),
}
