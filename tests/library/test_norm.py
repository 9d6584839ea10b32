"""What Flax's normalisation gets wrong or leaves open: large means, padded batches, batches in which nothing counts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.norms import UnevenGroupSize
from netspec.library.base import BadArguments
from netspec.library.layers.layer_norm import InstanceNorm, LayerNorm
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.layers.rms_norm import RmsNorm
from netspec.shape import Facts, TensorType
from tests.library.scope import TestScope, applied


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


FAR = [
    (BatchNorm(epsilon=1e-12), (64, 64), (0,)),
    (BatchNorm(epsilon=1e-12, axis=(1, -1)), (512, 3, 2), (0,)),
    (LayerNorm(epsilon=1e-12), (64, 64), (1,)),
    (LayerNorm(epsilon=1e-12, axis=(1, 2)), (4, 16, 32), (1, 2)),
    (GroupNorm(groups=1, epsilon=1e-12), (64, 64), (1,)),
    (InstanceNorm(epsilon=1e-12), (4, 256, 3), (1,)),
]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("op", "shape", "axes"), FAR, ids=lambda value: getattr(value, "op_name", lambda: "")())
def test_output_beside_a_large_mean(op: BatchNorm, shape: tuple[int, ...], axes: tuple[int, ...], masked: bool) -> None:
    x = far(*shape)
    mask = np.random.default_rng(1).random(shape) < (0.7 if masked else 2)
    wide, place = np.float64(x), {"axis": axes, "keepdims": True, "where": mask}
    wanted = (wide - wide.mean(**place)) / wide.std(**place)
    run = scope(1, training=True)
    for name, weight in (op.params(TensorType("f32", shape)) | op.buffers(TensorType("f32", shape))).items():
        value = np.full([int(n) for n in weight.shape], name in ("scale", "var"), "float32")
        (run.params if name in ("scale", "bias") else run.buffers)[name] = value
    found = op.apply(run, x, **({"mask": mask} if masked else {}))
    np.testing.assert_allclose(found, wanted, 1e-3, 1e-3)


def test_root_mean_square_beside_a_large_mean() -> None:
    x = far(64, 64)
    wanted = np.float64(x) / np.sqrt((np.float64(x) ** 2).mean(1, keepdims=True))
    np.testing.assert_allclose(applied(RmsNorm(), scope(64), x), wanted, 1e-6)


@pytest.mark.parametrize("value", [0.0, 300.01, 1e10, -7.3])
def test_equal_values_give_zeros_and_no_nan(value: float) -> None:
    x = np.full((8, 3), value, "float32")
    run = scope(3, training=True)
    np.testing.assert_allclose(BatchNorm().apply(run, x), 0, atol=1e-3)
    assert (np.asarray(run.updates["var"]) >= 0).all()
    slope = jax.grad(lambda x: jnp.sum(applied(BatchNorm(), scope(3, training=True), x) ** 2))(x)
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
    slope = jax.grad(lambda x: jnp.sum(applied(BatchNorm(), scope(3, training=True, weight=weight), x)[:3] ** 3))(x)
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
        y = applied(BatchNorm(epsilon=0.0), scope(2, training=True), x)
        assert y.dtype == np.float64
        small = x - 1e6  # exact, and so are its statistics, to rounding
        np.testing.assert_allclose(y, (small - small.mean(0)) / small.std(0), 1e-6)


def test_mask_and_padding_go_together() -> None:
    x = np.random.default_rng(4).standard_normal((5, 4, 3)).astype("float32")
    mask, weight = np.random.default_rng(5).random((5, 4)) < 0.7, np.float32([1, 0, 1, 1, 0])
    run = scope(3, training=True, weight=weight)
    BatchNorm(momentum=0.0).apply(run, x, mask=mask)
    kept = np.float64(x)[mask & (weight != 0)[:, None]]
    np.testing.assert_allclose(run.updates["mean"], kept.mean(0), 1e-5, 1e-6)
    np.testing.assert_allclose(run.updates["var"], kept.var(0), 1e-5, 1e-6)


def test_a_feature_of_which_nothing_counts_keeps_its_statistics() -> None:
    run = scope(3, training=True)
    mask = np.ones((4, 5, 3), bool) & (np.arange(3) != 1)
    found = BatchNorm(momentum=0.0).apply(run, far(4, 5, 3), mask=mask)
    assert np.isfinite(found).all() and run.updates["mean"][1] == 0 and run.updates["var"][1] == 1
    np.testing.assert_allclose(np.asarray(run.updates["mean"])[[0, 2]], 300, 1e-3)


def test_the_mask_says_nothing_in_eval() -> None:
    x = far(4, 3)
    np.testing.assert_array_equal(applied(BatchNorm(), scope(3), x, mask=np.zeros(4, bool)), applied(BatchNorm(), scope(3), x))


@pytest.mark.parametrize("op", [LayerNorm(axis=(1, 2)), GroupNorm(groups=1), InstanceNorm()])
def test_where_nothing_counts_the_result_is_the_bias(op: LayerNorm) -> None:
    mask = np.float32([[1, 1, 1, 1], [0, 0, 0, 0]]) != 0
    plain = op.replaced(scale=False, bias=False)
    found = applied(plain, scope(3), far(2, 4, 3), mask=mask)
    np.testing.assert_array_equal(found[1], 0)
    assert np.ptp(found[0]) > 1
    slope = jax.grad(lambda x: jnp.sum(applied(plain, scope(3), x, mask=mask) ** 2))(far(2, 4, 3))
    assert np.isfinite(slope).all()


def test_groups_by_number_and_by_size() -> None:
    x = np.random.default_rng(6).standard_normal((3, 4, 6)).astype("float32")
    np.testing.assert_array_equal(applied(GroupNorm(group_size=2), scope(6), x), applied(GroupNorm(groups=3), scope(6), x))
    with pytest.raises(BadArguments, match="not both"):
        GroupNorm(groups=2, group_size=3)
    with pytest.raises(Mistake) as caught:
        GroupNorm(group_size=4).shape(Facts(), TensorType("f32", (3, 4, 6)))
    assert isinstance(caught.value.diagnostic, UnevenGroupSize) and caught.value.diagnostic.blame == "group_size"
    assert "3" in (caught.value.diagnostic.help() or "") or "6" in (caught.value.diagnostic.help() or "")


@pytest.mark.parametrize(
    ("op", "mask", "blame"),
    [(BatchNorm(axis=3), None, "axis"), (LayerNorm(axis=(1, -1)), None, "axis"), (InstanceNorm(), "bool[2, 3]", "mask")],
)
def test_what_does_not_fit_is_a_problem(op: BatchNorm, mask: str | None, blame: str) -> None:
    shape = (2, 4) if isinstance(op, LayerNorm) else (2, 4, 3)
    named = {} if mask is None else {"mask": TensorType("bool", (2, 3))}
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), TensorType("f32", shape), **named)
    assert caught.value.diagnostic.blame == blame
