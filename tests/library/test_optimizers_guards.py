"""What stands around an optimizer against numbers that are none: steps left out, scales that fall and grow."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.base import Leaf, Optimizer
from netspec.library.gradients import apply_updates
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.optimizers.guards import DynamicLossScale, SkipNonfinite
from tests.library.oracles_optimizers import CLOCK

START = {"w": jnp.array([1.0, -2.0]), "b": jnp.array(0.5)}
LEAVES = {path: Leaf((path,)) for path in START}
GOOD = {"w": jnp.array([0.1, 0.2]), "b": jnp.array(-0.3)}


def bad(number: float) -> dict[str, Any]:
    return {**GOOD, "b": jnp.array(number)}


def run(op: Optimizer, gradients: list[Any]) -> tuple[list[Any], list[Any]]:
    """Parameters and states after each step; gradients are multiplied as a training step does it."""
    transformation = op.build(CLOCK, LEAVES)
    params, state, ways, states = START, transformation.init(START), [], []
    for grads in gradients:
        scale = transformation.scaled(state) if transformation.scaled else 1.0
        updates, state = transformation.update({path: g * scale for path, g in grads.items()}, state, params)
        params = apply_updates(params, updates)
        ways.append(params)
        states.append(state)
    return ways, states


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_step_of_bad_gradients_is_left_out(number: float) -> None:
    """Parameters and moments are those of a run without it, as optax has it."""
    ways, states = run(SkipNonfinite(inner=Adam(learning_rate=0.1)), [GOOD, bad(number), GOOD])
    plain, _ = run(Adam(learning_rate=0.1), [GOOD, GOOD])
    for path in START:
        np.testing.assert_array_equal(ways[1][path], ways[0][path])
        np.testing.assert_array_equal(ways[2][path], plain[1][path])
    assert [int(s["bad"]) for s in states] == [0, 1, 0] and int(states[-1]["all_bad"]) == 1


def test_too_many_bad_steps_in_a_row_are_taken() -> None:
    gradients = [bad(np.nan)] * 4
    ways, _ = run(SkipNonfinite(inner=Sgd(learning_rate=0.1), max_consecutive_errors=2), gradients)
    oracle = optax.apply_if_finite(optax.sgd(0.1), 2)
    params, state, theirs = START, oracle.init(START), []
    for grads in gradients:
        updates, state = oracle.update(grads, state, params)
        params = apply_updates(params, updates)
        theirs.append(bool(jnp.isnan(params["b"])))
    assert [bool(jnp.isnan(p["b"])) for p in ways] == theirs == [False, False, True, True]


def test_the_scale_falls_after_a_bad_step_and_grows_after_good_ones() -> None:
    op = DynamicLossScale(inner=Sgd(learning_rate=0.1), initial_scale=8.0, growth_interval=2, minimum_scale=4.0)
    ways, states = run(op, [GOOD, bad(np.inf), bad(np.nan), GOOD, GOOD, GOOD, GOOD])
    assert [float(s["scale"]) for s in states] == [8.0, 4.0, 4.0, 4.0, 8.0, 8.0, 16.0]
    np.testing.assert_array_equal(ways[2]["w"], ways[0]["w"])
    plain, _ = run(Sgd(learning_rate=0.1), [GOOD] * 5)
    np.testing.assert_allclose(ways[-1]["w"], plain[-1]["w"], 1e-6)


def test_the_scale_stays_below_the_largest_number() -> None:
    op = DynamicLossScale(inner=Sgd(learning_rate=0.1), initial_scale=3e38, growth_interval=1)
    tiny = {path: jnp.full_like(g, 1e-38) for path, g in GOOD.items()}
    _, states = run(op, [tiny, tiny])
    assert all(np.isfinite(float(s["scale"])) for s in states)
