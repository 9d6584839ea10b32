"""Schedules of schedules: each part counts from its own beginning and has its own time."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.base import BadArguments, Clock, Duration, Schedule
from netspec.library.schedules import Constant, Cosine, Exponential, Join, Linear, Restarts, Rsqrt, Step, Warmup, WarmupCosine

CLOCK = Clock(steps_per_epoch=37, total_steps=800)
STEPS = np.arange(1000)
steps, epochs = (lambda n: Duration(n, "step")), (lambda n: Duration(n, "epoch"))
JOINED = optax.join_schedules(
    [optax.linear_schedule(0.0, 0.1, 100), optax.constant_schedule(0.1), optax.cosine_decay_schedule(0.1, 456, alpha=0.1)], [100, 344]
)


def cycles(*lengths, peak=0.1, end=0.0, shrink=1.0, warmup=0):
    kwargs = [
        {
            "init_value": 0.0 if warmup else peak * shrink**k,
            "peak_value": peak * shrink**k,
            "warmup_steps": warmup,
            "decay_steps": length,
            "end_value": end * shrink**k,
        }
        for k, length in enumerate(lengths)
    ]
    return optax.sgdr_schedule(kwargs)


STABLE = (Linear(start=0.0, end=0.1), Constant(number=0.1), Cosine(start=0.1, end=0.01))
PAIRS = {
    "join": (Join(schedules=STABLE, at=(steps(100), steps(344))), JOINED),
    "join own": (
        Join(
            schedules=(Exponential(start=0.1, rate=0.5, every=epochs(1)), Linear(start=0.5, end=0.1, duration=steps(50))), at=(epochs(3),)
        ),
        optax.join_schedules([optax.exponential_decay(0.1, 37, 0.5), optax.linear_schedule(0.5, 0.1, 50)], [111]),
    ),
    "warmup": (Warmup(schedule=Cosine(start=0.1), duration=epochs(5)), optax.warmup_cosine_decay_schedule(0.0, 0.1, 185, 800)),
    "warmup other": (
        Warmup(schedule=Exponential(start=0.1, rate=0.7, every=steps(90)), duration=steps(50), start=0.02),
        optax.warmup_exponential_decay_schedule(0.02, 0.1, 50, 90, 0.7),
    ),
    "restarts": (Restarts(schedule=Cosine(start=0.1, end=0.01), every=steps(250)), cycles(250, 250, 250, 250, end=0.01)),
    "restarts exact": (Restarts(schedule=Cosine(start=0.1), every=steps(200)), cycles(200, 200, 200, 200)),
    "restarts longer": (
        Restarts(schedule=Cosine(start=0.1, end=0.01), every=steps(100), lengthen=2, shrink=0.5),
        cycles(100, 200, 400, 800, end=0.01, shrink=0.5),
    ),
    "restarts shrunk": (Restarts(schedule=Cosine(start=0.1), every=epochs(6), shrink=0.7), cycles(222, 222, 222, 222, shrink=0.7)),
    "restarts warm": (Restarts(schedule=WarmupCosine(peak=0.1, warmup=steps(20)), every=steps(400)), cycles(400, 400, warmup=20)),
}


def curve(schedule: Schedule, clock=CLOCK, at=STEPS):
    return np.asarray(jnp.broadcast_to(schedule.value(jnp.asarray(at, jnp.int32), clock), np.shape(at)))


@pytest.mark.parametrize("name", PAIRS)
def test_follows_optax(name):
    ours, theirs = PAIRS[name]
    with jax.enable_x64(True):
        exact = np.asarray(theirs(jnp.asarray(STEPS)))
        np.testing.assert_allclose(curve(ours), exact, rtol=1e-12, atol=1e-15)
    got = curve(ours)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, exact, rtol=0, atol=1e-6 * exact.max())


def test_traced_they_are_the_same():
    program = jax.jit(lambda step: [ours.value(step, CLOCK) for ours, _ in PAIRS.values()])
    for step in (0, 99, 100, 799, 800):
        values = program(jnp.int32(step))
        assert all(value.shape == () and value.dtype == jnp.float32 for value in values)
        np.testing.assert_allclose(values, [curve(ours, at=np.asarray([step]))[0] for ours, _ in PAIRS.values()], rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in ("join own", "warmup other")])
def test_stays_after_its_end(name):
    last = curve(PAIRS[name][0], at=np.asarray([1600, 10**6, 2**31 - 1]))
    assert (last == last[0]).all()


@pytest.mark.parametrize("warmup", [0, 1, 185, 799, 800, 2000])
def test_the_general_warm_up_is_the_special_one(warmup):
    general, special = Warmup(schedule=Cosine(start=0.1), duration=steps(warmup)), WarmupCosine(peak=0.1, warmup=steps(warmup))
    np.testing.assert_allclose(curve(general, at=np.arange(800)), curve(special, at=np.arange(800)), rtol=1e-6, atol=1e-9)


def test_a_warm_up_leads_to_where_the_schedule_begins():
    stairs = Step(start=0.4, at=(steps(10),), to=(0.2,))
    values = curve(Warmup(schedule=stairs, duration=steps(4)), at=np.arange(16))
    np.testing.assert_allclose(values, [0, 0.1, 0.2, 0.3, *[0.4] * 10, 0.2, 0.2], rtol=1e-6)


def test_parts_inside_parts_keep_their_time():
    """Two cycles of 50 steps in the first 100, then what is left."""
    twice = Restarts(schedule=Linear(start=1.0), every=steps(50))
    values = curve(
        Join(schedules=(twice, Linear(start=0.5)), at=(steps(100),)), clock=Clock(10, 200), at=np.asarray([0, 25, 50, 75, 100, 150])
    )
    np.testing.assert_allclose(values, [1, 0.5, 1, 0.5, 0.5, 0.25], rtol=1e-6)


def test_the_last_of_the_moments_that_are_over_counts():
    """Moments in steps and epochs may be the other way round than they are written."""
    joined = Join(schedules=(Constant(number=1.0), Constant(number=2.0), Constant(number=3.0)), at=(steps(20), epochs(1)))
    assert curve(joined, clock=Clock(10, 40), at=np.asarray([0, 9, 10, 20, 30])).tolist() == [1, 1, 3, 3, 3]


def test_a_training_of_steps_needs_no_length_of_an_epoch():
    from netspec.lower.clock import DerivedClock

    whole = Join(schedules=(Warmup(schedule=Rsqrt(factor=1.0, warmup=steps(3)), duration=steps(2)), Cosine(start=1.0)), at=(steps(50),))
    assert curve(whole, clock=DerivedClock(100), at=np.asarray([75])) == pytest.approx(0.5)


REFUSED = [
    (Join, {"schedules": [Constant(number=0.1)], "at": [steps(3)]}),
    (Join, {"schedules": [Constant(number=0.1)] * 3, "at": [steps(3), steps(2)]}),
    (Join, {"schedules": [0.1, Constant(number=0.1)], "at": [steps(3)]}),
    (Restarts, {"schedule": Cosine(start=0.1), "every": steps(0)}),
    (Restarts, {"schedule": Cosine(start=0.1), "every": steps(5), "lengthen": 0}),
    (Restarts, {"schedule": Cosine(start=0.1), "every": steps(5), "lengthen": 1.5}),
    (Restarts, {"schedule": Cosine(start=0.1), "every": steps(5), "shrink": 0.0}),
    (Warmup, {"schedule": 0.1, "duration": steps(5)}),
    (Warmup, {"schedule": Cosine(start=0.1), "duration": 5}),
]


@pytest.mark.parametrize(("kind", "arguments"), REFUSED)
def test_bad_arguments_are_refused(kind, arguments):
    with pytest.raises(BadArguments):
        kind(**arguments)
