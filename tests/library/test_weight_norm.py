"""Kernels that are normalised before use: what Flax makes of the same weights, and what stays true in training."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.library.initializers.distributions import Orthogonal
from netspec.library.layers.attention import Attention
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.embed import Embed
from netspec.library.layers.layer_norm import LayerNorm
from netspec.library.layers.recurrent import Gru
from netspec.library.layers.weight_norm import SpectralNorm, WeightNorm
from netspec.shape import Facts, TensorType
from tests.library.scope import TestScope, applied

SEEDS = (0, 1, 2)
PAIRS = [
    (Dense(features=4), nn.Dense(4), (3, 5)),
    (Conv(features=3, kernel=2, bias=False), nn.Conv(3, (2, 2), use_bias=False), (2, 4, 4, 2)),
]


def values(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def weights(op: Any, x: Any, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers."""
    kind = TensorType("f32", x.shape)
    found = (op.params(kind), op.buffers(kind))
    made = [{name: values(seed + k, *map(int, w.shape)) for k, (name, w) in enumerate(part.items(), 3)} for part in found]
    return made[0], made[1]


def close(found: Any, wanted: Any) -> None:
    for mine, theirs in zip(*map(jax.tree.leaves, (found, wanted)), strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-5, 1e-5 * (1 + np.abs(theirs).max()))


def slopes(function: Any, params: dict, x: Any) -> Any:
    """Outputs, and gradients by the parameters and x."""
    pull = values(9, *jax.eval_shape(function, params, x).shape)
    return jax.jit(lambda p, x: (function(p, x), jax.grad(lambda p, x: jnp.vdot(function(p, x), pull), (0, 1))(p, x)))(params, x)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize(("layer", "module", "shape"), PAIRS, ids=["dense", "conv"])
def test_weight_norm_is_flax_s(layer: Any, module: Any, shape: tuple[int, ...], scale: bool, seed: int) -> None:
    axis, epsilon = ((-1, 0, (-2, -1))[seed], (1e-12, 1e-2, 1e-4)[seed])
    op, x = WeightNorm(layer=layer, scale=scale, axis=axis, epsilon=epsilon), values(seed, *shape)
    params, _ = weights(op, x, seed)
    wrapped = nn.WeightNorm(module, epsilon=epsilon, use_scale=scale, feature_axes=axis)
    names = jax.eval_shape(wrapped.init, jax.random.key(0), x)["params"]

    def flax(p: Any, x: Any) -> Any:
        inner = {name: value for name, value in p.items() if name != "kernel_scale"}
        outer = {name: p["kernel_scale"] for name in names.get("WeightNorm_0", names) if name.endswith("kernel/scale")}
        return wrapped.apply({"params": {k: outer.get(k, inner) for k in names}}, x)

    close(slopes(lambda p, x: applied(op, TestScope(p), x), params, x), slopes(flax, params, x))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("layer", "module", "shape"), PAIRS, ids=["dense", "conv"])
def test_spectral_norm_is_flax_s(layer: Any, module: Any, shape: tuple[int, ...], seed: int) -> None:
    steps = seed + 1
    op, x = SpectralNorm(layer=layer, steps=steps), values(seed, *shape)
    params, buffers = weights(op, x, seed)
    wrapped = nn.SpectralNorm(module, n_steps=steps)
    drawn = wrapped.init(jax.random.key(0), x, update_stats=False)
    stats = {name: (buffers["kernel_u"][None] if name.endswith("/u") else np.float32(1)) for name in drawn["batch_stats"]}
    inner = next(iter(drawn["params"]))

    def flax(p: Any, x: Any, training: bool) -> Any:
        return wrapped.apply({"params": {inner: p}, "batch_stats": stats}, x, update_stats=training, mutable=["batch_stats"])

    for training in (False, True):
        run = lambda p, x, t=training: applied(op, TestScope(p, buffers, t), x)  # noqa: E731
        close(slopes(run, params, x), slopes(lambda p, x, t=training: flax(p, x, t)[0], params, x))
    scope = TestScope(params, buffers, training=True)
    applied(op, scope, x)
    kept = next(v for k, v in flax(params, x, True)[1]["batch_stats"].items() if k.endswith("/u"))
    close(scope.updates["kernel_u"], kept[0])


def test_training_finds_the_largest_singular_value() -> None:
    op, x = SpectralNorm(layer=Dense(features=6, bias=False)), np.eye(8, dtype="float32")
    params, buffers = weights(op, x, 0)
    for _ in range(200):
        scope = TestScope(params, buffers, training=True)
        applied(op, scope, x)
        buffers = scope.updates
    kernel = applied(op, TestScope(params, buffers), x)
    assert np.linalg.svd(np.asarray(kernel), compute_uv=False)[0] == pytest.approx(1, abs=1e-4)
    assert np.linalg.norm(buffers["kernel_u"]) == pytest.approx(1, abs=1e-5)


def test_columns_have_the_length_of_the_scale_whatever_the_kernel() -> None:
    op, x = WeightNorm(layer=Dense(features=3, bias=False)), np.eye(64, dtype="float32")
    kernel = (300 + 0.01 * values(1, 64, 3)).astype("float32")
    found = np.float64(applied(op, TestScope({"kernel": kernel, "kernel_scale": np.float32([1, 2, 0.5])}), x))
    exact = np.float64(kernel) / np.linalg.norm(np.float64(kernel), axis=0) * [1, 2, 0.5]
    np.testing.assert_allclose(found, exact, 3e-7)


def test_a_large_kernel_of_little_spread_is_divided_by_its_singular_value() -> None:
    op, x = SpectralNorm(layer=Dense(features=3, bias=False), steps=2), np.eye(64, dtype="float32")
    kernel = (300 + 0.01 * values(1, 64, 3)).astype("float32")
    found = np.float64(applied(op, TestScope({"kernel": kernel}, {"kernel_u": np.float32([1, 0, 0])}), x))
    np.testing.assert_allclose(found, np.float64(kernel) / np.linalg.norm(np.float64(kernel), 2), 3e-6)


def test_a_kernel_of_zeros_is_no_nan() -> None:
    for op in (WeightNorm(layer=Dense(features=3)), SpectralNorm(layer=Dense(features=3))):
        params, buffers = weights(op, np.ones((2, 4)), 0)
        params["kernel"] = np.zeros((4, 3), "float32")
        found = slopes(lambda p, x, op=op, b=buffers: applied(op, TestScope(p, b), x), params, values(1, 2, 4))
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


def test_parameters_and_buffers_stand_beside_the_layer_s() -> None:
    x = TensorType("f32", (2, 4))
    assert {name: w.shape for name, w in WeightNorm(layer=Dense(features=3)).params(x).items()} == {
        "kernel": (4, 3),
        "bias": (3,),
        "kernel_scale": (3,),
    }
    assert {name: w.shape for name, w in SpectralNorm(layer=Dense(features=3)).buffers(x).items()} == {"kernel_u": (3,)}


REFUSED = [
    (WeightNorm(layer=LayerNorm()), "f32", (2, 4), "nothing-to-normalize", "layer"),
    (SpectralNorm(layer=Gru(features=3)), "f32", (2, 4, 3), "nothing-to-normalize", "layer"),
    (WeightNorm(layer=WeightNorm(layer=Dense(features=3))), "f32", (2, 4), "nothing-to-normalize", "layer"),
    (WeightNorm(layer=Attention()), "f32", (2, 4, 2, 2), "nothing-to-normalize", "layer"),
    (WeightNorm(layer=Embed(vocab=4, features=3)), "i32", (2, 4), "nothing-to-normalize", "layer"),
    (WeightNorm(layer="x"), "f32", (2, 4), "nothing-to-normalize", "layer"),
    (WeightNorm(layer=Conv(features=3, kernel=2)), "f32", (2, 4), "wrong-rank", None),
    (SpectralNorm(layer=Dense(features=3)), "i32", (2, 4), "wrong-dtype", None),
    (WeightNorm(layer=Dense(features=3), axis=2), "f32", (2, 4), "axis-out-of-range", "axis"),
]


@pytest.mark.parametrize(("op", "dtype", "shape", "slug", "blame"), REFUSED, ids=[f"{r[3]}-{k}" for k, r in enumerate(REFUSED)])
def test_what_is_refused(op: Any, dtype: str, shape: tuple[int, ...], slug: str, blame: str | None) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), TensorType(dtype, shape))
    assert (caught.value.diagnostic.slug(), caught.value.diagnostic.blame) == (slug, blame)


def test_the_scale_is_a_vector() -> None:
    with pytest.raises(Mistake) as caught:
        WeightNorm(layer=Dense(features=3), scale_init=Orthogonal()).params(TensorType("f32", (2, 4)))
    assert caught.value.diagnostic.blame == "scale_init"
