"""Optimizers' arguments and masks, by hand. Their formulas are held against optax in `test_optimizers.py`."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.optimizers import OptimizerStepsTwice, OptimizerWithoutStep, PatternMatchesNothing
from netspec.library.base import BadArguments, Clock, Duration, Leaf
from netspec.library.optimizers.adam import Adam, AdamW
from netspec.library.optimizers.chain import Chain, step_problem
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.schedules import Cosine

CLOCK = Clock(steps_per_epoch=20, total_steps=200)
LEAVES = {"dense/kernel": Leaf(("dense/kernel",)), "dense/bias": Leaf(("dense/bias",))}


def test_decay_mask_reaches_only_its_slices():
    leaves = {"layer/kernel": Leaf(("layer_0/kernel", "layer_1/kernel"), stacked=1)}
    transformation = AdamW(learning_rate=1.0, weight_decay=0.5, decay_mask="layer_1/*").build(CLOCK, leaves)
    params = {"layer/kernel": jnp.ones((2, 3))}
    updates, _ = transformation.update({"layer/kernel": jnp.zeros((2, 3))}, transformation.init(params), params)
    np.testing.assert_array_equal(updates["layer/kernel"], [[0, 0, 0], [-0.5, -0.5, -0.5]])


def test_decay_mask_that_matches_nothing_is_a_mistake():
    with pytest.raises(Mistake) as caught:
        AdamW(learning_rate=0.1, decay_mask="**/kernels").build(CLOCK, LEAVES)
    problem = caught.value.diagnostic
    assert isinstance(problem, PatternMatchesNothing) and problem.blame == "decay_mask"
    assert problem.help() == "did you mean `**/kernel`?"


def test_a_chain_takes_exactly_one_step():
    clip, adam = ClipByGlobalNorm(max_norm=1.0), Adam(learning_rate=0.1)
    assert step_problem(adam) is None
    assert step_problem(Chain(parts=(clip, Chain(parts=(clip, adam))))) is None
    assert isinstance(step_problem(clip), OptimizerWithoutStep)
    assert isinstance(step_problem(Chain(parts=(adam, clip, Sgd(learning_rate=1.0)))), OptimizerStepsTwice)


def test_learning_rate_of_a_schedule_counts_finished_updates():
    transformation = Sgd(learning_rate=Cosine(start=1.0, duration=Duration(2, "step"))).build(CLOCK, {"w": Leaf(("w",))})
    params = {"w": jnp.zeros(())}
    state, seen = transformation.init(params), []
    for _ in range(4):
        updates, state = transformation.update({"w": jnp.ones(())}, state, params)
        seen.append(float(updates["w"]))
    np.testing.assert_allclose(seen, [-1.0, -0.5, 0.0, 0.0], atol=1e-7)


@pytest.mark.parametrize(
    ("cls", "arguments", "argument"),
    [
        (Sgd, {"learning_rate": 0.0}, "learning_rate"),
        (Sgd, {"learning_rate": -0.1}, "learning_rate"),
        (Sgd, {"learning_rate": float("nan")}, "learning_rate"),
        (Sgd, {"learning_rate": "fast"}, "learning_rate"),
        (Sgd, {"learning_rate": 0.1, "momentum": 1.0}, "momentum"),
        (Adam, {"learning_rate": 0.1, "b2": 1.0}, "b2"),
        (Adam, {"learning_rate": 0.1, "eps": 0.0}, "eps"),
        (AdamW, {"learning_rate": 0.1, "weight_decay": -1.0}, "weight_decay"),
        (ClipByGlobalNorm, {"max_norm": 0.0}, "max_norm"),
        (Chain, {"parts": ()}, "parts"),
        (Adam, {"learning_rate": 0.1, "beta1": 0.9}, "beta1"),
    ],
)
def test_bad_numbers_are_refused(cls, arguments, argument):
    with pytest.raises(BadArguments) as caught:
        cls(**arguments)
    assert set(caught.value.faults) == {argument}
