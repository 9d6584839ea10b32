"""The same weights and batches through flax and optax: trajectories in f64, one step in f32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.optimizers.adam import AdamW
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.lower.program import Program
from tests.lower.models import batch, convnet, program


@pytest.fixture
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


class Net(nn.Module):
    """`models.convnet` in flax."""

    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for features, stride in ((4, 1), (5, 2)):
            x = nn.Conv(features, (3, 3), (stride, stride), use_bias=False, dtype=self.dtype, param_dtype=self.dtype)(x)
            x = nn.relu(nn.BatchNorm(not train, dtype=self.dtype, param_dtype=self.dtype, use_fast_variance=False)(x))
        return nn.Dense(3, dtype=self.dtype, param_dtype=self.dtype)(x.reshape(x.shape[0], -1))


NAMES = {"Conv": "conv", "BatchNorm": "batch_norm", "Dense": "dense"}


def to_flax(tree: dict[str, Any]) -> dict[str, Any]:
    """netspec's unpacked tree under flax's names."""

    def renamed(part: dict[str, Any]) -> dict[str, Any]:
        names = {f"{ours}_{k}": f"{theirs}_{k}" for theirs, ours in NAMES.items() for k in range(2)}
        return {names[module]: {leaf: jnp.asarray(x) for leaf, x in leaves.items()} for module, leaves in part.items()}

    return {"params": renamed(tree["params"]), "batch_stats": renamed(tree["buffers"])}


def oracle(dtype: Any) -> Callable[[dict[str, Any], dict[str, Any]], tuple[jax.Array, Any, Any]]:
    """(variables, batch) -> (loss, gradients, new batch statistics)."""
    net = Net(dtype)

    def loss(params: Any, stats: Any, data: dict[str, Any]) -> tuple[jax.Array, Any]:
        logits, new = net.apply({"params": params, "batch_stats": stats}, data["x"], True, mutable=["batch_stats"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, data["label"]).mean(), new["batch_stats"]

    def step(variables: dict[str, Any], data: dict[str, Any]) -> tuple[jax.Array, Any, Any]:
        (value, stats), grads = jax.value_and_grad(loss, has_aux=True)(variables["params"], variables["batch_stats"], data)
        return value, grads, stats

    return jax.jit(step)


def images(seed: int, dtype: Any = np.float32) -> dict[str, Any]:
    data = batch(8, (6, 6, 2), seed=seed)
    return {"x": data["x"].astype(dtype), "label": data["label"]}


RULES = [
    (Sgd(learning_rate=0.05, momentum=0.9), optax.sgd(0.05, momentum=0.9)),
    (AdamW(learning_rate=0.01, weight_decay=0.02), optax.adamw(0.01, weight_decay=0.02)),
]


@pytest.mark.parametrize("rule, reference", RULES, ids=["sgd", "adamw"])
def test_twenty_steps_in_f64(rule: Any, reference: optax.GradientTransformation, wide: None) -> None:
    """Losses, parameters and running statistics to 1e-8 relative."""
    p = program(convnet(), optimizer=rule, precision="f64")
    state = p.init()
    variables, differentiate = to_flax(p.unpack(state)), oracle(np.float64)
    moments = reference.init(variables["params"])
    for seed in range(20):
        value, grads, stats = differentiate(variables, images(seed, np.float64))
        updates, moments = reference.update(grads, moments, variables["params"])
        variables = {"params": optax.apply_updates(variables["params"], updates), "batch_stats": stats}
        state, statistics = p.train_step(state, images(seed, np.float64))
        assert float(p._finish["train"](statistics)["loss"]) == pytest.approx(float(value), rel=1e-8)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10), to_flax(p.unpack(state)), variables)


def test_a_forward_pass_in_f32() -> None:
    p = program(convnet())
    state = p.init()
    theirs = Net(np.float32).apply(to_flax(p.unpack(state)), images(0)["x"], False)
    np.testing.assert_allclose(p.apply(state, x=images(0)["x"])["logits"], theirs, rtol=1e-5, atol=1e-5)


def test_a_gradient_in_f32() -> None:
    """One step of plain descent with rate 1 moves each leaf by its gradient: to 1e-4 of the gradient's norm, the loss to 1e-5."""
    p: Program = program(convnet(), optimizer=Sgd(learning_rate=1.0))
    state = p.init()
    before = to_flax(p.unpack(state))
    value, grads, _ = oracle(np.float32)(before, images(0))
    state, statistics = p.train_step(state, images(0))
    assert p.finish(statistics)["loss"] == pytest.approx(float(value), rel=1e-5)
    moved = jax.tree.map(lambda a, b: a - b, before["params"], to_flax(p.unpack(state))["params"])
    jax.tree.map(lambda m, g: np.testing.assert_array_less(np.linalg.norm(m - g), 1e-4 * np.linalg.norm(g) + 1e-7), moved, grads)
