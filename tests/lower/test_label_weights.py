"""What labels weigh: a factor beside the mask and the batch's weights, above and below the mean."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np
import pytest

from tests.lower.specs import digits, program

SPEC = """model M {
  input image: f32[B, 8, 8, 1]
  h = image -> flatten -> dense(7) -> relu
  output logits = h -> dense(10)
  output centre = h -> dense(3)
  output spread = h -> dense(3)
}
train M {
  data = digits() -> batch(8)
  loss = softmax_cross_entropy(logits, label, class_weights=[1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5], ignore=3, mask=0.5 * cast(label < 7, f32))
  metric soft = softmax_cross_entropy(logits, one_hot(label, 10), class_weights=[1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5])
  let values = softmax_cross_entropy(logits, label, class_weights=[1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5], ignore=3)
  metric summed = sum(expand_dims(each(values), 1), axis=-1)
  metric kl = gaussian_kl(centre, spread)
  metric sums = 2 * gaussian_kl(centre, spread) - 0.5 * mean_absolute_error(centre, 0.25, mask=spread > 0)
  metric signed = softmax_cross_entropy(logits, label, weight=cast(label, f32) - 4.5, ignore=3)
  metric mean_of_weights = mean_absolute_error(centre, 0.25, weight=label, normalize=true, mask=spread > 0)
  metric by_number = mean_absolute_error(centre, 0.25, weight=spread)
  metric by_hand = mean(each(softmax_cross_entropy(logits, label)) * (cast(label, f32) - 4.5))
  metric held = mean(each(softmax_cross_entropy(logits, label, weight=label)))
  metric right = accuracy(logits, label, weight=label)
  metric share = accuracy(logits, label, weight=label, normalize=true)
  metric below = softmax_cross_entropy(logits, label, weight=cast(label, f32) - 4.5, normalize=true)
  optimizer = sgd(0.1)
  duration = 20 steps
}
"""
CLASSES = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5])
WEIGHT = np.array([1, 0, 2, 0.5, 1, 1, 1, 0])


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def test_labels_masks_and_examples_weigh_together() -> None:
    made = program(SPEC)
    state, batch = made.init(2), {**digits(8), "example weights": WEIGHT}
    found = made.finish(made.eval_step(state, batch), "eval")
    out = {n: np.asarray(x, np.float64) for n, x in made.apply(state, image=batch["image"]).items()}
    label = batch["label"]
    xent = np.log(np.exp(out["logits"]).sum(-1)) - out["logits"][np.arange(8), label]
    own, counts = CLASSES[label], label != 3
    mask = 0.5 * (label < 7)
    m, s = out["centre"], out["spread"]
    kl = 0.5 * (np.exp(s) + m**2 - 1 - s).sum(-1)
    chosen = WEIGHT[:, None] * (s > 0)
    expected = {
        "loss": np.average(xent, weights=WEIGHT * own * counts * mask),
        "soft": np.average(xent, weights=WEIGHT * own),
        "summed": np.average(xent * own * counts, weights=WEIGHT),
        "kl": np.average(kl, weights=WEIGHT),
        "sums": 2 * np.average(kl, weights=WEIGHT) - 0.5 * np.average(abs(m - 0.25), weights=chosen),
    }
    signed, right = WEIGHT * (label - 4.5), out["logits"].argmax(-1) == label
    expected |= {
        "signed": np.sum(signed * xent * counts) / np.sum(WEIGHT * counts),
        "mean_of_weights": np.average(abs(m - 0.25), weights=chosen * label[:, None]),
        "by_number": np.sum(WEIGHT[:, None] * s * abs(m - 0.25)) / np.sum(WEIGHT) / 3,
        "by_hand": np.sum(signed * xent) / np.sum(WEIGHT),
        "held": np.sum(WEIGHT * label * xent) / np.sum(WEIGHT),
        "right": np.sum(WEIGHT * label * right) / np.sum(WEIGHT),
        "share": np.average(right, weights=WEIGHT * label),
    }
    assert np.isnan(found["below"])  # a mean by negative weights is none
    assert {name: float(found[name]) for name in expected} == pytest.approx(expected, rel=1e-9)
