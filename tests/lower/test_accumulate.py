"""`accumulate = k`: k batches make one step, with the numbers of one batch that holds all their examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

from netspec.diagnostics.spec_error import SpecError
from tests.lower.specs import close, digits, program
from tests.quick import thin

SPEC = """block Layer {
  input x: f32[B, D]
  h = x -> dense(D) -> gelu -> dropout(0.3)
  aux size = mean(h * h, axis=-1)
  output x + h
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(6)
  repeat 4 { x = x -> Layer }
  output logits = x -> dense(10)
}
train M {
  data = digits() -> batch(3)
  let xent = softmax_cross_entropy(logits, label)
  let low = softmax_cross_entropy(logits, label, mask=label < 4)
  LINES
  duration = 20 steps
}
"""
LOSSES = {
    "a mean": "loss = xent",
    "one with a mask": "loss = low",
    "one with weights of classes": "loss = softmax_cross_entropy(logits, label, class_weights=[1, 2, 0, 1, 1, 4, 1, 1, 1, 1], ignore=3)",
    "several means": 'loss = xent + 0.5 * low + 0.1 * mean(aux("**/size")) + 0.01 * l2(params("**/kernel"))',
    "one with weights of values": "loss = softmax_cross_entropy(logits, label, weight=cast(label, f32) - 4.5)"
    " + softmax_cross_entropy(logits, label, mask=label < 6, weight=exp(logits[:, 0]), normalize=true) + mean(each(low) * logits[:, 1])",
    "no sum of means": "loss = xent * low + exp(0.1 * low)",
}
OPTIMIZER = "optimizer = clip_by_global_norm(0.5) -> adam(0.01)"


def made(loss: str, accumulate: int) -> Any:
    lines = (loss, OPTIMIZER, "metric accuracy = accuracy(logits, label)", f"accumulate = {accumulate}")
    return program(SPEC.replace("LINES", "\n  ".join(lines)))


def cut(batch: dict[str, Any], parts: int) -> dict[str, Any]:
    """The batch as `parts` batches along a first axis."""
    return {name: x.reshape(parts, -1, *x.shape[1:]) for name, x in batch.items()}


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("loss", thin(LOSSES, 3))
def test_four_batches_are_one_of_four_times_the_size(loss: str) -> None:
    """Masks weigh the batches differently, examples of weight 0 count nothing, and dropout draws by the index among all examples."""
    whole, parts = made(LOSSES[loss], 1), made(LOSSES[loss], 4)
    one, four = whole.init(2), parts.init(2)
    for k in range(2):
        batch = {**digits(12, seed=k), "example weights": np.array([1, 0, 1, 2, 1, 1, 0.5, 1, 1, 0, 0, 0])}
        one, first = whole.train_step(one, batch)
        four, second = parts.train_step(four, cut(batch, 4))
        close(parts.finish(second), whole.finish(first))
    close(parts.unpack(four), whole.unpack(one))
    assert int(four.step) == 2


def test_each_batch_updates_the_buffers_in_turn() -> None:
    text = SPEC.replace("dense(6)", "dense(6) -> batch_norm(momentum=0.5)").replace("LINES", f"loss = xent; {OPTIMIZER}; accumulate = 2")
    parts, single = program(text), program(text.replace("accumulate = 2", "accumulate = 1"))
    batch = digits(6)
    state, _ = parts.train_step(parts.init(2), cut(batch, 2))
    other = single.init(2)
    params = jax.tree.map(np.asarray, other.params)
    for k in range(2):
        part = {name: x[k * 3 : k * 3 + 3] for name, x in batch.items()}
        other, _ = single.train_step(other._replace(params=jax.tree.map(jax.numpy.asarray, params)), part)
    close(parts.unpack(state)["buffers"], single.unpack(other)["buffers"])


def test_the_weights_alone_are_asked_for_beforehand() -> None:
    """The sum of weights is known without the model: a step over k batches costs about k steps."""
    whole, parts = made("loss = xent", 1), made("loss = xent", 4)
    costs = []
    for each, batch in ((whole, digits(12)), (parts, cut(digits(12), 4))):
        lowered = each._train.lower(each.init(2), each._batch(batch, each._objective("train"), each.plan.accumulate))
        costs.append(lowered.compile().as_text())
    loops = [text.count(" while(") for text in costs]
    assert loops[1] <= loops[0] + 2, loops


def test_every_update_accumulates() -> None:
    lines = (
        'update a { loss = xent; params = "dense_0/**"; optimizer = adam(0.01) }',
        'update b { loss = low; params = ["Layer/**", "dense_1/**"]; optimizer = sgd(0.1) }',
    )
    whole, parts = (program(SPEC.replace("LINES", "\n  ".join((*lines, f"accumulate = {k}")))) for k in (1, 3))
    (one, first), (three, second) = whole.train_step(whole.init(2), digits(12)), parts.train_step(parts.init(2), cut(digits(12), 3))
    close(parts.finish(second), whole.finish(first))
    close(parts.unpack(three), whole.unpack(one))


def test_batches_of_another_number_are_refused() -> None:
    parts = made("loss = xent", 4)
    with pytest.raises(SpecError, match="array-mismatch"):
        parts.train_step(parts.init(), digits(12))
    with pytest.raises(SpecError, match="array-mismatch"):
        parts.train_step(parts.init(), cut(digits(12), 3))
