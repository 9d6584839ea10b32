"""Schedules against optax at a thousand points, traced, and still after their end."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.base import BadArguments, Clock, Duration, Schedule
from netspec.library.schedules import Constant, Cosine, Linear, Rsqrt, Step, WarmupCosine

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
    "step": (Step(start=0.1, at=(epochs(4), epochs(9)), to=(0.2, 0.004)), optax.piecewise_constant_schedule(0.1, {148: 2.0, 333: 0.02})),
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


def rsqrt(factor, warmup):
    return factor * np.minimum(1, STEPS / max(warmup, 1) if warmup else 1) / np.sqrt(np.maximum(STEPS, max(warmup, 1)))


@pytest.mark.parametrize("warmup", [0, 1, 100, 2000])
def test_the_inverse_square_root_by_its_formula(warmup):
    with jax.enable_x64(True):
        np.testing.assert_allclose(curve(Rsqrt(factor=0.05, warmup=steps(warmup))), rsqrt(0.05, warmup), rtol=1e-12)
    found = curve(Rsqrt(factor=0.05, warmup=steps(warmup)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rsqrt(0.05, warmup), rtol=1e-5)


def test_the_peak_of_the_inverse_square_root():
    found = curve(Rsqrt(factor=0.05, warmup=epochs(10)), at=np.arange(3000))
    assert found.argmax() == 370 and found.max() == pytest.approx(0.05 / 370**0.5) and found[0] == 0
    assert (np.diff(found[370:]) < 0).all()


def test_the_first_update_after_the_moment_has_the_new_number():
    found = curve(Step(start=1.0, at=(steps(3), epochs(0.5)), to=(0.5, 0.25)), at=np.array([0, 2, 3, 17, 18, 10**6]))
    assert found.tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    "arguments",
    [
        {"at": [], "to": []},
        {"at": [steps(3)], "to": [0.1, 0.2]},
        {"at": [steps(3), steps(3)], "to": [0.1, 0.2]},
        {"at": [epochs(3), epochs(2)], "to": [0.1, 0.2]},
        {"at": [3], "to": [0.1]},
        {"at": [steps(3)], "to": [-0.1]},
    ],
)
def test_steps_that_make_no_sense_are_refused(arguments):
    with pytest.raises(BadArguments):
        Step(start=0.1, **arguments)


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
    with pytest.raises(BadArguments):
        Cosine(**arguments)
