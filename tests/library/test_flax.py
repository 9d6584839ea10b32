"""Flax linen beside the shelf: the same weights give the same output and the same gradients, over pairs of arguments."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.functions.activation import Elu, Gelu, LeakyRelu, LogSoftmax, Relu, Sigmoid, Silu, Softmax, Tanh
from netspec.library.functions.pool import AvgPool, MaxPool
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.layer_norm import LayerNorm
from netspec.library.layers.norm import GROUPS, BatchNorm, GroupNorm
from tests.library.scope import TestScope, applied


def values(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def ours(op: Any, x: Any, params: dict, buffers: dict | None = None, training: bool = False) -> Any:
    return applied(op, TestScope(params, buffers or {}, training), x)


def compare(op: Any, module: Any, *shape: int) -> None:
    """Outputs and gradients with respect to parameters and input agree to 1e-5."""
    x = values(*shape)
    drawn = jax.eval_shape(module.init, jax.random.key(0), x).get("params", {})
    params = {name: values(*leaf.shape, seed=k) for k, (name, leaf) in enumerate(drawn.items(), 1)}
    pair = (jax.jit(lambda p, x: ours(op, x, p)), jax.jit(lambda p, x: module.apply({"params": p}, x)))
    same(pair, params, x)


def same(pair: Any, params: dict, x: Any) -> None:
    found, wanted = (f(params, x) for f in pair)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-5 * np.abs(wanted).max())
    pull = values(*wanted.shape, seed=9)
    slopes = [jax.jit(jax.grad(lambda p, x, f=f: jnp.vdot(f(p, x), pull), (0, 1)))(params, x) for f in pair]
    largest = max(float(np.abs(slope).max()) for slope in jax.tree.leaves(slopes[1]))  # the key's bias has none but what rounding leaves
    for mine, theirs in zip(*map(jax.tree.leaves, slopes), strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-5, 1e-5 * (1 + largest))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 5), (7,)])
def test_dense(bias: bool, shape: tuple[int, ...]) -> None:
    compare(Dense(features=5, bias=bias), nn.Dense(5, use_bias=bias), *shape)


CONVS = [
    ((2, 7, 6, 3), 3, 1, "SAME", True),
    ((2, 7, 6, 3), 3, 2, "VALID", False),
    ((2, 7, 6, 3), (3, 2), (1, 2), "SAME", False),
    ((2, 7, 6, 3), (2, 4), 3, 2, True),
    ((2, 7, 6, 3), 1, (2, 1), "SAME", True),
    ((2, 7, 6, 3), 4, 2, ((0, 2), (3, 1)), True),
    ((2, 7, 6, 3), (1, 5), (2, 2), (1, 2), False),
    ((2, 9, 2), 3, 2, "SAME", True),
    ((2, 9, 2), (4,), (1,), "VALID", False),
    ((2, 9, 2), 2, 3, ((1, 0),), True),
    ((1, 4, 3, 5, 2), 3, 2, "SAME", False),
    ((1, 4, 3, 5, 2), (2, 3, 1), 1, "VALID", True),
]


def each(value: Any, space: int) -> tuple:
    return tuple(value) if isinstance(value, tuple) else (value,) * space


@pytest.mark.parametrize(("shape", "kernel", "stride", "padding", "bias"), CONVS)
def test_conv(shape: tuple[int, ...], kernel: Any, stride: Any, padding: Any, bias: bool) -> None:
    op = Conv(features=4, kernel=kernel, stride=stride, padding=padding, bias=bias)
    space = len(shape) - 2
    compare(op, nn.Conv(4, each(kernel, space), each(stride, space), padding, use_bias=bias), *shape)


@pytest.mark.parametrize(
    ("shape", "features", "kernel", "stride", "padding", "groups"),
    [
        ((2, 7, 6, 4), 4, 3, 1, "SAME", 4),
        ((2, 7, 6, 4), 8, (3, 2), 2, "SAME", 4),
        ((2, 7, 6, 4), 6, 3, (1, 2), "VALID", 2),
        ((2, 9, 6), 3, 4, 3, 2, 3),
        ((1, 4, 3, 5, 2), 4, 2, 1, "SAME", 2),
    ],
)
def test_grouped_conv(shape: tuple[int, ...], features: int, kernel: Any, stride: Any, padding: Any, groups: int) -> None:
    op = Conv(features=features, kernel=kernel, stride=stride, padding=padding, groups=groups)
    space = len(shape) - 2
    module = nn.Conv(features, each(kernel, space), each(stride, space), padding, feature_group_count=groups)
    compare(op, module, *shape)


POOLS = [
    ((2, 6, 4, 3), 2, None, "VALID"),
    ((2, 7, 5, 3), 2, None, "VALID"),
    ((2, 7, 5, 3), (3, 2), 2, "SAME"),
    ((2, 7, 5, 3), 3, (2, 1), ((1, 0), (1, 2))),
    ((2, 9, 2), 3, 1, "SAME"),
    ((1, 4, 4, 2, 2), 2, None, "VALID"),
    ((1, 4, 4, 3, 2), 2, 1, "SAME"),
    ((1, 12, 12, 2), 4, None, "VALID"),
]


@pytest.mark.parametrize(("shape", "window", "stride", "padding"), POOLS)
@pytest.mark.parametrize(("op", "pool"), [(MaxPool, nn.max_pool), (AvgPool, nn.avg_pool)])
def test_pool(op: Any, pool: Any, shape: tuple[int, ...], window: Any, stride: Any, padding: Any) -> None:
    space = len(shape) - 2
    layer, strides = op(window=window, stride=stride, padding=padding), each(window if stride is None else stride, space)
    pair = (jax.jit(lambda p, x: ours(layer, x, p)), jax.jit(lambda p, x: pool(x, each(window, space), strides, padding)))
    same(pair, {}, values(*shape))


@pytest.mark.parametrize("window", [2, (3, 1)])
def test_max_pool_of_equal_elements_has_flax_gradient(window: Any) -> None:
    x = np.round(values(2, 6, 4, 3))
    sizes = each(window, 2)
    same((lambda p, x: ours(MaxPool(window=window), x, p), lambda p, x: nn.max_pool(x, sizes, sizes)), {}, x)


NORMS = [(True, True, 1e-5), (True, False, 1e-3), (False, True, 1e-3), (False, False, 1e-6)]


@pytest.mark.parametrize(("scale", "bias", "epsilon"), NORMS)
def test_layer_and_group_norm(scale: bool, bias: bool, epsilon: float) -> None:
    flags = {"use_scale": scale, "use_bias": bias, "epsilon": epsilon}
    compare(LayerNorm(epsilon=epsilon, scale=scale, bias=bias), nn.LayerNorm(**flags), 3, 4, 6)
    compare(GroupNorm(groups=2, epsilon=epsilon, scale=scale, bias=bias), nn.GroupNorm(2, **flags), 3, 4, 6)


@pytest.mark.parametrize(("scale", "bias", "epsilon"), NORMS)
@pytest.mark.parametrize(("shape", "momentum"), [((6, 3), 0.99), ((4, 3, 2, 5), 0.9)])
def test_batch_norm(scale: bool, bias: bool, epsilon: float, shape: tuple[int, ...], momentum: float) -> None:
    op = BatchNorm(momentum=momentum, epsilon=epsilon, scale=scale, bias=bias)
    module = nn.BatchNorm(momentum=momentum, epsilon=epsilon, use_scale=scale, use_bias=bias)
    x, size = values(*shape), shape[-1]
    buffers = {"mean": values(size), "var": np.abs(values(size, seed=1)) + 0.5}
    params = {name: values(size, seed=k) for k, (name, used) in enumerate((("scale", scale), ("bias", bias)), 2) if used}
    for training in (False, True):

        def flax(p: Any, x: Any, training: bool = training) -> Any:
            return module.apply({"params": p, "batch_stats": buffers}, x, not training, mutable=["batch_stats"])

        same((lambda p, x, t=training: ours(op, x, p, buffers, t), lambda p, x, f=flax: f(p, x)[0]), params, x)
    scope = TestScope(params, buffers, training=True)
    applied(op, scope, x)
    stats = flax(params, x)[1]["batch_stats"]
    for name in ("mean", "var"):
        np.testing.assert_allclose(scope.updates[name], stats[name], 1e-5, 1e-6)


ACTIVATIONS = [
    (Relu(), nn.relu),
    (Tanh(), nn.tanh),
    (Sigmoid(), nn.sigmoid),
    (Silu(), nn.silu),
    (Gelu(), nn.gelu),
    (Gelu(approximate=False), lambda x: nn.gelu(x, approximate=False)),
    (Elu(alpha=0.7), lambda x: nn.elu(x, 0.7)),
    (LeakyRelu(slope=0.2), lambda x: nn.leaky_relu(x, 0.2)),
    (Softmax(), nn.softmax),
    (Softmax(axis=0), lambda x: nn.softmax(x, 0)),
    (LogSoftmax(axis=1), lambda x: nn.log_softmax(x, 1)),
]


@pytest.mark.parametrize(("op", "function"), ACTIVATIONS, ids=lambda value: getattr(value, "op_name", lambda: "")())
def test_activation(op: Any, function: Any) -> None:
    same((jax.jit(lambda p, x: ours(op, x, p)), jax.jit(lambda p, x: function(x))), {}, values(3, 4, 2))


def test_defaults_are_flax_s() -> None:
    assert (BatchNorm().momentum, BatchNorm().epsilon) == (nn.BatchNorm.momentum, nn.BatchNorm.epsilon)
    assert LayerNorm().epsilon == nn.LayerNorm.epsilon
    assert (GroupNorm().epsilon, GROUPS) == (nn.GroupNorm.epsilon, nn.GroupNorm.num_groups)
    assert Conv(features=1, kernel=1).padding == nn.Conv.padding
