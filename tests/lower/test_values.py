"""A loss that is an argument of another function stands for its values; a number is a target of the predictions' shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

from tests.lower.specs import digits, program

SPEC = """model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten
  h = x -> dense(7) -> relu
  output centre = h -> dense(3)
  output spread = h -> dense(3)
  output logits = centre -> dense(64)
}
train M {
  data = digits() -> batch(4)
  LINES
  optimizer = sgd(0.1)
  duration = 20 steps
}
"""
VAE = """let bce = sum(sigmoid_cross_entropy(logits, flatten(image)), axis=-1)
  let kl = -0.5 * sum(1 + spread - centre**2 - exp(spread), axis=-1)
  loss = bce + kl
  metric reconstruction = bce
  metric divergence = kl"""
WEIGHT = np.array([1.0, 0.0, 2.0, 0.5])


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def measured(lines: str, precision: str = "f64") -> tuple[dict[str, float], dict[str, Any], dict[str, Any]]:
    """What an evaluation finds, the model's outputs, and the batch."""
    made = program(SPEC.replace("LINES", lines), precision)
    state, batch = (
        made.init(2),
        {**digits(4, dtype=np.float64 if precision == "f64" else np.float32), "example weights": WEIGHT.astype(np.float32)},
    )
    found = made.finish(made.eval_step(state, batch), "eval")
    return found, {n: np.asarray(x, np.float64) for n, x in made.apply(state, image=batch["image"]).items()}, batch


def test_an_autoencoder_counts_its_sums_once_per_example() -> None:
    found, outputs, batch = measured(VAE)
    x, y = batch["image"].reshape(4, -1), outputs["logits"]
    bce = (np.log1p(np.exp(-abs(y))) + np.maximum(y, 0) - x * y).sum(-1)
    kl = -0.5 * (1 + outputs["spread"] - outputs["centre"] ** 2 - np.exp(outputs["spread"])).sum(-1)
    assert found["reconstruction"] == pytest.approx(np.average(bce, weights=WEIGHT), rel=1e-12)
    assert found["divergence"] == pytest.approx(np.average(kl, weights=WEIGHT), rel=1e-12)
    assert found["loss"] == pytest.approx(np.average(bce + kl, weights=WEIGHT), rel=1e-12)


def test_its_gradient_is_that_of_the_sum() -> None:
    """Sums over 64 numbers: the mean of all, times 64."""
    texts = (
        "loss = sum(sigmoid_cross_entropy(logits, flatten(image)), axis=-1)",
        "loss = 64 * sigmoid_cross_entropy(logits, flatten(image))",
    )
    ends = []
    for text in texts:
        made = program(SPEC.replace("LINES", text))
        ends.append(made.unpack(made.train_step(made.init(2), digits(4))[0])["params"]["dense_0"]["kernel"])
    np.testing.assert_allclose(ends[0], ends[1], 1e-10)


@pytest.mark.parametrize("mask", ["label < 5", "0.5 * cast(label < 5, f32)"])
def test_masked_values_are_zero(mask: str) -> None:
    call = f"softmax_cross_entropy(centre, minimum(label, 2), mask={mask})"
    found, outputs, batch = measured(f"loss = {call}\n  metric most = max({call}, axis=0)\n  metric sum = sum({call}, axis=0)")
    logits, label = outputs["centre"], np.minimum(batch["label"], 2)
    values = np.log(np.exp(logits).sum(-1)) - logits[np.arange(4), label]
    factor = (batch["label"] < 5) * (0.5 if "0.5" in mask else 1.0)
    assert found["sum"] == pytest.approx((values * factor).sum(), rel=1e-10)
    assert found["most"] == pytest.approx((values * factor).max(), rel=1e-10)
    assert found["loss"] == pytest.approx(np.average(values, weights=factor * WEIGHT), rel=1e-10)


def test_a_label_that_is_no_class_is_silent_under_the_mask() -> None:
    call = "softmax_cross_entropy(centre, label, mask=label < 3)"  # there are three classes
    found, _, batch = measured(f"loss = {call}\n  metric sum = sum({call}, axis=0)")
    assert (batch["label"] >= 3).any() and np.isfinite(found["sum"])


def test_values_are_wide_in_mixed_precision() -> None:
    made = program(SPEC.replace("LINES", "loss = sum(mean_squared_error(logits, 1.0), axis=-1)\n  precision = mixed(bf16)"), "mixed(bf16)")
    _, [(total, _)] = made.train_step(made.init(2), digits(4, dtype=np.float32))
    assert total.dtype == np.float32


@pytest.mark.parametrize("target", ["1.0", "0.0", "0.25"])
def test_a_number_is_a_target_everywhere(target: str) -> None:
    found, outputs, _ = measured(f"loss = sigmoid_cross_entropy(logits, {target})\n  metric square = mean_squared_error(centre, {target})")
    y, t = outputs["logits"], float(target)
    values = (np.log1p(np.exp(-abs(y))) + np.maximum(y, 0) - t * y).mean(-1)
    assert found["loss"] == pytest.approx(np.average(values, weights=WEIGHT), rel=1e-10)
    assert found["square"] == pytest.approx(np.average(((outputs["centre"] - t) ** 2).mean(-1), weights=WEIGHT), rel=1e-10)
