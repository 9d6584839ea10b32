"""Flax and jax.nn beside pools, activations, dropout and resizing: the same values, and the same gradients, over pairs of arguments."""

from __future__ import annotations

import itertools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.functions.activation import Identity, Standardize
from netspec.library.functions.gated_activation import Glu
from netspec.library.functions.pool import AvgPool, MaxPool, MinPool
from netspec.library.functions.rectifiers import SparsePlus, SparseSigmoid, Squareplus
from netspec.library.functions.resize import Resize, Upsample
from netspec.library.layers.dropout import Dropout, DropPath, GaussianNoise, SpatialDropout
from netspec.library.layers.patches import PatchEmbed
from netspec.library.layers.prelu import Prelu
from tests.library.scope import TestScope, applied

SEEDS = (0, 1, 2)


def values(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def same(ours: Any, theirs: Any, *shapes: Any) -> None:
    """Values, and gradients with respect to every input, agree to 1e-5, for inputs of three seeds; compiled as one program."""

    def results(pull: Any, *inputs: Any) -> list[Any]:
        made = [jax.vjp(function, *inputs) for function in (ours, theirs)]
        return [(y, back(pull)) for y, back in made]

    compiled = jax.jit(results)
    for seed in SEEDS:
        inputs = [values(*shape, seed=seed + 10 * k) for k, shape in enumerate(shapes)]
        (found, mine), (wanted, other) = compiled(values(*jax.eval_shape(theirs, *inputs).shape, seed=seed + 9), *inputs)
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, 1e-5, 1e-5 * np.abs(wanted).max())
        for slope, right in zip(mine, other, strict=True):
            np.testing.assert_allclose(slope, right, 1e-5, 1e-5 * (1 + np.abs(right).max()))


def run(op: Any, x: Any, **params: Any) -> Any:
    return applied(op, TestScope(params), x)


POOLS = [
    ((2, 7, 6, 3), (2, 2), (2, 2), "VALID"),
    ((2, 7, 6, 3), (3, 2), (1, 2), "SAME"),
    ((2, 7, 6, 3), (2, 3), (3, 1), ((1, 0), (0, 2))),
    ((3, 9, 2), (3,), (2,), "SAME"),
    ((3, 9, 2), (2,), (1,), ((1, 1),)),
    ((1, 4, 3, 5, 2), (2, 2, 3), (2, 1, 1), "SAME"),
    ((1, 4, 3, 5, 2), (2, 1, 2), (1, 1, 2), "VALID"),
]
each_pool = pytest.mark.parametrize(("shape", "window", "stride", "padding"), POOLS)


@each_pool
@pytest.mark.parametrize(("op", "function"), [(MaxPool, nn.max_pool), (MinPool, nn.pooling.min_pool)])
def test_pools_that_pick(op: Any, function: Any, shape: Any, window: Any, stride: Any, padding: Any) -> None:
    made = op(window=window, stride=stride, padding=padding)
    same(lambda x: run(made, x), lambda x: function(x, window, stride, padding), shape)


@each_pool
@pytest.mark.parametrize("count", [True, False])
def test_avg_pool(count: bool, shape: Any, window: Any, stride: Any, padding: Any) -> None:
    op = AvgPool(window=window, stride=stride, padding=padding, count_padding=count)
    same(lambda x: run(op, x), lambda x: nn.avg_pool(x, window, stride, padding, count), shape)


ACTIVATIONS = [
    (Squareplus(), jax.nn.squareplus),
    (Squareplus(b=0.5), lambda x: jax.nn.squareplus(x, 0.5)),
    (SparsePlus(), jax.nn.sparse_plus),
    (SparseSigmoid(), jax.nn.sparse_sigmoid),
    (Identity(), jax.nn.identity),
    (Glu(), nn.glu),
    (Glu(axis=0), lambda x: nn.glu(x, 0)),
    (Standardize(), nn.activation.standardize),
    (Standardize(axis=0, epsilon=0.1), lambda x: nn.activation.standardize(x, 0, epsilon=0.1)),
]


@pytest.mark.parametrize(("op", "function"), ACTIVATIONS, ids=lambda value: value.op_name() if hasattr(value, "op_name") else "")
def test_activations(op: Any, function: Any) -> None:
    same(lambda x: run(op, x), function, (4, 6))


def test_standardize_is_right_where_the_mean_is_large() -> None:
    x = np.float32(300 + 0.01 * np.random.default_rng(0).standard_normal((3, 4000)))
    exact = (np.float64(x) - np.float64(x).mean(-1, keepdims=True)) / np.sqrt(np.float64(x).var(-1, keepdims=True) + 1e-12)
    np.testing.assert_allclose(run(Standardize(epsilon=1e-12), x), exact, 1e-3, 1e-3)


def test_prelu() -> None:
    module = nn.PReLU()
    same(
        lambda slope, x: run(Prelu(), x, slope=slope),
        lambda slope, x: module.apply({"params": {"negative_slope": slope}}, x),
        (),
        (3, 4, 5),
    )
    np.testing.assert_allclose(Prelu().slope_init.sample(None, (), (1, 1)), 0.01)


@pytest.mark.parametrize(("patch", "bias"), list(itertools.product([2, (2, 3)], [True, False])))
def test_patch_embed_is_a_convolution(patch: Any, bias: bool) -> None:
    size = patch if isinstance(patch, tuple) else (patch, patch)
    module = nn.Conv(5, size, size, "VALID", use_bias=bias)

    def theirs(x: Any, kernel: Any, offset: Any) -> Any:
        y = module.apply({"params": {"kernel": kernel} | ({"bias": offset} if bias else {})}, x)
        return y.reshape(2, -1, 5)

    op = PatchEmbed(features=5, patch=patch, bias=bias)
    same(lambda x, kernel, offset: run(op, x, kernel=kernel, bias=offset), theirs, (2, 4, 6, 3), (*size, 3, 5), (5,))


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(7, 3), (2, 8), (5, 9)])
def test_resize(method: Any, antialias: bool, size: tuple[int, int]) -> None:
    op = Resize(size=size, method=method, antialias=antialias)
    same(lambda x: run(op, x), lambda x: jax.image.resize(x, (2, *size, 3), method, antialias), (2, 5, 4, 3))


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
def test_upsample(method: Any) -> None:
    op, theirs = Upsample(scale=3, method=method), {"bilinear": "linear", "bicubic": "cubic"}.get(method, method)
    same(lambda x: run(op, x), lambda x: jax.image.resize(x, (2, 15, 3), theirs), (2, 5, 3))


# --- training --------------------------------------------------------------------------------------------------------
MASKS = [
    (Dropout(rate=0.4), (64, 5, 4), (64, 5, 4)),
    (Dropout(rate=0.4, broadcast_axes=1), (64, 5, 4), (64, 1, 4)),
    (Dropout(rate=0.4, broadcast_axes=(-1, -2)), (64, 5, 4), (64, 1, 1)),
    (SpatialDropout(rate=0.4), (64, 5, 3, 4), (64, 1, 1, 4)),
    (DropPath(rate=0.4), (256, 3, 4), (256, 1, 1)),
]


@pytest.mark.parametrize(("op", "shape", "mask"), MASKS)
def test_what_shares_a_mask_is_dropped_together(op: Any, shape: tuple[int, ...], mask: tuple[int, ...]) -> None:
    x = 1 + np.abs(values(*shape))
    y = np.asarray(applied(op, TestScope(training=True), x))
    kept = y != 0
    np.testing.assert_allclose(y[kept], (x / 0.6)[kept], 1e-6)
    part = kept[tuple(slice(0, n) for n in mask)]
    np.testing.assert_array_equal(kept, np.broadcast_to(part, shape))
    assert abs(part.mean() - 0.6) < 4 * np.sqrt(0.24 / part.size)
    np.testing.assert_array_equal(applied(op, TestScope(), x), x)


def test_flax_drops_as_much() -> None:
    module, x = nn.Dropout(0.4, broadcast_dims=(1,), deterministic=False), np.ones((64, 5, 4), "float32")
    y = np.asarray(module.apply({}, x, rngs={"dropout": jax.random.key(0)}))
    ours = np.asarray(applied(Dropout(rate=0.4, broadcast_axes=1), TestScope(training=True), x))
    assert set(np.unique(y)) == set(np.unique(ours)) == {0.0, np.float32(1 / 0.6)}
    assert (ours == ours[:, :1]).all() and (y == y[:, :1]).all()


@pytest.mark.parametrize("cls", [Dropout, SpatialDropout, DropPath])
def test_a_rate_of_one_has_a_gradient_of_zero(cls: Any) -> None:
    def total(x: Any) -> Any:
        return applied(cls(rate=1), TestScope(training=True), x).sum()

    slope = jax.grad(total)(jnp.ones((3, 2, 4)))
    np.testing.assert_array_equal(slope, np.zeros((3, 2, 4)))


def test_noise_has_its_deviation() -> None:
    x = values(50, 40)
    noise = np.asarray(applied(GaussianNoise(stddev=0.5), TestScope(training=True), x)) - x
    assert abs(noise.std() - 0.5) < 0.03 and abs(noise.mean()) < 0.05
    np.testing.assert_array_equal(applied(GaussianNoise(stddev=0.5), TestScope(), x), x)
