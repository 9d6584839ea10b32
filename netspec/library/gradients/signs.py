"""Makes steps of one length, in the direction of a sign."""

from __future__ import annotations

from netspec.lazy import jnp
from netspec.library.base import Transformation
from netspec.library.gradients.core import Tree, make_stateless, round_kept, zeros
from netspec.library.gradients.moments import move_means


def sign_of_gradient() -> Transformation:
    """1, 0 or -1, as the gradient is."""
    return make_stateless(lambda updates, params: {path: jnp.sign(u) for path, u in updates.items()})


def sign_of_mean(decay: float) -> Transformation:
    """The sign of the running mean of gradients."""

    def update(updates: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        means = move_means(state, updates, decay)
        return {path: jnp.sign(mean) for path, mean in means.items()}, means

    return Transformation(zeros, update)


def scale_by_lion(b1: float, b2: float, mu_dtype: str | None = None) -> Transformation:
    """The sign of the running mean, in which the last gradient counts 1 - b1 for the step and 1 - b2 for what is kept."""

    def update(updates: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        steps = {path: jnp.sign(mean) for path, mean in move_means(state, updates, b1).items()}
        return steps, round_kept(move_means(state, updates, b2), mu_dtype)

    return Transformation(lambda params: round_kept(zeros(params), mu_dtype), update)
