"""`models/mnist.net` beside the same network in flax with optax: same weights, same batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.compile import compile
from netspec.files import models_dir

CONVS, DENSES = 2, 2


class Net(nn.Module):
    """The convnet of Flax's MNIST example."""

    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kinds = {"dtype": self.dtype, "param_dtype": self.dtype}
        for features in (32, 64):
            x = nn.avg_pool(nn.relu(nn.Conv(features, (3, 3), **kinds)(x)), (2, 2), (2, 2))
        x = nn.relu(nn.Dense(256, **kinds)(x.reshape(x.shape[0], -1)))
        return nn.Dense(10, **kinds)(x)


def to_flax(params: dict[str, Any]) -> dict[str, Any]:
    names = {f"conv_{i}": f"Conv_{i}" for i in range(CONVS)} | {f"dense_{i}": f"Dense_{i}" for i in range(DENSES)}
    return {names[path]: {leaf: jnp.asarray(x) for leaf, x in leaves.items()} for path, leaves in params.items()}


def batches(count: int, size: int, dtype: Any) -> Iterator[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    for _ in range(count):
        yield {"image": rng.random((size, 28, 28, 1)).astype(dtype), "label": rng.integers(0, 10, size).astype(np.int32)}


def oracle(dtype: Any) -> Any:
    """(params, batch) -> (loss, gradients)."""
    net = Net(dtype)

    def loss(params: Any, batch: dict[str, Any]) -> jax.Array:
        logits = net.apply({"params": params}, batch["image"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"]).mean()

    return jax.jit(jax.value_and_grad(loss))


@pytest.mark.slow
def test_twenty_steps_in_f64() -> None:
    """At the model's own learning rate, to 1e-8 relative."""
    with jax.enable_x64(True):
        model = compile(models_dir() / "mnist.net")
        wide = type(model).of(model.typed, precision="f64")
        state, rule, step = wide.init(), optax.sgd(0.1, momentum=0.9), oracle(jnp.float64)
        params = to_flax(wide.unpack(state)["params"])
        memory = rule.init(params)
        for batch in batches(20, 16, np.float64):
            expected, grads = step(params, batch)
            state, statistics = wide.train_step(state, batch)
            assert wide.finish(statistics)["loss"] == pytest.approx(float(expected), rel=1e-8)
            updates, memory = rule.update(grads, memory, params)
            params = optax.apply_updates(params, updates)
        for ours, theirs in zip(jax.tree.leaves(to_flax(wide.unpack(state)["params"])), jax.tree.leaves(params), strict=True):
            assert np.abs(ours - theirs).max() <= 1e-8 * np.abs(theirs).max()


@pytest.mark.smoke
def test_one_forward_pass_and_step_in_f32() -> None:
    model = compile(models_dir() / "mnist.net")
    state = model.init()
    params = to_flax(model.unpack(state)["params"])
    batch = next(batches(1, 16, np.float32))
    logits = model.apply(state, image=batch["image"])["logits"]
    expected = Net(jnp.float32).apply({"params": params}, batch["image"])
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    loss, grads = oracle(jnp.float32)(params, batch)
    after, statistics = model.train_step(state, batch)
    assert model.finish(statistics)["loss"] == pytest.approx(float(loss), rel=1e-5)
    moved = to_flax(model.unpack(after)["params"])
    for before, new, gradient in zip(*map(jax.tree.leaves, (params, moved, grads)), strict=True):
        step = np.asarray(before - new) / 0.1  # the first step of SGD with momentum is lr · gradient
        assert np.linalg.norm(step - gradient) <= 1e-4 * np.linalg.norm(gradient) + 1e-6
