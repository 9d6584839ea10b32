"""Schedules against optax at a thousand points, traced, and still after their end."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from pydantic import ValidationError

from netspec.library.base import Clock, Duration, Schedule
from netspec.library.schedules import Constant, Cosine, Linear, WarmupCosine

CLOCK = Clock(steps_per_epoch=37, total_steps=800)
STEPS = np.arange(1000)
steps, epochs = (lambda n: Duration(n, "step")), (lambda n: Duration(n, "epoch"))
PAIRS = {
    "constant": (Constant(number=0.1), optax.constant_schedule(0.1)),
    "linear": (Linear(start=0.1), optax.linear_schedule(0.1, 0.0, 800)),
    "linear part": (Linear(start=0.01, end=0.3, duration=epochs(5)), optax.linear_schedule(0.01, 0.3, 185)),
    "cosine": (Cosine(start=0.1), optax.cosine_decay_schedule(0.1, 800)),
    "cosine end": (Cosine(start=0.1, end=0.02, duration=steps(500)), optax.cosine_decay_schedule(0.1, 500, alpha=0.2)),
    "warmup": (WarmupCosine(peak=3e-4, warmup=steps(100)), optax.warmup_cosine_decay_schedule(0.0, 3e-4, 100, 800)),
    "warmup all": (
        WarmupCosine(peak=0.1, warmup=epochs(2), end=0.001, start=0.01, duration=epochs(20)),
        optax.warmup_cosine_decay_schedule(0.01, 0.1, 74, 740, 0.001),
    ),
    "no warmup": (WarmupCosine(peak=0.1, warmup=steps(0)), optax.cosine_decay_schedule(0.1, 800)),
}


def curve(schedule: Schedule, clock=CLOCK, at=STEPS):
    return np.asarray(jax.jit(jax.vmap(lambda step: schedule.value(step, clock)))(jnp.asarray(at, jnp.int32)))


def optax_curve(schedule):
    return np.broadcast_to(jax.jit(schedule)(jnp.asarray(STEPS)), STEPS.shape)


@pytest.mark.parametrize("name", PAIRS)
def test_follows_optax(name):
    ours, theirs = PAIRS[name]
    with jax.enable_x64(True):
        np.testing.assert_allclose(curve(ours), optax_curve(theirs), rtol=1e-12, atol=1e-15)
    got = curve(ours)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, optax_curve(theirs), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", PAIRS)
def test_stays_after_its_end(name):
    """The old cosine of Flax rose again after its end."""
    ours, _ = PAIRS[name]
    last = curve(ours, at=np.asarray([800, 801, 1600, 10**6, 2**31 - 1]))
    np.testing.assert_array_equal(last, np.full(5, last[0]))


def test_value_of_the_docs():
    schedule = WarmupCosine(peak=1.0, warmup=steps(4), end=0.5, duration=steps(8))
    np.testing.assert_allclose(curve(schedule, at=np.arange(10)), [0, 0.25, 0.5, 0.75, 1, 0.9267767, 0.75, 0.5732233, 0.5, 0.5], rtol=1e-6)


def test_warmup_longer_than_the_training_stays_on_the_line():
    np.testing.assert_allclose(curve(WarmupCosine(peak=1.0, warmup=steps(2000)), at=STEPS), STEPS / 2000, rtol=1e-6)


def test_fractions_of_an_epoch_are_rounded_to_steps():
    half = curve(Linear(start=1.0, duration=epochs(0.5)), clock=Clock(10, 100), at=np.asarray([0, 4, 5]))
    np.testing.assert_allclose(half, [1.0, 0.2, 0.0], atol=1e-7)


@pytest.mark.parametrize(
    "arguments", [{"start": -1.0}, {"start": 0.1, "end": -1.0}, {"start": 0.1, "duration": 5}, {"start": float("inf")}]
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValidationError):
        Cosine(**arguments)
