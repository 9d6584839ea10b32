"""Several optimizers in one step: each moves its own parameters, on what the one before has left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.base import Clock
from netspec.library.optimizers.adam import AdamW
from netspec.library.optimizers.chain import Chain
from netspec.library.schedules import Cosine
from netspec.lower.updates import InSteps, rescale_schedules
from tests.lower.specs import changed, close, digits, paths, plan, program

GAN = """block Generator {
  input z: f32[B, Z]
  output z -> dense(16) -> relu -> dense(64) -> sigmoid
}
block Discriminator {
  input x: f32[B, D]
  output x -> dense(12) -> leaky_relu(0.2) -> dense(1)
}
model Gan {
  input image: f32[B, 8, 8, 1]
  shared g = Generator()
  shared d = Discriminator()
  x = image -> flatten
  fake = x[:, :5] -> g
  output real_score = x -> d
  output fake_score = fake -> d
}
train Gan {
  data = digits() -> batch(8)
  update critic {
    loss = sigmoid_cross_entropy(real_score, 1.0) + sigmoid_cross_entropy(fake_score, 0.0)
    params = "d/**"
    optimizer = adam(0.02, b1=0.5)
  }
  update maker { loss = sigmoid_cross_entropy(fake_score, 1.0); params = "g/**"; optimizer = adam(0.01, b1=0.5) }
  duration = 2 epochs
}
"""
TWO = """block Layer {
  input x: f32[B, D]
  output x -> dense(D) -> batch_norm -> relu
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> low: dense(6)
  repeat 4 { x = x -> Layer }
  output logits = x -> high: dense(10)
}
train M {
  data = digits() -> batch(8)
  let xent = softmax_cross_entropy(logits, label)
  LINES
  duration = 20 steps
}
"""
EVERYTHING = 'update one { loss = xent; params = "**"; optimizer = adam(0.01) }'


def two(*lines: str, **options: Any) -> Any:
    return program(TWO.replace("LINES", "\n  ".join(lines)), **options)


def after(made: Any, steps: int, size: int = 8) -> list[Any]:
    """The unpacked states, the first one included."""
    state = made.init(3)
    states = [made.unpack(state)]
    for k in range(steps):
        state, _ = made.train_step(state, digits(size, seed=k))
        states.append(made.unpack(state))
    return states


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


# --- the same by hand ------------------------------------------------------------------------------------------------
def dense(params: Any, x: Any) -> Any:
    return x @ params["kernel"] + jnp.broadcast_to(params["bias"], (len(x), len(params["bias"])))


def generated(params: Any, z: Any) -> Any:
    return jax.nn.sigmoid(dense(params["dense_1"], jax.nn.relu(dense(params["dense_0"], z))))


def judged(params: Any, x: Any) -> Any:
    return dense(params["dense_1"], jax.nn.leaky_relu(dense(params["dense_0"], x), 0.2))


def critic_loss(d: Any, g: Any, x: Any) -> Any:
    real, fake = judged(d, x), judged(d, generated(g, x[:, :5]))
    return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))


def maker_loss(g: Any, d: Any, x: Any) -> Any:
    return jnp.mean(jax.nn.softplus(-judged(d, generated(g, x[:, :5]))))


def test_three_steps_of_a_gan_as_optax_makes_them() -> None:
    made = program(GAN)
    state = made.init(1)
    params = jax.tree.map(jnp.asarray, made.unpack(state)["params"])
    critic, maker = optax.adam(0.02, b1=0.5), optax.adam(0.01, b1=0.5)
    moments = {"d": critic.init(params["d"]), "g": maker.init(params["g"])}
    for k in range(3):
        x = jnp.asarray(digits(8, seed=k)["image"].reshape(8, 64))
        first, grads = jax.value_and_grad(critic_loss)(params["d"], params["g"], x)
        moves, moments["d"] = critic.update(grads, moments["d"])
        params["d"] = optax.apply_updates(params["d"], moves)
        second, grads = jax.value_and_grad(maker_loss)(params["g"], params["d"], x)
        moves, moments["g"] = maker.update(grads, moments["g"])
        params["g"] = optax.apply_updates(params["g"], moves)
        state, statistics = made.train_step(state, digits(8, seed=k))
        numbers = made.finish(statistics)
        wanted = {"critic.loss": first, "maker.loss": second, "loss": first + second}
        assert numbers == {name: pytest.approx(float(x), rel=1e-10) for name, x in wanted.items()}
    close(made.unpack(state)["params"], params, 1e-8)


# --- whose parameters ------------------------------------------------------------------------------------------------
LOW = 'update low { loss = xent; params = "low/**"; optimizer = sgd(0.1) }'
REST = 'update rest { loss = xent; params = ["Layer/**", "high/**"]; optimizer = sgd(0.1) }'


def test_each_update_moves_its_own_parameters() -> None:
    before, now = after(two(LOW, REST), 1)
    assert changed(before, now) == set(paths(before["params"]))
    before, now = after(two(LOW), 1)
    assert changed(before, now) == {"low/kernel", "low/bias"}


def test_moments_are_kept_for_own_parameters_alone() -> None:
    made = two(LOW.replace("sgd", "adam"), EVERYTHING)
    moments = made.init().optimizer
    assert set(moments) == {"low", "one"}
    leaves = {name: {str(path[-1]) for path, _ in jax.tree_util.tree_leaves_with_path(moments[name])} for name in moments}
    assert {x for x in leaves["low"] if "/" in x} == {"['low/kernel']", "['low/bias']"}
    assert len(leaves["one"]) > len(leaves["low"])


SOME = 'update some { loss = xent; params = ["Layer_1/**", "Layer_3/dense_0/kernel"]; optimizer = adam(0.01) }'


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_single_passes_of_a_repeat(repeat: str) -> None:
    """Of a stacked leaf only the chosen slices have gradients and moments; they move as they do among all the others."""
    still = EVERYTHING.replace("one", "all").replace("adam(0.01)", "adam(0.01); every = 100")  # so that no layer's statistics are frozen
    before, *_, now = after(two(SOME, still, repeat=repeat), 3)
    assert changed(before, now) == {p for p in paths(before["params"]) if p.startswith("Layer_1/")} | {"Layer_3/dense_0/kernel"}
    everything = two(EVERYTHING, repeat=repeat)
    first = after(everything, 1)[1]
    for path in ("Layer_1/dense_0/kernel", "Layer_1/batch_norm_0/scale", "Layer_3/dense_0/kernel"):
        np.testing.assert_allclose(paths(after(two(SOME, still), 1)[1]["params"])[path], paths(first["params"])[path], 1e-12, 1e-12)


def test_one_update_of_everything_is_the_plain_form() -> None:
    plain = two("loss = xent", "optimizer = adam(0.01)")
    close(after(two(EVERYTHING), 3)[-1], after(plain, 3)[-1], 1e-14)
    assert plan(plain).updates[0].name == ""


def test_an_update_sees_what_the_one_before_has_left() -> None:
    """Two updates of the same parameters are two steps on the same batch."""
    twice = two(EVERYTHING.replace("adam", "sgd"), EVERYTHING.replace("adam", "sgd").replace("one", "more"))
    once = two("loss = xent", "optimizer = sgd(0.01)")
    state = once.init(3)
    for _ in range(2):
        state, _ = once.train_step(state, digits(8))
    close(after(twice, 1)[1]["params"], once.unpack(state)["params"], 1e-13)


def test_buffers_are_those_of_the_first_pass() -> None:
    resting = REST.replace("sgd(0.1)", "sgd(0.1); every = 2")  # without it the statistics of what nothing trains would stay
    once, twice = (after(two(LOW, second), 1)[1]["buffers"] for second in (resting, REST))
    close(twice, once, 0)


# --- every -----------------------------------------------------------------------------------------------------------
def test_an_update_may_rest() -> None:
    states = after(two(LOW, REST.replace("sgd(0.1)", "adam(0.1); every = 3")), 6)
    low, rest = {"low/kernel", "low/bias"}, set(paths(states[0]["params"]))
    moved = [changed(a, b) for a, b in zip(states, states[1:], strict=False)]
    assert [m == rest for m in moved] == [False, False, True, False, False, True]
    assert all(m == low for k, m in enumerate(moved) if k % 3 != 2)


def test_a_resting_update_leaves_buffers_to_the_next() -> None:
    rested = after(two(LOW.replace("sgd(0.1)", "sgd(0.1); every = 2"), REST), 2)
    assert changed({"params": rested[0]["buffers"]}, {"params": rested[1]["buffers"]})
    alone = after(two(REST), 1)
    close(rested[1], alone[1], 1e-13)


def test_a_resting_update_counts_in_no_mean() -> None:
    made = two(LOW, REST.replace("}", "; every = 2 }"))
    state, numbers = made.init(3), []
    sums = None
    for k in range(3):
        state, statistics = made.train_step(state, digits(8, seed=k))
        numbers.append(made.finish(statistics))
        sums = statistics if sums is None else made.merge(sums, statistics)
    assert [n["rest.loss"] for n in numbers][::2] == [0.0, 0.0]
    assert made.finish(sums)["rest.loss"] == pytest.approx(numbers[1]["rest.loss"])


def test_a_schedule_runs_in_steps_of_the_training() -> None:
    clock = Clock(1, 20)
    slowed = InSteps(schedule=Cosine(start=0.1), every=4)
    values = [float(slowed.value(jnp.asarray(k), clock)) for k in range(5)]
    assert values == pytest.approx([float(Cosine(start=0.1).value(jnp.asarray(k), clock)) for k in (3, 7, 11, 15, 19)])
    made = two('update one { loss = xent; params = "high/**"; optimizer = clip_by_global_norm(1.0) -> adamw(cosine(0.1)); every = 4 }')
    found = rescale_schedules(plan(made).updates[0].optimizer, 4)
    assert isinstance(found, Chain) and isinstance(found.parts[1], AdamW)
    assert found.parts[0] is plan(made).optimizer.parts[0] and isinstance(found.parts[1].learning_rate, InSteps)


# --- numbers ---------------------------------------------------------------------------------------------------------
def test_metrics_are_measured_in_the_first_pass() -> None:
    metric = "metric accuracy = accuracy(logits, label)"
    found = two(metric, LOW, REST)
    assert [len(u.objective.measurements) for u in plan(found).updates] == [2, 1]
    numbers = found.finish(found.train_step(found.init(3), digits(8))[1])
    assert set(numbers) == {"loss", "low.loss", "rest.loss", "accuracy"}
    assert numbers["loss"] == pytest.approx(numbers["low.loss"] + numbers["rest.loss"])


def test_an_evaluation_reports_the_same_numbers() -> None:
    found = two("metric accuracy = accuracy(logits, label)", LOW, REST)
    numbers = found.finish(found.eval_step(found.init(3), digits(8)), "eval")
    assert set(numbers) == {"loss", "low.loss", "rest.loss", "accuracy"}
    assert numbers["low.loss"] == numbers["rest.loss"] == pytest.approx(numbers["loss"] / 2)


def test_names_of_an_update_stay_inside() -> None:
    own = 'update low { let half = 0.5 * xent; loss = half; params = "low/**"; optimizer = sgd(0.1) }'
    numbers = two(own, REST)
    found = numbers.finish(numbers.eval_step(numbers.init(3), digits(8)), "eval")
    assert found["low.loss"] == pytest.approx(0.5 * found["rest.loss"])
