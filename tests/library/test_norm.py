"""What Flax's normalisation gets wrong or leaves open: large means, padded batches, batches in which nothing counts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.layers.norm import BatchNorm, GroupNorm, LayerNorm
from tests.library.scope import TestScope


def scope(features: int, **kwargs: object) -> TestScope:
    params = {"scale": np.ones(features, "float32"), "bias": np.zeros(features, "float32")}
    return TestScope(params, {"mean": np.zeros(features, "float32"), "var": np.ones(features, "float32")}, **kwargs)  # type: ignore[arg-type]


def far(*shape: int) -> np.ndarray:
    """Mean 300, standard deviation 0.01: E[x²] - E[x]² in f32 gives no digit of the variance."""
    return (300 + 0.01 * np.random.default_rng(0).standard_normal(shape)).astype("float32")


def test_batch_variance_beside_a_large_mean() -> None:
    x, run = far(512, 4, 3), scope(3, training=True)
    BatchNorm(momentum=0.0).apply(run, x)
    np.testing.assert_allclose(run.updates["var"], np.float64(x).var((0, 1)), 1e-4)
    np.testing.assert_allclose(run.updates["mean"], np.float64(x).mean((0, 1)), 1e-6)


@pytest.mark.parametrize("op", [BatchNorm(epsilon=1e-12), LayerNorm(epsilon=1e-12), GroupNorm(groups=1, epsilon=1e-12)])
def test_output_beside_a_large_mean(op: BatchNorm) -> None:
    x = far(64, 64)
    axes = (0,) if isinstance(op, BatchNorm) else (1,)
    wide = np.float64(x)
    wanted = (wide - wide.mean(axes, keepdims=True)) / wide.std(axes, keepdims=True)
    np.testing.assert_allclose(op.apply(scope(64, training=True), x), wanted, 1e-3, 1e-3)


@pytest.mark.parametrize("value", [0.0, 300.01, 1e10, -7.3])
def test_equal_values_give_zeros_and_no_nan(value: float) -> None:
    x = np.full((8, 3), value, "float32")
    run = scope(3, training=True)
    np.testing.assert_allclose(BatchNorm().apply(run, x), 0, atol=1e-3)
    assert (np.asarray(run.updates["var"]) >= 0).all()
    slope = jax.grad(lambda x: jnp.sum(BatchNorm().apply(scope(3, training=True), x) ** 2))(x)
    assert np.isfinite(slope).all()


def test_padding_does_not_count() -> None:
    x = np.random.default_rng(1).standard_normal((6, 5, 3)).astype("float32")
    padded = np.concatenate([x, np.full((2, 5, 3), 99, "float32")])
    alone, beside = scope(3, training=True), scope(3, training=True, weight=np.float32([1, 0.5, 2, 1, 1, 1, 0, 0]))
    wanted, found = BatchNorm().apply(alone, x), BatchNorm().apply(beside, padded)
    np.testing.assert_allclose(found[:6], wanted, 1e-5, 1e-6)
    for name in ("mean", "var"):
        np.testing.assert_allclose(beside.updates[name], alone.updates[name], 1e-6, 1e-7)


def test_padding_gets_no_gradient_through_the_statistics() -> None:
    x = np.random.default_rng(2).standard_normal((4, 3)).astype("float32")
    weight = np.float32([1, 1, 1, 0])
    slope = jax.grad(lambda x: jnp.sum(BatchNorm().apply(scope(3, training=True, weight=weight), x)[:3] ** 3))(x)
    np.testing.assert_array_equal(slope[3], 0)


def test_a_batch_in_which_nothing_counts_leaves_the_statistics_alone() -> None:
    run = scope(3, training=True, weight=np.zeros(4, "float32"))
    assert np.isfinite(BatchNorm().apply(run, far(4, 3))).all()
    np.testing.assert_array_equal(run.updates["mean"], 0)
    np.testing.assert_array_equal(run.updates["var"], 1)


def test_eval_changes_nothing() -> None:
    run = scope(3)
    BatchNorm().apply(run, far(4, 3))
    assert not run.updates


def test_statistics_of_f64_stay_f64() -> None:
    with jax.enable_x64(True):
        x = 1e6 + np.random.default_rng(3).standard_normal((32, 2)) * 1e-6
        y = BatchNorm(epsilon=0.0).apply(scope(2, training=True), x)
        assert y.dtype == np.float64
        small = x - 1e6  # exact, and so are its statistics, to rounding
        np.testing.assert_allclose(y, (small - small.mean(0)) / small.std(0), 1e-6)
