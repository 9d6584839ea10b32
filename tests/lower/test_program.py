"""Programs from end to end: init, steps, statistics, phases, precision and clocks."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.running.weights import ClockNeeded, NothingToTrain, WeightsMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Measurement, Typed
from netspec.library.base import Clock, Duration, Weight
from netspec.library.functions.arithmetic import Add
from netspec.library.initializers.distributions import Ones
from netspec.library.layers.dense import Dense
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.norm import BatchNorm
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.metrics.means import Mean
from netspec.library.optimizers.adam import AdamW
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.schedules import Cosine, Linear, WarmupCosine
from netspec.lower.batch_statistics import merge
from netspec.lower.program import Program
from tests.compilations import compilations
from tests.lower.build import Builder
from tests.lower.models import batch, convnet, deep, measuring, objective, plan, program


def linear(optimizer: Any = None) -> Program:
    """One dense layer, trained by plain gradient descent where no other optimizer is given."""
    b = Builder("Linear")
    model = b.body(logits=b.op(Dense(features=3), b.input("x", "f32[B, 4]")))
    return program(model, optimizer=optimizer or Sgd(learning_rate=0.5))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_a_step_of_gradient_descent_by_hand() -> None:
    p, data = linear(), batch()
    state = p.init()
    kernel, bias = np.array(state.params["dense_0/kernel"]), np.array(state.params["dense_0/bias"])
    state, statistics = p.train_step(state, data)
    probabilities = softmax(data["x"] @ kernel + bias)
    chosen = probabilities[np.arange(8), data["label"]]
    error = (probabilities - np.eye(3)[data["label"]]) / 8
    np.testing.assert_allclose(state.params["dense_0/kernel"], kernel - 0.5 * data["x"].T @ error, rtol=1e-5, atol=1e-6)
    numbers = p.finish(statistics)
    assert numbers["loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-5)
    assert numbers["accuracy"] == pytest.approx((probabilities.argmax(1) == data["label"]).mean())
    assert int(state.step) == 1


def test_training_lowers_the_loss() -> None:
    p = program(convnet(), optimizer=AdamW(learning_rate=0.01))
    state, losses = p.init(), []
    for _ in range(20):
        state, statistics = p.train_step(state, batch(shape=(6, 6, 2)))
        losses.append(p.finish(statistics)["loss"])
    assert losses[-1] < losses[0] / 2


def test_the_second_step_compiles_nothing() -> None:
    p = program(deep(4, rate=0.2), optimizer=AdamW(learning_rate=Linear(start=0.1)))
    state = p.init()
    with compilations() as compiled:
        for i in range(3):
            state, _ = p.train_step(state, batch(seed=i))
            p.eval_step(state, batch(seed=i), first=8 * i)
            if i == 0:
                assert compiled
                compiled.clear()
    assert compiled == []


def test_a_step_donates_its_state() -> None:
    p = linear()
    state = p.init()
    p.train_step(state, batch())
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))


def test_a_state_that_was_given_away_is_told_so() -> None:
    made, given = linear(), batch()
    state = made.init()
    made.train_step(state, given)
    calls: list[Callable[[], Any]] = [
        lambda: made.train_step(state, given),
        lambda: made.eval_step(state, given),
        lambda: made.predict(state, x=given["x"]),
        lambda: made.apply(state.params, x=given["x"]),
        lambda: made.loss(state.params, given),
        lambda: made.unpack(state),
        lambda: made.pack(state),
        lambda: made.averaged(state),
    ]
    for call in calls:
        with pytest.raises(SpecError, match="was given away to `train_step`"):
            call()


def test_a_state_is_saved_and_goes_on() -> None:
    """With the optimizer's moments and the step, as a copy does."""
    made = linear(AdamW(learning_rate=0.01))
    state, _ = made.train_step(made.init(), batch())
    saved = pickle.loads(pickle.dumps(jax.device_get(state)))
    wanted, _ = made.train_step(jax.tree.map(jnp.copy, state), batch())
    found, _ = made.train_step(saved, batch())
    jax.tree.map(np.testing.assert_array_equal, found, wanted)
    made.train_step(state, batch())


def test_a_program_is_shown_on_a_line() -> None:
    assert repr(linear()) == "<Program Linear(x: f32[B, 4]) -> logits, trained by train>"


def test_inputs_by_place_are_refused() -> None:
    made = linear()
    with pytest.raises(TypeError, match=r"inputs go by name, `apply\(state, x=…\)`"):
        made.apply(made.init(), batch()["x"])  # type: ignore[arg-type]


def test_unpacked_weights_survive_the_next_step() -> None:
    """On a CPU a NumPy array may share memory with a state that the next step overwrites."""
    p = linear()
    state = p.init()
    tree = p.unpack(state)
    kept = jax.tree.map(np.copy, tree)
    p.train_step(state, batch())
    jax.tree.map(np.testing.assert_array_equal, tree, kept)


def test_weights_leave_and_enter_again() -> None:
    p, data = program(deep(4)), batch()
    state, _ = p.train_step(p.init(), data)
    tree = p.unpack(state)
    np.testing.assert_array_equal(p.apply(tree, x=data["x"])["logits"], p.apply(state, x=data["x"])["logits"])
    again = p.pack(tree)
    jax.tree.map(np.testing.assert_array_equal, again.params, state.params)
    assert int(again.step) == 0


def test_weights_that_do_not_fit_are_refused() -> None:
    p = linear()
    with pytest.raises(SpecError, match="unknown dense_1/kernel") as caught:
        p.pack({"params": {"dense_1": {"kernel": np.zeros((4, 3))}}})
    assert isinstance(caught.value.diagnostics[0], WeightsMismatch)


def test_apply_is_differentiable_in_the_logical_tree() -> None:
    p = program(deep(4))
    tree = jax.tree.map(jax.numpy.asarray, p.unpack(p.init()))
    grads = jax.grad(lambda t: p.apply(t, x=batch()["x"])["logits"].sum())(tree)
    assert grads["params"]["dense_1"]["bias"].tolist() == [8.0, 8.0, 8.0]
    assert np.abs(grads["params"]["Block_3"]["dense_0"]["kernel"]).max() > 0


def test_statistics_add_up_over_batches_with_weights() -> None:
    """A padded last batch counts its own examples only, and NaN in the padding does no harm."""
    p, data = linear(), batch(20)
    state = p.init()
    whole = p.finish(p.eval_step(state, data), "eval")
    parts = [{k: v[i : i + 8] for k, v in data.items()} for i in (0, 8, 16)]
    fill = {"x": np.full((4, 4), np.nan, np.float32), "label": np.full(4, 99, np.int32)}
    parts[2] = {k: np.concatenate([v, fill[k]]) for k, v in parts[2].items()}
    weights = [np.ones(8), np.ones(8), np.array([1, 1, 1, 1, 0, 0, 0, 0])]
    total = None
    for part, weight in zip(parts, weights, strict=True):
        statistics = p.eval_step(state, {**part, "example weights": weight.astype(np.float32)})
        total = statistics if total is None else merge(total, statistics)
    assert p.finish(total, "eval") == pytest.approx(whole, rel=1e-6)  # type: ignore[arg-type]
    assert all(leaf.dtype == np.float64 for leaf in jax.tree.leaves(total))


def test_padding_does_not_move_a_training_step() -> None:
    """Batch statistics, loss and update are those of the examples that count."""
    results = []
    for size in (6, 8):
        p = program(convnet())
        data = batch(8, (6, 6, 2))
        data["x"][6:] = 1e3
        cut = {k: v[:size] for k, v in data.items()}
        weight = np.array([1, 1, 1, 1, 1, 1, 0, 0], np.float32)[:size]
        state, statistics = p.train_step(p.init(), {**cut, "example weights": weight})
        results.append((p.unpack(state), statistics))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), *results)


def test_masks_weigh_values_and_scalars_count_as_they_are() -> None:
    b = Builder("objective")
    logits, label, mask = b.input("output.logits", "f32[B, 3]"), b.input("label", "i32[B]"), b.input("mask", "bool[B]")
    constant = b.op(Scalar(), logits)
    f = Builder("finish")
    loss, level = f.input("loss", "f32[]"), f.input("level", "f32[]")
    measurements = (
        Measurement(SoftmaxCrossEntropy(), (logits, label), loss, (("mask", mask),)),
        Measurement(Mean(), (constant,), level, per_example=False),
    )
    goal = replace(objective(linear().model), body=b.body(), measurements=measurements, finish=f.body(loss=loss, level=level))
    p = linear()
    p = Program.of(Typed({}, (measuring(p.plan, goal),)))  # type: ignore[arg-type]
    data = batch()
    keep = np.arange(8) % 2 == 0
    weight = np.arange(8).astype(np.float32)
    state = p.init()
    logs = np.log(softmax(data["x"] @ np.array(state.params["dense_0/kernel"])))[np.arange(8), data["label"]]
    _, ((total, count), (one, once)) = p.train_step(state, {**data, "mask": keep, "example weights": weight})
    assert float(count) == 12.0
    assert float(total) == pytest.approx(-(logs * keep * weight).sum(), rel=1e-5)
    assert (float(one), float(once)) == (7.0, 1.0)


class Scalar(Add):
    """Any tensor -> 7, a number that counts no examples."""

    def shape(self, facts, x):  # type: ignore[no-untyped-def, override]
        return x.with_shape(())

    def apply(self, scope, x):  # type: ignore[no-untyped-def, override]
        return jax.numpy.float32(7)


def test_phases_choose_regions_and_the_meaning_of_ops() -> None:
    b = Builder("Phases")
    x = b.input("x", "f32[B, 4]")
    trained = b.when("train", x, lambda: b.op(Add(), x, x))
    gated = b.when("eval", trained, lambda: b.op(Add(), trained, b.variable("offset", Weight((4,), Ones()))))
    model = b.body(y=b.op(Dropout(rate=0.5), gated))
    p = program(deep(2))
    p = replace(p, model=model, layout=type(p.layout).of(model), plan=None)
    ones = np.ones((2, 4), np.float32)
    assert set(p.init().params) == {"offset"}
    np.testing.assert_array_equal(p.apply(p.init(), x=ones)["y"], 2 * ones)
    np.testing.assert_array_equal(p.predict(p.init(), x=ones)["y"], ones)
    trained_y = p._forward("train", {"offset": ones[0]}, {}, {"x": ones}, step=0)[0]["y"]
    assert set(np.unique(trained_y)) <= {0.0, 4.0}


def test_buffers_move_in_training_only() -> None:
    p = program(convnet())
    state = p.init()
    data = batch(shape=(6, 6, 2))
    p.eval_step(state, data)
    assert np.all(np.asarray(state.buffers["batch_norm_0/mean"]) == 0)
    state, _ = p.train_step(state, data)
    assert np.any(np.asarray(state.buffers["batch_norm_0/mean"]) != 0)


def test_mixed_precision_keeps_parameters_and_results_in_f32() -> None:
    data = batch(shape=(6, 6, 2))
    mixed, full = program(convnet(), precision="mixed(bf16)"), program(convnet())
    state = mixed.init()
    a, b = mixed.apply(state, x=data["x"])["logits"], full.apply(full.init(), x=data["x"])["logits"]
    assert a.dtype == np.float32
    np.testing.assert_allclose(a, b, atol=0.05)
    assert not np.allclose(a, b, atol=1e-5)
    state, statistics = mixed.train_step(state, data)
    assert {str(x.dtype) for x in jax.tree.leaves((state.params, state.buffers))} == {"float32"}
    assert {str(x.dtype) for x in jax.tree.leaves(statistics)} <= {"float32", "int32"}
    text = str(jax.make_jaxpr(mixed._apply)(state.params, state.buffers, {"x": data["x"]}))
    assert "bf16[8,6,6,4] = conv_general_dilated" in text


def test_a_schedule_needs_a_clock_only_when_it_asks_for_it() -> None:
    steps, epochs = Duration(20, "step"), Duration(2, "epoch")
    warm = WarmupCosine(peak=0.1, warmup=Duration(1, "epoch"))
    model = linear().model
    for schedule, duration in ((Cosine(start=0.1), steps), (Cosine(start=0.1, duration=steps), epochs)):
        p = program(model, optimizer=Sgd(learning_rate=schedule), duration=duration)
        p.train_step(p.init(), batch())
    for schedule, duration in ((warm, steps), (Cosine(start=0.1), epochs)):
        p = program(model, optimizer=Sgd(learning_rate=schedule), duration=duration)
        with pytest.raises(SpecError) as caught:
            p.train_step(p.init(), batch())
        assert isinstance(caught.value.diagnostics[0], ClockNeeded)
        p = p.at(Clock(steps_per_epoch=5, total_steps=10))
        p.train_step(p.init(), batch())


def test_a_clock_sets_the_rate_of_each_step() -> None:
    p = program(linear().model, optimizer=Sgd(learning_rate=Linear(start=1.0)), duration=Duration(1, "epoch")).at(Clock(4, 4))
    state, moves = p.init(), []
    for _ in range(5):
        before = np.array(state.params["dense_0/bias"])
        state, _ = p.train_step(state, batch())
        moves.append(np.abs(np.array(state.params["dense_0/bias"]) - before).max())
    assert moves[0] > 0 and moves[4] == 0


def test_a_model_without_a_train_section_only_applies() -> None:
    model = deep(2)
    p = Program.of(Typed({"Deep": model}))
    state = p.init(4)
    assert state.optimizer == ()
    assert p.predict(state, x=batch()["x"])["logits"].shape == (8, 3)
    with pytest.raises(SpecError) as caught:
        p.train_step(state, batch())
    assert isinstance(caught.value.diagnostics[0], NothingToTrain)


def test_the_section_and_model_asked_for() -> None:
    one, two = deep(2), replace(deep(3), name="Other")
    plans = (plan(one), replace(plan(two), name="second"))
    typed = Typed({"Deep": one, "Other": two, "Third": convnet()}, plans)
    assert Program.of(typed).model is one
    assert Program.of(typed, train="second").model is two
    assert Program.of(typed, model="Other").plan is plans[1]
    assert Program.of(typed, model="Third").plan is None


def test_norms_without_parameters_train() -> None:
    b = Builder("Bare")
    x = b.op(BatchNorm(scale=False, bias=False), b.input("x", "f32[B, 4]"))
    p = program(b.body(logits=b.op(Dense(features=3), x)))
    state, _ = p.train_step(p.init(), batch())
    assert set(state.buffers) == {"batch_norm_0/mean", "batch_norm_0/var"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.full(3, 1j), "dense_0/bias has complex numbers in place of float32"),
        (np.array([0.0, 1e300, 0.0]), "dense_0/bias has 1e+300, which float32 does not hold"),
    ],
)
def test_weights_that_the_element_type_does_not_hold(value: np.ndarray, said: str) -> None:
    p = linear()
    params = {**p.init().params, "dense_0/bias": value}
    for call in (p.pack, lambda given: p.apply(given, x=batch()["x"]), lambda given: p.loss(given, batch())):
        with pytest.raises(SpecError, match=re.escape(said)) as caught:
            call(params)
        assert isinstance(caught.value.diagnostics[0], WeightsMismatch)


@pytest.mark.parametrize("given", [{}, "a", ("a",), None])
def test_finish_takes_statistics(given: object) -> None:
    with pytest.raises(TypeError, match="`finish` takes statistics, as `train_step`"):
        linear().finish(given)  # type: ignore[arg-type]
