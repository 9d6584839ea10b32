"""What a program computes under JAX's transformations, and by hand what `train_step` does: `loss`, `apply` in training, keys, buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from netspec.diagnostics.spec_error import SpecError
from netspec.lower.random_draws import step_key

TEXT = """netspec 1

model M {
  input x: f32[B, 4]
  h = x -> dense(6) -> batch_norm -> relu
  repeat 2 { h = h -> dense(6) -> dropout(0.5) }
  output y = (h -> dense(1))[:, 0]
}

train M {
  data = arrays(fields={x: f32[4], t: f32[]}) -> batch(8)
  loss = mean_squared_error(y, t) + 0.01 * l2(params("**/kernel"))
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""
PLAIN = TEXT.replace(" -> batch_norm", "").replace(" -> dropout(0.5)", "")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype("f")
BATCH = {"x": X, "t": X.sum(axis=1)}
KEY = jax.random.key(3)


@pytest.fixture(scope="module")
def program() -> netspec.Program:
    return netspec.compile(TEXT)


@pytest.fixture(scope="module")
def plain() -> netspec.Program:
    return netspec.compile(PLAIN)


def close(left: Any, right: Any, **more: float) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **{"rtol": 1e-5, "atol": 1e-6} | more), left, right)


def test_a_step_by_hand_is_a_step_of_training(program: netspec.Program) -> None:
    state = program.init(0)
    work = jax.jit(jax.value_and_grad(program.loss_and_buffers, has_aux=True))
    (loss, buffers), grads = work(state.params, BATCH, buffers=state.buffers, key=step_key(0, 0))
    params = jax.tree.map(lambda p, g: p - 0.1 * g, state.params, grads)
    after, statistics = program.train_step(program.init(0), BATCH)
    close(params, after.params)
    close(buffers, after.buffers)
    assert program.finish(statistics)["loss"] == pytest.approx(float(loss), rel=1e-5)


def test_the_loss_takes_params_in_every_form(program: netspec.Program) -> None:
    state = program.init(0)
    tree = program.unpack(state)
    forms = [
        state,
        {"params": state.params, "buffers": state.buffers},
        tree,
        {"params": state.params, "buffers": tree["buffers"]},
    ]
    values = [float(program.loss(form, BATCH, key=KEY)) for form in forms]
    values += [float(program.loss(params, BATCH, buffers=state.buffers, key=KEY)) for params in (state.params, tree["params"])]
    assert max(values) == min(values)
    grads = jax.grad(lambda params: program.loss(params, BATCH, buffers=state.buffers, key=KEY))(tree["params"])
    flat = jax.grad(program.loss)(state.params, BATCH, buffers=state.buffers, key=KEY)
    close(jnp.stack([grads["dense_1"]["kernel"], grads["dense_2"]["kernel"]]), flat["dense_{1:3}/kernel"])


def test_the_phase_eval_is_what_eval_step_measures(program: netspec.Program) -> None:
    state = program.init(0)
    measured = program.finish(program.eval_step(state, BATCH), "eval")["loss"]
    assert float(program.loss(state, BATCH, phase="eval")) == pytest.approx(measured, rel=1e-5)


def test_apply_in_training_drops_by_the_key_and_eval_by_none(program: netspec.Program) -> None:
    state = program.init(0)
    one, again, other = (program.apply(state, x=X, phase="train", key=jax.random.key(k))["y"] for k in (0, 0, 1))
    assert (one == again).all() and (one != other).any()
    close(program.apply(state, x=X)["y"], program.predict(state, x=X)["y"])
    close(program.apply(state, {"x": X}, phase="serve")["y"], program.predict(state, x=X)["y"])
    words = program.apply(state, x=X, phase="train", key=jax.random.PRNGKey(0))["y"]
    assert (words == one).all()


def test_what_draws_needs_a_key(program: netspec.Program, plain: netspec.Program) -> None:
    state = program.init(0)
    for call in (lambda: program.loss(state, BATCH), lambda: program.apply(state, x=X, phase="train")):
        with pytest.raises(SpecError, match=r"(?s)key-needed.*`dropout`.*<text>:6:35"):
            call()
    assert np.isfinite(float(plain.loss(plain.init(0).params, BATCH)))
    assert plain.apply(plain.init(0).params, x=X, phase="train")["y"].shape == (8,)
    with pytest.raises(TypeError, match="one key of JAX"):
        program.loss(state, BATCH, key=0)
    with pytest.raises(TypeError, match=r"not an array"):
        program.apply(state, x=X, phase="train", key=jax.random.split(KEY, 3))


def test_an_input_called_key_is_an_input() -> None:
    lines = "  input query: f32[B, 4]\n  input key: f32[B, 4]\n  output y = query * key -> dropout(0.5)\n"
    program = netspec.compile(f"netspec 1\nmodel M {{\n{lines}}}\n")
    state = program.init(0)
    close(program.apply(state, query=X, key=X)["y"], X * X)
    dropped = program.apply(state, {"query": X, "key": X}, phase="train", key=KEY)["y"]
    assert set(np.unique(np.isclose(dropped, 0))) == {False, True}


CALLS: dict[str, Callable[[netspec.Program, Any, Any], Any]] = {
    "loss": lambda p, params, x: p.loss(params, {**BATCH, "x": x}),
    "loss in eval": lambda p, params, x: p.loss(params, {**BATCH, "x": x}, phase="eval"),
    "loss_and_buffers": lambda p, params, x: p.loss_and_buffers(params, {**BATCH, "x": x})[0],
    "apply": lambda p, params, x: p.apply(params, x=x)["y"].sum(),
    "apply in training": lambda p, params, x: p.apply(params, x=x, phase="train", key=KEY)["y"].sum(),
    "predict": lambda p, params, x: p.predict(params, x=x)["y"].sum(),
    "eval_step": lambda p, params, x: p.finish(p.eval_step(p.pack(params), {**BATCH, "x": x}), "eval")["loss"],
    "train_step": lambda p, params, x: p.train_step(p.pack(params), {**BATCH, "x": x})[0].params["dense_0/kernel"].sum(),
    "unpack": lambda p, params, x: p.unpack(p.pack(params))["params"]["dense_1"]["kernel"].sum() + x.sum(),
}


@pytest.mark.parametrize("name", CALLS)
def test_jit_grad_and_vmap(name: str, plain: netspec.Program) -> None:
    """vmap over weights and inputs is the loop; the gradient is that of a line through the weights."""

    def call(params: Any, x: Any) -> Any:
        return CALLS[name](plain, params, x)

    states = [plain.init(seed).params for seed in (0, 1)]
    xs = np.stack([X, X[::-1]])
    one = float(call(states[0], X))
    close(jax.jit(call)(states[0], X), one)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    close(jax.vmap(call)(stacked, xs), jnp.stack([jnp.asarray(call(s, x)) for s, x in zip(states, xs, strict=True)]))
    grads = jax.grad(call)(states[0], X)
    assert jax.tree.structure(grads) == jax.tree.structure(states[0])
    away = jax.tree.map(lambda p: 1e-3 * jnp.sign(jnp.asarray(p) + 1e-6), states[0])
    ahead, back = (float(call(jax.tree.map(lambda p, d, s=s: p + s * d, states[0], away), X)) for s in (1, -1))
    slope = sum(float((g * d).sum()) for g, d in zip(jax.tree.leaves(grads), jax.tree.leaves(away), strict=True))
    assert (ahead - back) / 2 == pytest.approx(slope, rel=0.05, abs=2e-4)


def test_packed_weights_stay_the_caller_s(plain: netspec.Program) -> None:
    params = plain.init(0).params
    plain.train_step(plain.pack(params), BATCH)
    assert np.isfinite(np.asarray(params["dense_0/kernel"])).all()


def test_params_alone_of_a_model_with_buffers_are_told_what_else(program: netspec.Program) -> None:
    params = program.init(0).params
    for call in (
        lambda: program.loss(params, BATCH, key=KEY),
        lambda: program.apply(params, x=X),
        lambda: program.pack({"params": params}),
    ):
        with pytest.raises(SpecError, match=r"(?s)missing batch_norm_0/mean.*hand over both"):
            call()


def test_members_of_an_ensemble_train_together(program: netspec.Program) -> None:
    members = jax.vmap(program.init_traced)(jax.random.split(KEY, 3))
    after, _ = jax.jit(jax.vmap(program.train_step, (0, None)))(members, BATCH)
    assert after.step.tolist() == [1, 1, 1] and after.params["dense_0/kernel"].shape == (3, 4, 6)


def test_one_of_several_updates_has_its_own_loss() -> None:
    lines = 'update a { loss = mean(y * t); params = "dense_0/**"; optimizer = sgd(0.1) }\n'
    lines += '  update b { loss = mean(y + t); params = "dense_3/**"; optimizer = sgd(0.1) }\n'
    head, _, tail = PLAIN.partition("  loss")
    text = f"{head}  {lines}{tail[tail.index('  duration') :]}"
    program = netspec.compile(text)
    params = program.init(0).params
    y = np.asarray(program.apply(params, x=X)["y"])
    for update, wanted in (("a", (y * BATCH["t"]).mean()), ("b", (y + BATCH["t"]).mean())):
        assert float(program.loss(params, BATCH, update=update)) == pytest.approx(wanted, rel=1e-4)
    assert float(program.loss(params, BATCH)) == pytest.approx((y * BATCH["t"]).mean() + (y + BATCH["t"]).mean(), rel=1e-4)
    with pytest.raises(ValueError, match="`update` is one of"):
        program.loss(params, BATCH, update="c")


# --- clocks ------------------------------------------------------------------------------------------------------------

COSINE = PLAIN.replace("sgd(0.1)", "sgd(cosine(0.1))")


def test_a_schedule_of_a_dataset_that_knows_its_size_needs_no_clock() -> None:
    text = "netspec 1\nmodel D {\n  input image: f32[B, 8, 8, 1]\n  output logits = image -> flatten -> dense(10)\n}\ntrain D {\n"
    text += "  data = digits() -> batch(32)\n  loss = softmax_cross_entropy(logits, label)\n"
    text += "  optimizer = sgd(cosine(0.1))\n  duration = 2 epochs\n}\n"
    program = netspec.compile(text)
    batch = {"image": np.zeros((32, 8, 8, 1), "f"), "label": np.zeros(32, "i4")}
    bound = program.at(steps_per_epoch=1437 // 32)
    close(*(p.train_step(p.init(0), batch)[0].params for p in (program, bound)))


def test_a_schedule_of_other_data_says_what_to_write_and_that_is_enough() -> None:
    program = netspec.compile(COSINE)
    with pytest.raises(SpecError, match=r"(?s)clock-needed.*optimizer = sgd.*at\(steps_per_epoch=len\(batches\)\)"):
        program.train_step(program.init(0), BATCH)
    bound = program.at(steps_per_epoch=7)
    assert bound.clock == netspec.Clock(7, 7) and program.at(netspec.Clock(7, 7)).clock == bound.clock
    assert int(bound.train_step(bound.init(0), BATCH)[0].step) == 1
    assert program.at(steps_per_epoch=7, total_steps=70).clock == netspec.Clock(7, 70)


@pytest.mark.parametrize("steps", [0, -1, 2.5, "7", True, None])
def test_what_is_no_number_of_steps(steps: Any) -> None:
    with pytest.raises(ValueError, match="steps"):
        netspec.compile(COSINE).at(steps_per_epoch=steps)
