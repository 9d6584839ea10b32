"""`ema = d`: the moving average of the parameters against a loop by hand, and who uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

from tests.lower.specs import close, digits, program

SPEC = """model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(6) -> batch_norm -> relu -> dense(10)
}
train M {
  data = digits() -> batch(8)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.5)
  duration = 20 steps
  ema = 0.9
}
"""


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def stepped(made: Any, steps: int) -> tuple[Any, list[Any]]:
    """The last state, and the parameters after each step."""
    state, found = made.init(1), []
    for k in range(steps):
        state, _ = made.train_step(state, digits(8, seed=k))
        found.append(made.unpack(state)["params"])
    return state, found


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_the_average_by_hand(steps: int) -> None:
    """(1 - d) sum d^(t - i) p_i over 1 - d^t: a running sum from zero, corrected."""
    made = program(SPEC)
    state, params = stepped(made, steps)
    total = jax.tree.map(np.zeros_like, params[0])
    for each in params:
        total = jax.tree.map(lambda m, p: 0.9 * m + 0.1 * p, total, each)
    wanted = jax.tree.map(lambda m: m / (1 - 0.9**steps), total)
    close(made.unpack(made.averaged(state))["params"], wanted, 1e-12)


def test_before_the_first_step_it_is_the_initial_values() -> None:
    made = program(SPEC)
    close(made.unpack(made.averaged(made.init(1))), made.unpack(made.init(1)), 0)


def test_it_evaluates_and_predicts_with_the_buffers_as_they_are() -> None:
    made, plain = program(SPEC), program(SPEC.replace("  ema = 0.9\n", ""))
    state, _ = stepped(made, 3)
    mean = made.unpack(made.averaged(state))
    close(mean["buffers"], made.unpack(state)["buffers"], 0)
    other, batch = plain.pack(mean), digits(8, seed=9)
    image = {"image": batch["image"]}
    close(dict(made.apply(state, **image)), dict(plain.apply(other, **image)), 1e-13)
    close(made.predict(state, **image), plain.predict(other, **image), 1e-13)
    assert made.finish(made.eval_step(state, batch), "eval") == pytest.approx(plain.finish(plain.eval_step(other, batch), "eval"))


def test_weights_that_leave_predict_what_the_state_does() -> None:
    """Those of `averaged`, by `pack` and as the first argument of an artifact."""
    made, image = program(SPEC), digits(8, seed=9)["image"]
    state, _ = stepped(made, 3)
    weights, wanted = made.unpack(made.averaged(state)), made.predict(state, image=image)
    close(made.predict(made.pack(weights), image=image), wanted, 1e-13)
    close(dict(made.export(platforms=("cpu",)).call(weights, image=image)), wanted, 1e-12)


def test_training_goes_on_from_the_parameters_themselves() -> None:
    made, plain = program(SPEC), program(SPEC.replace("  ema = 0.9\n", ""))
    close(stepped(made, 4)[1][-1], stepped(plain, 4)[1][-1], 0)
    assert plain.init().average == () and set(made.init().average) == set(made.init().params)
