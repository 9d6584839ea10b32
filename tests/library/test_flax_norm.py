"""Flax's normalisations beside the shelf's: the same weights give the same output and gradients, over combinations of arguments."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.layers.layer_norm import InstanceNorm, LayerNorm
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.layers.rms_norm import RmsNorm
from tests.library.scope import TestScope, applied

SEEDS = (0, 1, 2)


def values(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def hidden(seed: int, *shape: int) -> Any:
    """A mask that is true somewhere in every set of elements."""
    mask = np.random.default_rng(seed).random(shape) < 0.6
    mask.flat[:1] = True
    return mask | (np.arange(shape[-1]) == 0)


def compare(op: Any, module: Any, x: Any, mask: Any, seed: int, buffers: dict[str, Any] | None = None) -> None:
    """Outputs, and gradients by parameters and input, agree to 1e-5; `mask` is given in full rank. With buffers: in training."""
    variables = {} if buffers is None else {"batch_stats": buffers}
    drawn = jax.eval_shape(module.init, jax.random.key(0), x).get("params", {})
    params = {name: values(seed + k, *leaf.shape) for k, (name, leaf) in enumerate(drawn.items(), 1)}
    pull = values(seed + 9, *x.shape)
    named = {} if mask is None else {"mask": mask}

    def ours(p: Any, x: Any) -> Any:
        scope = TestScope(p, buffers or {}, training=buffers is not None)
        return applied(op, scope, x, **named), scope.updates

    def theirs(p: Any, x: Any) -> Any:
        found = module.apply({"params": p} | variables, x, **named, mutable=["batch_stats"])
        return found[0], found[1].get("batch_stats", {})

    results = []
    for f in (ours, theirs):
        outcome = jax.jit(lambda p, x, f=f: (f(p, x), jax.grad(lambda p, x: jnp.vdot(f(p, x)[0], pull), (0, 1))(p, x)))(params, x)
        results.append(outcome)
    assert set(op.params(typed(x))) == set(params)
    for mine, flax in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(mine, flax, 1e-5, 1e-5 * (1 + np.abs(flax).max()))


def typed(x: Any) -> Any:
    from netspec.shape import TensorType

    return TensorType("f32", x.shape)


def flags(op: dict[str, Any]) -> dict[str, Any]:
    return {"use_scale": op["scale"], "use_bias": op["bias"], "epsilon": op["epsilon"], "use_fast_variance": False}


FLAGS = [(True, True, 1e-5), (True, False, 1e-3), (False, True, 1e-3), (False, False, 1e-6)]
each_flags = pytest.mark.parametrize(("scale", "bias", "epsilon"), FLAGS)
each_seed = pytest.mark.parametrize("seed", [s if s == 1 else pytest.param(s, marks=pytest.mark.slow) for s in SEEDS])
"""The seed says more than the numbers: with 1 there is a mask."""


@each_seed
@each_flags
def test_batch_norm(scale: bool, bias: bool, epsilon: float, seed: int) -> None:
    given = {"scale": scale, "bias": bias, "epsilon": epsilon}
    axis: Any = {0: -1, 1: 1, 2: (1, -1)}[(seed + int(scale) + 2 * int(bias)) % 3]
    momentum = (0.9, 0.99, 0.0)[seed]
    x, op = values(seed, 6, 3, 4), BatchNorm(axis=axis, momentum=momentum, **given)
    size = op.params(typed(x))["scale"].shape if scale else op.buffers(typed(x))["mean"].shape
    shape = tuple(int(n) for n in size)
    buffers = {"mean": values(seed + 5, *shape), "var": np.abs(values(seed + 6, *shape)) + 0.5}
    module = nn.BatchNorm(False, axis=axis, momentum=momentum, **flags(given))
    compare(op, module, x, hidden(seed, 6, 3, 4) if seed else None, seed, buffers)


@each_seed
@each_flags
def test_layer_norm(scale: bool, bias: bool, epsilon: float, seed: int) -> None:
    given = {"scale": scale, "bias": bias, "epsilon": epsilon}
    axis: Any = {0: -1, 1: (1, 2), 2: (-2, -1)}[(seed + int(scale) + 2 * int(bias)) % 3]
    module = nn.LayerNorm(reduction_axes=axis, feature_axes=axis, **flags(given))
    compare(LayerNorm(axis=axis, **given), module, values(seed, 3, 4, 5), hidden(seed, 3, 4, 5) if seed == 1 else None, seed)


@each_seed
@each_flags
def test_instance_norm(scale: bool, bias: bool, epsilon: float, seed: int) -> None:
    given = {"scale": scale, "bias": bias, "epsilon": epsilon}
    x = values(seed, 3, 4, 2, 5) if seed else values(seed, 3, 7, 2)
    mask = np.ones(x.shape, bool) & (hidden(seed, 3, 4, 1, 1) | (np.arange(4) == 1)[:, None, None]) if seed == 1 else None
    compare(InstanceNorm(**given), nn.InstanceNorm(**flags(given)), x, mask, seed)


@each_seed
@each_flags
def test_group_norm(scale: bool, bias: bool, epsilon: float, seed: int) -> None:
    given = {"scale": scale, "bias": bias, "epsilon": epsilon}
    split = {"group_size": 2} if seed == 2 else {"groups": 3 - seed}
    theirs = {"num_groups": None, "group_size": 2} if seed == 2 else {"num_groups": 3 - seed}
    x = values(seed, 3, 4, 6)
    compare(GroupNorm(**given, **split), nn.GroupNorm(**theirs, **flags(given)), x, hidden(seed, 3, 4, 6) if seed == 1 else None, seed)


@each_seed
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("axis", [-1, (1, 2)])
def test_rms_norm(axis: Any, scale: bool, seed: int) -> None:
    epsilon = (1e-6, 1e-3, 1e-5)[seed]
    module = nn.RMSNorm(epsilon=epsilon, use_scale=scale, reduction_axes=axis, feature_axes=axis)
    mask = hidden(seed, 3, 4, 5) if seed == 1 else None
    compare(RmsNorm(epsilon=epsilon, scale=scale, axis=axis), module, values(seed, 3, 4, 5), mask, seed)


def test_defaults_are_flax_s() -> None:
    for op, module in (
        (InstanceNorm(), nn.InstanceNorm),
        (RmsNorm(), nn.RMSNorm),
        (LayerNorm(), nn.LayerNorm),
        (GroupNorm(), nn.GroupNorm),
    ):
        assert op.epsilon == module.epsilon
