"""Optimizers over hundreds of steps: beside their oracles on three problems, and down to a minimum. See `oracles_optimizers.py`."""

from __future__ import annotations

from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.testing.checks import hold
from tests.library.optimizer_problems import problem
from tests.library.optimizer_runs import distance, formula_steps, loop, needed, our_step, steps, their_step
from tests.library.oracles_optimizers import CLOCK, Pair, collected

STEPS = 200
PAIRS = collected()
PROBLEMS = ("quadratic", "logistic", "mlp")
CASES = [
    pytest.param(pair, name, id=f"{op}-{i}-{name}")
    for op, pairs in PAIRS.items()
    for i, pair in enumerate(pairs)
    for name in (PROBLEMS if i == 0 else PROBLEMS[i % 3 :][:1])
]
"""The first pair of each on all problems, the others in turn."""

pytestmark = pytest.mark.slow


def theirs(pair: Pair, name: str, params: Any) -> Any:
    """The oracle's parameters after each step, along a first axis."""
    if hasattr(pair.oracle, "update"):
        return loop(their_step(pair, problem(name)), params, STEPS)
    taken = list(islice(formula_steps(pair, problem(name), params), STEPS))
    return {path: np.stack([p[path] for p in taken]) for path in params}


@pytest.mark.parametrize(("pair", "name"), CASES)
def test_follows_its_oracle_for_200_steps(pair: Pair, name: str):
    with jax.enable_x64(True):
        params = problem(name).params(jnp.float64)
        ours = loop(our_step(pair, problem(name), problem(name).leaves()), params, STEPS)
        compared = ({path: p[: pair.steps] for path, p in run.items()} for run in (ours, theirs(pair, name, params)))
        assert distance(*compared) < pair.tolerance
        assert float(problem(name).loss({path: p[-1] for path, p in ours.items()})) < float(problem(name).loss(params))


def reaches_the_minimum(name: str) -> None:
    pair, quadratic = PAIRS[name][0], problem("quadratic")
    pair = Pair(pair.settles or pair.op, pair.oracle)
    init, step = our_step(pair, quadratic, quadratic.leaves())
    params = quadratic.params(jnp.float32)
    run = jax.jit(lambda p: jax.lax.fori_loop(0, 4000, lambda _, carry: step(*carry), (p, init(p))))
    params, state = run(params)
    evaluated = pair.op.build(CLOCK, quadratic.leaves()).evaluated
    assert float(quadratic.loss(evaluated(params, state) if evaluated else params)) < 1e-3


def second_step_does_not_compile_again(name: str) -> None:
    quadratic = problem("quadratic")
    transformation = PAIRS[name][0].op.build(CLOCK, quadratic.leaves())
    params = quadratic.params(jnp.float32)

    @jax.jit
    def step(params: Any, state: Any) -> Any:
        value, grads = jax.value_and_grad(quadratic.loss)(params)
        updates, state = transformation.update(grads, state, params, **needed(transformation, quadratic, value))
        return {path: p + updates[path] for path, p in params.items()}, state

    state = transformation.init(params)
    for _ in range(3):
        params, state = step(params, state)
    assert step._cache_size() == 1


@pytest.mark.parametrize("name", PAIRS)
def test_first_pair(name: str):
    hold((reaches_the_minimum, second_step_does_not_compile_again), name)


def test_trajectories_differ_where_formulas_do():
    """The comparison sees an argument that is off by a thousandth."""
    quadratic = problem("quadratic")
    op, start = PAIRS["adam"][0].op, quadratic.params(jnp.float32)
    first, second = (
        next(islice(steps(our_step(Pair(o, None), quadratic, quadratic.leaves()), start), 20, None)) for o in (op, op.replaced(b1=0.9009))
    )
    assert distance(first, second) > 1e-6
