"""The factor of a plateau against optax, over losses that fall, stay and jump."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

from netspec.library.schedules.plateau import Plateau, begin_state, observe_loss

RULES = {
    "defaults": Plateau(),
    "impatient": Plateau(factor=0.5, patience=2, rtol=0.01),
    "cooling": Plateau(factor=0.5, patience=3, cooldown=5),
    "windows": Plateau(factor=0.3, patience=2, accumulation_size=4, cooldown=1),
    "absolute": Plateau(factor=0.8, patience=1, rtol=0.0, atol=0.05),
    "floor": Plateau(factor=0.2, patience=1, min_scale=0.1),
}


def losses(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([np.linspace(3, 1, 60), np.full(60, 1.0), 1 - 0.3 * rng.random(60), [np.nan, 5.0], np.full(60, 0.65)])


def ours(rules: Plateau, values: np.ndarray, dtype) -> np.ndarray:
    def one(state, value):
        state = observe_loss(rules, state, value)
        return state, state["scale"]

    return np.asarray(jax.jit(lambda v: jax.lax.scan(one, begin_state(dtype), v)[1])(jnp.asarray(values, dtype)))


def theirs(rules: Plateau, values: np.ndarray, dtype) -> np.ndarray:
    other = optax.contrib.reduce_on_plateau(
        rules.factor, rules.patience, rules.rtol, rules.atol, rules.cooldown, rules.accumulation_size, rules.min_scale
    )
    update = jnp.ones((), dtype)

    def one(state, value):
        scaled, state = other.update(update, state, value=value)
        return state, scaled

    return np.asarray(jax.jit(lambda v: jax.lax.scan(one, other.init(update), v)[1])(jnp.asarray(values, dtype)))


@pytest.mark.parametrize("name", RULES)
def test_follows_optax(name):
    values = losses(0)
    with jax.enable_x64(True):
        found = ours(RULES[name], values, np.float64)
        np.testing.assert_allclose(found, theirs(RULES[name], values, np.float64), rtol=1e-12)
    assert found[-1] < 1, "the losses have plateaus that every one of these rules sees"
    assert (np.diff(found) <= 0).all()


def test_by_hand():
    rules = Plateau(factor=0.5, patience=2, cooldown=2)
    found = ours(rules, np.asarray([4, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1], np.float32), np.float32)
    assert found.tolist() == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]


def test_it_never_falls_below_the_least():
    found = ours(RULES["floor"], np.ones(20, np.float32), np.float32)
    assert found[-1] == np.float32(0.1) and found.min() == np.float32(0.1)
