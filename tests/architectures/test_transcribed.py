"""Three models beside what they mean, written by hand in JAX: a target network, a diffusion model with its sampler, auxiliary heads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

from netspec.lower.node_scope import NodeScope
from netspec.lower.program import Program
from tests.architectures.build import clean
from tests.lower.specs import close, paths

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    """In f64; what is written by hand may add a vector to a matrix."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("allow"):
        yield


def program(name: str, **overrides: str) -> Program:
    """In f64, with the plain kernels."""
    typed = clean(HERE / f"{name}.net", **overrides).typed
    assert typed is not None
    return Program.of(typed, precision="f64", lowering="portable")


def dense(weights: Any, x: Any) -> Any:
    return x @ weights["kernel"] + weights["bias"]


# --- a target network ------------------------------------------------------------------------------------------------
def transitions(seed: int, size: int = 16) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "state": rng.standard_normal((size, 4)),
        "action": rng.integers(0, 2, size).astype(np.int32),
        "reward": rng.standard_normal(size),
        "next": rng.standard_normal((size, 4)),
        "going": rng.integers(0, 2, size).astype(float),
    }


def values(q: Any, state: Any) -> Any:
    for layer in ("dense_0", "dense_1"):
        state = jax.nn.relu(dense(q[layer], state))
    return dense(q["dense_2"], state)


def temporal_difference(q: Any, target: Any, batch: Any) -> Any:
    """The mean Huber loss of double Q-learning; the target is given as a constant."""
    rows = jnp.arange(len(batch["action"]))
    best = values(q, batch["next"]).argmax(-1)
    wanted = batch["reward"] + 0.99 * batch["going"] * values(target, batch["next"])[rows, best]
    return optax.losses.huber_loss(values(q, batch["state"])[rows, batch["action"]], wanted).mean()


def test_a_target_network_follows_by_polyak_averaging() -> None:
    """Twenty steps of optax's Adam with the target held still, each followed by 0.995 of the old target and 0.005 of the network."""
    made = program("target_network")
    state = made.init()
    q = target = jax.tree.map(jnp.asarray, made.unpack(state)["params"]["q"])
    adam = optax.adam(0.001)
    moments, gradient = adam.init(q), jax.jit(jax.grad(temporal_difference))
    for step in range(20):
        state, _ = made.train_step(state, transitions(step))
        changes, moments = adam.update(gradient(q, target, transitions(step)), moments)
        q = optax.apply_updates(q, changes)
        target = jax.tree.map(lambda old, new: 0.995 * old + 0.005 * new, target, q)
    found = made.unpack(state)
    close(found["params"]["q"], q, 1e-9)
    close(found["buffers"]["target"], target, 1e-9)


# --- diffusion -------------------------------------------------------------------------------------------------------
def draw(scope: Any, _: str, shape: tuple[int, ...]) -> Any:
    """Numbers that stand for a draw: another one in each iteration."""
    index = scope._frame.loops[-1] if scope._frame.loops else 17
    return jnp.sin(1.7 * jnp.arange(np.prod(shape)).reshape(shape) + jnp.asarray(index, float))


def drawn(index: Any, shape: tuple[int, ...]) -> Any:
    return jnp.sin(1.7 * jnp.arange(np.prod(shape)).reshape(shape) + jnp.asarray(index, float))


def convolve(weights: Any, x: Any, stride: int = 1) -> Any:
    y = lax.conv_general_dilated(x, weights["kernel"], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + weights["bias"] if "bias" in weights else y


def group_norm(weights: Any, x: Any) -> Any:
    """Eight groups of channels."""
    groups = x.reshape(*x.shape[:-1], 8, -1)
    centred = groups - groups.mean((1, 2, 4), keepdims=True)
    scaled = centred / jnp.sqrt((centred**2).mean((1, 2, 4), keepdims=True) + 1e-6)
    return scaled.reshape(x.shape) * weights["scale"] + weights["bias"]


def predict_noise(w: Any, x: Any, step: Any) -> Any:
    """The network on images, all at one step of the diffusion."""
    angle = step * 1000.0 ** -(jnp.arange(16) / 15)
    time = jax.nn.silu(dense(w["dense_0"], jnp.concatenate([jnp.sin(angle), jnp.cos(angle)])))
    h = convolve(w["conv_0"], x)
    for i in range(2):
        y = convolve(w[f"conv_{1 + 2 * i}"], jax.nn.silu(group_norm(w[f"group_norm_{2 * i}"], h))) + dense(w[f"dense_{1 + i}"], time)
        h = h + convolve(w[f"conv_{2 + 2 * i}"], jax.nn.silu(group_norm(w[f"group_norm_{2 * i + 1}"], y)))
    return convolve(w["conv_5"], jax.nn.silu(group_norm(w["group_norm_4"], h)))


def sample_by_hand(w: Any, size: int, steps: int) -> Any:
    """Algorithm 2 of Ho et al., 2020, with variances beta."""
    beta = np.linspace(0.0001, 0.02, steps)
    alpha, kept = 1 - beta, np.cumprod(1 - beta)
    noise = jax.jit(predict_noise)
    x = drawn(17, (size, 8, 8, 1))
    for t in reversed(range(steps)):
        x = (x - beta[t] / np.sqrt(1 - kept[t]) * noise(w, x, float(t))) / np.sqrt(alpha[t])
        x = x + (np.sqrt(beta[t]) * drawn(steps - 1 - t, x.shape) if t else 0)
    return x


@pytest.mark.slow
def test_a_thousand_steps_of_diffusion_are_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """With draws that are known the sampler is the algorithm of the paper. It is scanned though its network convolves."""
    monkeypatch.setattr(NodeScope, "_draw", draw)
    made = program("ddpm", width="8")
    tree, rng = made.unpack(made.init()), np.random.default_rng(3)
    weights = jax.tree.map(lambda x: x + 0.1 * rng.standard_normal(np.shape(x)), tree["params"])
    found = made.predict({**tree, "params": weights}, image=np.zeros((2, 8, 8, 1)))["sample"]
    wanted = sample_by_hand(weights["noise"], 2, 1000)
    assert np.isfinite(wanted).all() and np.std(wanted) > 0.1
    np.testing.assert_allclose(found, wanted, 1e-6, 1e-6 * np.std(wanted))


# --- auxiliary heads -------------------------------------------------------------------------------------------------
def pool(x: Any, window: int, stride: int, padding: str, reducer: str = "max") -> Any:
    shape, steps = (1, window, window, 1), (1, stride, stride, 1)
    if reducer == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, shape, steps, padding)
    return lax.reduce_window(x, 0.0, lax.add, shape, steps, padding) / window**2


def unit(w: Any, x: Any, stride: int = 1) -> Any:
    """A convolution, normalised by the statistics of the batch, and a relu."""
    y = convolve(w["conv_0"], x, stride)
    mean, var = y.mean((0, 1, 2)), y.var((0, 1, 2))
    return jax.nn.relu((y - mean) / jnp.sqrt(var + 1e-5) * w["batch_norm_0"]["scale"] + w["batch_norm_0"]["bias"])


def inception(w: Any, x: Any) -> Any:
    return jnp.concatenate(
        [
            unit(w["Conv_0"], x),
            unit(w["Conv_2"], unit(w["Conv_1"], x)),
            unit(w["Conv_4"], unit(w["Conv_3"], x)),
            unit(w["Conv_5"], pool(x, 3, 1, "SAME")),
        ],
        -1,
    )


def head(w: Any, x: Any) -> Any:
    x = unit(w["Conv_0"], pool(x, 5, 3, "VALID", "mean"))
    return dense(w["dense_1"], jax.nn.relu(dense(w["dense_0"], x.reshape(len(x), -1))))


def three_losses(w: Any, batch: Any) -> Any:
    """The loss at the end, and 0.3 of those in the middle."""
    x = pool(unit(w["Conv_0"], batch["image"], 2), 3, 2, "SAME")
    x = pool(unit(w["Conv_2"], unit(w["Conv_1"], x)), 3, 2, "SAME")
    answers = []
    for i in range(9):
        x = pool(x, 3, 2, "SAME") if i == 2 else pool(x, 2, 2, "VALID") if i == 7 else x
        x = inception(w[f"Inception_{i}"], x)
        if i in (2, 5):
            answers.append(head(w[f"Head_{len(answers)}"], x))
    answers.append(dense(w["dense_0"], x.mean((1, 2))))
    low, high, last = (optax.softmax_cross_entropy_with_integer_labels(y, batch["label"]).mean() for y in answers)
    return last + 0.3 * (low + high)


@pytest.mark.slow
def test_auxiliary_heads_train_what_is_below_them() -> None:
    """One step of gradient descent on the sum of the three losses, without dropout. In an evaluation there are no heads."""
    made = program("googlenet", **{"drop": "0.0", "last_drop": "0.0", "classes": "10", "size": "80"})
    state = made.init()
    before = made.unpack(state)
    rng = np.random.default_rng(0)
    batch = {"image": rng.random((4, 80, 80, 3)), "label": np.array([3, 7, 7, 1], np.int32)}
    without = {name: batch[name] for name in ("image",)}
    assert made.apply(before, **without).keys() == {"logits"}
    loss, slopes = jax.jit(jax.value_and_grad(three_losses))(before["params"], batch)
    state, statistics = made.train_step(state, batch)
    np.testing.assert_allclose(made.finish(statistics)["loss"], loss, 1e-9)
    after = paths(made.unpack(state)["params"])
    wanted = paths(jax.tree.map(lambda w, g: w - 0.1 * g, before["params"], slopes))
    close(after, wanted, 1e-7)
