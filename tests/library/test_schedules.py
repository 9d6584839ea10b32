"""Schedules against optax at a thousand points, traced, and still after their end."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.base import BadArguments, Clock, Duration, Schedule
from netspec.library.schedules import (
    Constant,
    Cosine,
    CosineOneCycle,
    Exponential,
    Join,
    Linear,
    LinearOneCycle,
    Piecewise,
    Polynomial,
    Restarts,
    Rsqrt,
    Step,
    Warmup,
    WarmupConstant,
    WarmupCosine,
    WarmupExponential,
    WarmupLinear,
)

CLOCK = Clock(steps_per_epoch=37, total_steps=800)
STEPS = np.arange(1000)
steps, epochs = (lambda n: Duration(n, "step")), (lambda n: Duration(n, "epoch"))
PIECES = {148: 3.0, 333: 0.5, 700: 0.01}
"""optax has factors where we have numbers: 0.1, then 0.3, 0.15, 0.0015."""
PAIRS = {
    "constant": (Constant(number=0.1), optax.constant_schedule(0.1)),
    "linear": (Linear(start=0.1), optax.linear_schedule(0.1, 0.0, 800)),
    "linear part": (Linear(start=0.01, end=0.3, duration=epochs(5)), optax.linear_schedule(0.01, 0.3, 185)),
    "polynomial": (Polynomial(start=0.1, power=2.0), optax.polynomial_schedule(0.1, 0.0, 2.0, 800)),
    "polynomial root": (
        Polynomial(start=0.1, power=0.9, end=0.02, duration=epochs(10)),
        optax.polynomial_schedule(0.1, 0.02, 0.9, 370),
    ),
    "cosine": (Cosine(start=0.1), optax.cosine_decay_schedule(0.1, 800)),
    "cosine end": (Cosine(start=0.1, end=0.02, duration=steps(500)), optax.cosine_decay_schedule(0.1, 500, alpha=0.2)),
    "cosine power": (Cosine(start=0.1, end=0.01, exponent=1.5), optax.cosine_decay_schedule(0.1, 800, alpha=0.1, exponent=1.5)),
    "exponential": (Exponential(start=0.1, rate=0.9, every=epochs(2)), optax.exponential_decay(0.1, 74, 0.9)),
    "exponential end": (
        Exponential(start=0.1, rate=0.5, every=steps(100), end=0.01),
        optax.exponential_decay(0.1, 100, 0.5, end_value=0.01),
    ),
    "exponential up": (
        Exponential(start=0.01, rate=1.5, every=steps(100), end=0.1),
        optax.exponential_decay(0.01, 100, 1.5, end_value=0.1),
    ),
    "staircase": (
        Exponential(start=0.1, rate=0.1, every=epochs(5), staircase=True),
        optax.exponential_decay(0.1, 185, 0.1, staircase=True),
    ),
    "warmup cosine": (WarmupCosine(peak=3e-4, warmup=steps(100)), optax.warmup_cosine_decay_schedule(0.0, 3e-4, 100, 800)),
    "warmup cosine all": (
        WarmupCosine(peak=0.1, warmup=epochs(2), end=0.001, start=0.01, duration=epochs(20), exponent=2.0),
        optax.warmup_cosine_decay_schedule(0.01, 0.1, 74, 740, 0.001, 2.0),
    ),
    "no warmup": (WarmupCosine(peak=0.1, warmup=steps(0)), optax.cosine_decay_schedule(0.1, 800)),
    "warmup linear": (
        WarmupLinear(peak=0.1, warmup=epochs(2), end=0.001, start=0.01, duration=steps(700)),
        optax.join_schedules([optax.linear_schedule(0.01, 0.1, 74), optax.linear_schedule(0.1, 0.001, 626)], [74]),
    ),
    "warmup constant": (WarmupConstant(peak=0.1, warmup=epochs(3), start=0.02), optax.warmup_constant_schedule(0.02, 0.1, 111)),
    "warmup exponential": (
        WarmupExponential(peak=0.1, warmup=epochs(3), rate=0.8, every=epochs(4), end=0.03, start=0.01),
        optax.warmup_exponential_decay_schedule(0.01, 0.1, 111, 148, 0.8, end_value=0.03),
    ),
    "warmup staircase": (
        WarmupExponential(peak=0.1, warmup=steps(100), rate=0.5, every=steps(150), staircase=True),
        optax.warmup_exponential_decay_schedule(0.0, 0.1, 100, 150, 0.5, staircase=True),
    ),
    "step": (Step(start=0.1, at=(epochs(4), epochs(9)), to=(0.2, 0.004)), optax.piecewise_constant_schedule(0.1, {148: 2.0, 333: 0.02})),
    "piecewise": (
        Piecewise(start=0.1, at=(epochs(4), epochs(9), steps(700)), to=(0.3, 0.15, 0.0015)),
        optax.piecewise_interpolate_schedule("linear", 0.1, PIECES),
    ),
    "piecewise cosine": (
        Piecewise(start=0.1, at=(steps(148), steps(333), steps(700)), to=(0.3, 0.15, 0.0015), between="cosine"),
        optax.piecewise_interpolate_schedule("cosine", 0.1, PIECES),
    ),
    "one cycle": (CosineOneCycle(peak=0.1), optax.cosine_onecycle_schedule(800, 0.1)),
    "one cycle all": (
        CosineOneCycle(peak=0.1, duration=epochs(20), warmup=0.22, start_divisor=10.0, end_divisor=50.0),
        optax.cosine_onecycle_schedule(740, 0.1, 0.22, 10.0, 50.0),
    ),
    "linear one cycle": (LinearOneCycle(peak=0.1), optax.linear_onecycle_schedule(800, 0.1)),
    "linear one cycle all": (
        LinearOneCycle(peak=0.1, duration=steps(777), warmup=0.4, back=0.7, start_divisor=5.0, end_divisor=20.0),
        optax.linear_onecycle_schedule(777, 0.1, 0.4, 0.7, 5.0, 20.0),
    ),
}
ENDLESS = ("exponential", "staircase", "warmup staircase")
"""These go on and on."""


def curve(schedule: Schedule, clock=CLOCK, at=STEPS):
    return np.asarray(jnp.broadcast_to(schedule.value(jnp.asarray(at, jnp.int32), clock), np.shape(at)))


def optax_curve(schedule):
    return np.asarray(jax.vmap(schedule)(jnp.asarray(STEPS)))


@pytest.mark.parametrize("name", PAIRS)
def test_follows_optax(name):
    """To 1e-12 in f64; in f32 to 1e-6 of the largest value."""
    ours, theirs = PAIRS[name]
    with jax.enable_x64(True):
        exact = optax_curve(theirs)
        np.testing.assert_allclose(curve(ours), exact, rtol=1e-12, atol=1e-15)
    got = curve(ours)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, exact, rtol=0, atol=1e-6 * exact.max())
    np.testing.assert_allclose(got, optax_curve(theirs), rtol=0, atol=1e-6 * exact.max())


def test_traced_they_are_the_same():
    """One program for all of them, on a step that is known only when it runs."""
    program = jax.jit(lambda step: [ours.value(step, CLOCK) for ours, _ in PAIRS.values()])
    for step in (0, 1, 147, 148, 799, 800, 2**31 - 1):
        values = program(jnp.int32(step))
        assert all(value.shape == () and value.dtype == jnp.float32 for value in values)
        np.testing.assert_allclose(values, [curve(ours, at=np.asarray([step]))[0] for ours, _ in PAIRS.values()], rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in ENDLESS])
def test_stays_after_its_end(name):
    """The old cosine of Flax rose again after its end."""
    ours, _ = PAIRS[name]
    last = curve(ours, at=np.asarray([800, 801, 1600, 10**6, 2**31 - 1]))
    np.testing.assert_allclose(last, np.full(5, last[0]), rtol=0, atol=0 if "exponential" not in name else 0.1)
    assert last[-1] == last[-2]


FALLING = [Linear(start=0.1), Polynomial(start=0.1, power=3.0), Cosine(start=0.1), Exponential(start=0.1, rate=0.9, every=steps(10))]


@pytest.mark.parametrize("ours", FALLING, ids=lambda op: op.op_name())
def test_a_decay_falls_at_every_step(ours):
    with jax.enable_x64(True):
        values = curve(ours, at=np.arange(801))
    assert (np.diff(values) < 0).all() and values[0] == 0.1


WARM = [
    WarmupCosine(peak=0.1, warmup=steps(200)),
    WarmupLinear(peak=0.1, warmup=steps(200)),
    WarmupExponential(peak=0.1, warmup=steps(200), rate=0.5, every=steps(100)),
    CosineOneCycle(peak=0.1, warmup=0.25),
    LinearOneCycle(peak=0.1, warmup=0.25),
    Piecewise(start=0.0, at=(steps(200), steps(800)), to=(0.1, 0.01)),
]


@pytest.mark.parametrize("ours", WARM, ids=lambda op: op.op_name())
def test_a_warm_up_rises_to_the_peak_and_no_further(ours):
    with jax.enable_x64(True):
        values = curve(ours, at=np.arange(801))
    assert values.argmax() == 200 and values[200] == pytest.approx(0.1, rel=1e-12)
    assert (np.diff(values[:201]) > 0).all() and (np.diff(values[200:]) < 0).all()


def test_a_length_of_nothing_is_over_at_once():
    nothing = steps(0)
    assert curve(Linear(start=1.0, end=0.25, duration=nothing)).tolist() == [0.25] * 1000
    assert curve(Polynomial(start=1.0, power=2.0, end=0.25, duration=nothing)).tolist() == [0.25] * 1000
    assert curve(Cosine(start=1.0, end=0.25, duration=nothing)).tolist() == [0.25] * 1000
    assert curve(WarmupConstant(peak=0.5, warmup=nothing))[0] == 0.5
    assert curve(WarmupExponential(peak=0.5, warmup=nothing, rate=0.5, every=steps(1)), at=np.arange(3)).tolist() == [0.5, 0.25, 0.125]
    assert curve(WarmupLinear(peak=0.5, warmup=nothing, duration=steps(2)), at=np.arange(4)).tolist() == [0.5, 0.25, 0, 0]
    assert curve(CosineOneCycle(peak=1.0, duration=nothing), at=np.arange(3)).tolist() == [np.float32(1 / 25e4)] * 3


def test_a_period_is_a_step_at_least():
    short = Exponential(start=1.0, rate=0.5, every=epochs(0.001))
    assert curve(short, at=np.arange(4)).tolist() == [1, 0.5, 0.25, 0.125]


def rsqrt(factor, warmup):
    return factor * np.minimum(1, STEPS / max(warmup, 1) if warmup else 1) / np.sqrt(np.maximum(STEPS, max(warmup, 1)))


@pytest.mark.parametrize("warmup", [0, 1, 100, 2000])
def test_the_inverse_square_root_by_its_formula(warmup):
    with jax.enable_x64(True):
        np.testing.assert_allclose(curve(Rsqrt(factor=0.05, warmup=steps(warmup))), rsqrt(0.05, warmup), rtol=1e-12)
    found = curve(Rsqrt(factor=0.05, warmup=steps(warmup)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rsqrt(0.05, warmup), rtol=1e-6)


def test_the_peak_of_the_inverse_square_root():
    found = curve(Rsqrt(factor=0.05, warmup=epochs(10)), at=np.arange(3000))
    assert found.argmax() == 370 and found.max() == pytest.approx(0.05 / 370**0.5) and found[0] == 0
    assert (np.diff(found[370:]) < 0).all()


def test_the_first_update_after_the_moment_has_the_new_number():
    found = curve(Step(start=1.0, at=(steps(3), epochs(0.5)), to=(0.5, 0.25)), at=np.array([0, 2, 3, 17, 18, 10**6]))
    assert found.tolist() == [1, 1, 0.5, 0.5, 0.25, 0.25]
    stairs = curve(Exponential(start=1.0, rate=0.5, every=steps(3), staircase=True), at=np.arange(7))
    assert stairs.tolist() == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("kind", [Step, Piecewise])
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
def test_steps_that_make_no_sense_are_refused(kind, arguments):
    with pytest.raises(BadArguments):
        kind(start=0.1, **arguments)


def test_value_of_the_docs():
    schedule = WarmupCosine(peak=1.0, warmup=steps(4), end=0.5, duration=steps(8))
    np.testing.assert_allclose(curve(schedule, at=np.arange(10)), [0, 0.25, 0.5, 0.75, 1, 0.9267767, 0.75, 0.5732233, 0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("kind", [WarmupCosine, WarmupLinear])
def test_warmup_longer_than_the_training_stays_on_the_line(kind):
    np.testing.assert_allclose(curve(kind(peak=1.0, warmup=steps(2000)), at=STEPS), STEPS / 2000, rtol=1e-6)


def test_fractions_of_an_epoch_are_rounded_to_steps():
    half = curve(Linear(start=1.0, duration=epochs(0.5)), clock=Clock(10, 100), at=np.asarray([0, 4, 5]))
    np.testing.assert_allclose(half, [1.0, 0.2, 0.0], atol=1e-7)


def test_a_share_of_a_length_is_not_spoilt_by_rounding():
    values = curve(CosineOneCycle(peak=1.0, duration=steps(100), warmup=0.29), at=np.arange(100))
    assert 0.29 * 100 < 29 and values.argmax() == 29


REFUSED = [
    (Cosine, {"start": -1.0}),
    (Cosine, {"start": 0.1, "end": -1.0}),
    (Cosine, {"start": 0.1, "duration": 5}),
    (Cosine, {"start": float("inf")}),
    (Cosine, {"start": 0.1, "exponent": 0.0}),
    (Polynomial, {"start": 0.1, "power": 0.0}),
    (Polynomial, {"start": 0.1}),
    (Exponential, {"start": 0.1, "rate": 0.0, "every": steps(5)}),
    (Exponential, {"start": 0.1, "rate": 0.5, "every": steps(0)}),
    (WarmupExponential, {"peak": 0.1, "warmup": steps(5), "rate": -0.5, "every": steps(5)}),
    (WarmupLinear, {"peak": -0.1, "warmup": steps(5)}),
    (CosineOneCycle, {"peak": 0.1, "warmup": 1.0}),
    (CosineOneCycle, {"peak": 0.1, "start_divisor": 0.0}),
    (LinearOneCycle, {"peak": 0.1, "warmup": 0.5, "back": 0.5}),
    (Piecewise, {"start": 0.1, "at": [steps(3)], "to": [0.1], "between": "cubic"}),
]


@pytest.mark.parametrize(("kind", "arguments"), REFUSED)
def test_bad_arguments_are_refused(kind, arguments):
    with pytest.raises(BadArguments):
        kind(**arguments)


HUGE = [
    Cosine(start=0.1, duration=steps(1e300)),
    WarmupCosine(peak=0.1, warmup=steps(1e10)),
    WarmupLinear(peak=0.1, warmup=steps(5), duration=epochs(1e300)),
    WarmupExponential(peak=0.1, warmup=steps(5), rate=0.5, every=epochs(1e10), staircase=True),
    Step(start=0.1, at=(epochs(1e10),), to=(0.2,)),
    Piecewise(start=0.1, at=(steps(5), epochs(1e10)), to=(0.2, 0.1)),
    CosineOneCycle(peak=0.1, duration=steps(1e10)),
    Rsqrt(factor=0.1, warmup=epochs(1e10)),
    Join(schedules=(Constant(number=0.1), Warmup(schedule=Cosine(start=0.1), duration=steps(1e10))), at=(epochs(1e10),)),
    Restarts(schedule=Cosine(start=0.1), every=steps(1e10), lengthen=3),
    Restarts(schedule=Cosine(start=0.1), every=steps(1), lengthen=10**12),
]


@pytest.mark.parametrize("schedule", HUGE, ids=lambda op: op.op_name())
def test_lengths_beyond_every_training(schedule):
    """Steps are counted in i32, which hold no larger number than 2,147,483,647."""
    values = curve(schedule, at=np.asarray([0, 799, 2**31 - 1]))
    assert np.isfinite(values).all() and (values >= 0).all()
