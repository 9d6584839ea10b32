"""Whole numbers of few bits, numbers that are none, keys of JAX, sizes beyond the limits, batches of none, with their right answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.texts import NumberTooLarge
from netspec.diagnostics.running.runs import GradientNotFinite
from netspec.diagnostics.shapes.expansion import SizeOutOfRange, WeightNotTrained
from netspec.diagnostics.shapes.operands import LiteralDoesNotFit
from netspec.diagnostics.shapes.sizes import InitializerDoesNotFit, UnprovenSize
from netspec.source import Source

HERE = Path(__file__).parent
SMALL = ("u8", "i8", "u32")
NUMPY = {"u8": "u1", "i8": "i1", "u32": "u4", "i32": "i4"}


def text(name: str) -> str:
    return next(HERE.glob(f"*/{name}*.net")).read_text()


def made(spec: str, **more: Any) -> Any:
    return netspec.compile(Source("m.net", spec if spec.startswith("netspec") else f"netspec 1\n{spec}"), **more)


def problems(spec: str) -> list[Diagnostic]:
    checked = netspec.check(Source("m.net", spec if spec.startswith("netspec") else f"netspec 1\n{spec}"))
    return [problem for problem in checked.problems if problem.severity == "error"]


def refused(run: Any) -> Diagnostic:
    with pytest.raises(netspec.SpecError) as caught:
        run()
    return caught.value.diagnostics[0]


# --- traps 22 to 25: small integers wrap ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SMALL)
def test_labels_of_256_classes(kind: str) -> None:
    program = made(text("22-u8-labels").replace("label: u8[]", f"label: {kind}[]"))
    label = np.array([3, 127], NUMPY[kind])
    found = program.finish(program.eval_step(program.init(0), {"x": np.zeros((2, 256), "f"), "label": label}), "eval")
    np.testing.assert_allclose(found["loss"], np.log(256), 1e-6)


def test_the_last_element_by_minus_one() -> None:
    program = made(text("23-i8-index"))
    table = np.arange(300, dtype="f")
    assert np.asarray(program.apply(program.init(0), table=table, i=np.array([-1], "i1"))["y"]) == [299]


@pytest.mark.parametrize("kind", SMALL)
def test_one_hot_of_300(kind: str) -> None:
    program = made(text("24-u8-one-hot").replace("u8[1]", f"{kind}[1]"))
    found = np.asarray(program.apply(program.init(0), i=np.array([5], NUMPY[kind]))["y"])
    assert found.nonzero()[1].tolist() == [5]


def test_lengths_of_300_steps_backwards() -> None:
    spec = text("25-u8-lengths")

    def run(kind: str) -> Any:
        program = made(spec.replace("u8[B]", f"{kind}[B]"))
        return np.asarray(program.apply(program.init(0), x=np.ones((1, 300, 1), "f"), n=np.array([200], NUMPY[kind]))["y"])

    np.testing.assert_array_equal(run("u8"), run("i32"))


def test_generating_gives_the_same_for_bytes() -> None:
    """A model of bytes: decoders feed what the model reads, in the type in which it reads it."""
    spec = """model M {
  input tokens: KIND[B, T]
  output logits = tokens -> embed(256, 8) -> gru(16) -> dense(256)
}
serve M { tokens = beam(logits, start=255, stop=0, size=3, limit=6) }"""

    def run(kind: str) -> Any:
        program = made(spec.replace("KIND", kind))
        return program.decode(program.init(3), examples=2)

    for name, wanted in run("i32").items():
        np.testing.assert_array_equal(run("u8")[name], wanted)


def test_what_is_generated_fits_the_type_of_what_is_fed() -> None:
    spec = """model M {
  input tokens: u8[B, T]
  output logits = tokens -> embed(256, 4) -> dense(300)
}
serve M { tokens = greedy(logits, start=1, limit=6) }"""
    (problem,) = problems(spec)
    assert isinstance(problem, LiteralDoesNotFit) and problem.literal == 299
    program = made(spec.replace("300", "256"))
    assert program.decode(program.init(), tokens=np.zeros((0, 2), "u1"))["tokens"].shape == (0, 6)


@pytest.mark.parametrize("line", ["softmax_cross_entropy(logits, label, ignore=-1)", "softmax_cross_entropy(logits, label, ignore=300)"])
def test_a_label_to_ignore_fits_the_labels(line: str) -> None:
    spec = LABELS.replace("label: i32", "label: u8").replace("softmax_cross_entropy(logits, label)", line)
    (problem,) = problems(spec)
    assert isinstance(problem, LiteralDoesNotFit)
    assert not problems(LABELS.replace("softmax_cross_entropy(logits, label)", line))


@pytest.mark.parametrize("chain", ["bucket_by_length([100, 400])", 'bucket_by_length([200], longer="cut")', "pack(300)", "shuffle"])
def test_chains_of_data_give_the_same_for_every_type(chain: str) -> None:
    """Sequences of more than 127 and of 255 elements, tokens and lengths in each type."""
    spec = """model M {
  input tokens: FED[B, T]
  output logits = tokens -> embed(256, 4) -> dense(256)
}
train M {
  data = arrays(fields={tokens: KIND[T], length: LENGTH[]}) -> CHAIN -> batch(2)
  loss = softmax_cross_entropy(logits, tokens)
  optimizer = sgd(0.1)
  duration = 1 epoch
}"""
    rows = [np.random.default_rng(n).integers(0, 256, n) for n in (3, 100, 120, 250, 90, 255)]

    def run(kind: str, length: str) -> Any:
        text = (
            spec.replace("FED", "i32" if "pack" in chain else kind).replace("KIND", kind).replace("LENGTH", length).replace("CHAIN", chain)
        )
        feed, *_ = made(text).feeds({"tokens": [row.astype(NUMPY[kind]) for row in rows]}, None, None)
        return [{name: x.tolist() for name, x in batch.items()} for batch in feed.training(0)]

    wanted = run("i32", "i32")
    assert wanted and all(run(kind, length) == wanted for kind, length in (("u8", "i32"), ("i32", "u8"), ("u32", "u32")))


def test_what_training_makes_of_bytes_is_what_it_makes_of_i32() -> None:
    """The whole way: bytes moved to the right, an embedding, a loss over 256 classes, metrics."""
    spec = """model M {
  input tokens: KIND[B, T]
  output logits = tokens -> shift_right(start=255) -> embed(256, 8) -> dense(256)
}
train M {
  data = arrays(fields={tokens: KIND[40]}) -> batch(2)
  loss = softmax_cross_entropy(logits, tokens)
  metric best = top_k_accuracy(logits, tokens, k=3)
  metric score = f1(logits, tokens)
  optimizer = sgd(0.5)
  duration = 2 epochs
}"""
    tokens = np.random.default_rng(0).integers(0, 256, (4, 40))

    def run(kind: str) -> Any:
        data = {"tokens": tokens.astype(NUMPY[kind])}
        return made(spec.replace("KIND", kind)).fit(data, validation=data).metrics

    assert run("u8") == run("i32")


@pytest.mark.parametrize(
    "call",
    [
        "u == 300",
        "-1 < u",
        "where(u > 3, u, 300)",
        "maximum(u, 256)",
        "u + 256",
        "clip(u, 0, 256)",
        "pad(u, [0, 1], value=300)",
        "u -> shift_right(start=300)",
        "u -> shift_right(start=-1)",
        "full([3], 300, dtype=u8)",
        "iota(300, dtype=u8)",
        "iota(3, dtype=bool)",
    ],
)
def test_constants_that_the_type_does_not_hold(call: str) -> None:
    (problem,) = problems(f"model M {{\n  input u: u8[B, 3]\n  output y = {call}\n  output z = u\n}}")
    assert isinstance(problem, LiteralDoesNotFit) and problem.help()
    if "u8" in problem.message():
        assert "0 to 255" in problem.message()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("buffer n: u8[3] = constant(300)", LiteralDoesNotFit),
        ("buffer n: i8[3] = from_values([1, 2, 128])", LiteralDoesNotFit),
        ("buffer n: u8[3] = constant(2.5)", LiteralDoesNotFit),
        ("weight n: f16[3] = constant(1e6)", LiteralDoesNotFit),
        ("buffer n: i32[3] = normal(0.1)", InitializerDoesNotFit),
        ("weight n: i32[3] = ones", WeightNotTrained),
    ],
)
def test_first_values_that_the_type_does_not_hold(line: str, problem: type[Diagnostic]) -> None:
    (found,) = problems(f"model M {{\n  input x: f32[B, 3]\n  {line}\n  output y = x + cast(n, f32)\n}}")
    assert isinstance(found, problem)


def test_places_of_a_free_size_need_a_type_that_holds_them() -> None:
    spec = "model M {{\n  {}input x: f32[B, T]\n  output y = x + cast(iota(T, dtype=u8), f32)\n}}"
    (found,) = problems(spec.format(""))
    assert isinstance(found, UnprovenSize)
    assert not problems(spec.format("dim T <= 256\n  ")) and not problems(spec.format("").replace("u8", "i32"))


def test_division_of_whole_numbers_by_0_is_0_in_every_type() -> None:
    for kind in (*SMALL, "i32"):
        program = made(f"model M {{\n  input x: {kind}[3]\n  input y: {kind}[3]\n  output q = x // y\n  output r = x % y\n}}")
        x, y = np.array([5, 0, 7], NUMPY[kind]), np.array([0, 0, 2], NUMPY[kind])
        found = program.apply(program.init(), x=x, y=y)
        assert (np.asarray(found["q"]).tolist(), np.asarray(found["r"]).tolist()) == ([0, 0, 3], [0, 0, 1])


# --- reports 06: numbers out of range ------------------------------------------------------------------------------------


def test_an_id_beyond_the_vocabulary_is_refused_in_predict() -> None:
    program = made(text("06-predict-id"))
    state = program.init(0)
    wanted = NumberTooLarge(field="tokens", record=0, value=10, op="embed", below=10, least=-10)
    tokens = np.array([[1, 10, 3]], "i4")
    assert refused(lambda: program.predict(state, tokens=tokens)) == wanted
    assert refused(lambda: program.apply(state, tokens=jax.numpy.asarray(tokens))) == wanted
    assert np.isfinite(program.predict(state, tokens=np.array([[1, 9, -10]], "i4"))["logits"]).all()


@pytest.mark.parametrize(
    ("call", "good", "bad"),
    [
        ("table[i]", [0, 6, -7], [[7], [-8]]),
        ("gather(table, i)", [0, 6, -7], [[7], [-8]]),
        ("(i -> one_hot(7)) @ table", [0, 6, -1], [[7]]),
        ("i -> embed(7, 2)", [0, 6, -7], [[7], [-8]]),
        ("i -> Inner", [0, 6], [[7]]),
    ],
)
def test_ids_and_indices_out_of_range(call: str, good: list[int], bad: list[list[int]]) -> None:
    program = made(
        f"block Inner {{\n  input i: i32[N]\n  output i -> embed(7, 2)\n}}\n"
        f"model M {{\n  input table: f32[7, 2]\n  input i: i32[N]\n  output y = {call}\n  output t = table\n}}"
    )
    state, table = program.init(0), np.ones((7, 2), "f")
    assert np.isfinite(program.predict(state, table=table, i=np.array(good, "i4"))["y"]).all()
    for numbers in bad:
        assert isinstance(refused(lambda i=numbers: program.predict(state, table=table, i=np.array(i, "i4"))), NumberTooLarge)


def test_an_index_outside_an_axis_of_free_size() -> None:
    program = made("model M {\n  input nodes: f32[N, 2]\n  input i: i32[E]\n  output y = nodes[i]\n}")
    found = refused(lambda: program.predict(program.init(), nodes=np.ones((4, 2), "f"), i=np.array([0, 4], "i4")))
    assert isinstance(found, NumberTooLarge) and (found.value, found.below) == (4, 4)


LABELS = """model M {
  input x: f32[B, 3]
  output logits = x -> dense(5)
}
train M {
  data = arrays(fields={x: f32[3], label: i32[]}) -> batch(2)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 step
}"""


@pytest.mark.parametrize("label", [5, -1])
def test_a_label_that_is_no_class(label: int) -> None:
    program, x = made(LABELS), np.ones((2, 3), "f")
    batch = {"x": x, "label": np.array([0, label], "i4")}
    for run in (
        lambda: program.eval_step(program.init(), batch),
        lambda: program.train_step(program.init(), batch),
        lambda: program.fit(batch),
    ):
        found = refused(run)
        assert isinstance(found, NumberTooLarge) and (found.record, found.value, found.op) == (1, label, "softmax_cross_entropy")
    weight = np.array([1, 0], "f")
    assert np.isfinite(program.finish(program.eval_step(program.init(), {**batch, "example weights": weight}), "eval")["loss"])


# --- trap 30: numbers that are none -----------------------------------------------------------------------------------------

PLACES = {
    "n = sqrt(sum(z * z, axis=-1))\n  output y = where(n > 0, n, 0.0)": "sqrt(sum(z * z, axis=-1))",
    "q = sum(z * z, axis=-1)\n  output y = where(q > 0, q ** 0.5, 0.0)": "**",
    "q = sum(z * z, axis=-1)\n  output y = where(q > 0, q / sqrt(q), 0.0)": "/",
    "repeat 4 { z = z -> dense(4, bias=false) \n z = where(z > 0, sqrt(z), 0.0) }\n  output y = sum(z, axis=-1)": "sqrt(z)",
    "output y = z -> Length": "sqrt(sum(square(x), axis=-1))",
}


@pytest.mark.parametrize(("body", "place"), PLACES.items(), ids=PLACES.values())
@pytest.mark.parametrize("more", ["", "accumulate = 2"])
def test_the_op_whose_gradient_is_no_number(body: str, place: str, more: str) -> None:
    if more and place != "/":
        return
    inner = "block Length {\n  input x: f32[B, F]\n  output where(sum(x, axis=-1) != 0, sqrt(sum(square(x), axis=-1)), 0.0)\n}\n"
    spec = text("30-nan-weights").replace("netspec 1\n", f"netspec 1\n{inner}").replace("  duration", f"  {more}\n  duration")
    spec = spec.replace("t: f32[]})", "t: f32[]}, validation=none)")
    head, rest = spec.split("  n = sqrt", 1)
    spec = f"{head}  {body}\n}}{rest.split('}', 1)[1]}"
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("f")
    x[2] = 0
    found = refused(lambda: made(spec).fit({"x": x, "t": np.ones(8, "f")}))
    assert isinstance(found, GradientNotFinite) and found.at.text == place and found.help()


def test_a_gradient_that_breaks_late_is_found_without_a_run() -> None:
    """The record that breaks it comes in the last batch of an epoch, and the loss stays a number to the end."""
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("f")
    x[30] = 0
    found = refused(lambda: made(text("30-nan-weights")).fit({"x": x, "t": np.ones(32, "f")}))
    assert isinstance(found, GradientNotFinite) and found.op == "sqrt" and found.step > 1


# --- trap 27: init under transformations of JAX ----------------------------------------------------------------------------


def test_init_takes_numbers_of_the_host() -> None:
    program = made(text("27-vmap"))
    for run in (lambda: jax.vmap(program.init)(np.arange(3)), lambda: jax.jit(program.init)(3), lambda: program.init(1.5)):
        with pytest.raises(TypeError, match="init_traced"):
            run()
    one, other = (np.asarray(program.init(seed).params["dense_0/kernel"]) for seed in (3, np.int64(3)))
    np.testing.assert_array_equal(one, other)


def test_members_of_an_ensemble_differ() -> None:
    program = made(text("27-vmap"))
    members = jax.vmap(program.init_traced)(jax.random.split(jax.random.key(0), 3))
    kernel = np.asarray(members.params["dense_0/kernel"])
    assert kernel.shape == (3, 5, 5) and not any((kernel[i] == kernel[j]).any() for i, j in ((0, 1), (0, 2), (1, 2)))
    again = jax.jit(program.init_traced)(jax.random.split(jax.random.key(0), 3)[1])
    np.testing.assert_allclose(again.params["dense_0/kernel"], kernel[1], 1e-6)
    shapes = jax.eval_shape(program.init_traced, jax.random.key(0))
    assert jax.tree.map(lambda x: (x.shape, x.dtype), shapes) == jax.tree.map(lambda x: (x.shape, x.dtype), program.init(0))
    with pytest.raises(TypeError, match="vmap"):
        program.init_traced(jax.random.split(jax.random.key(0), 3))


# --- traps 33 and 34: sizes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        text("33-kernel"),
        text("34-table"),
        "model M {\n  input x: f32[B, 8, 10_000_000]\n  output y = x -> lstm(10_000_000)\n}",
        "model M {\n  input x: f32[B, 3_000_000]\n  output y = x -> dense(3_000_000)\n}",
        "model M {\n  input x: f32[B, 9, 8]\n  output y = x -> learned_positions(3_000_000_000)\n}",
    ],
)
def test_weights_are_within_the_limits(spec: str) -> None:
    (found,) = problems(spec)
    assert isinstance(found, SizeOutOfRange) and "parameter" in found.message()


# --- item 9: f64 ---------------------------------------------------------------------------------------------------------------


def test_precision_f64_trains_in_f64_and_leaves_jax_as_it_is(tmp_path: Path) -> None:
    spec = LABELS.replace("  duration = 1 step", "  precision = f64\n  duration = 3 epochs")
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(8, 3)), "label": rng.integers(0, 5, 8)}
    fit = made(spec).fit(data, validation=data, out=tmp_path / "run")
    assert {str(x.dtype) for x in fit.state.params.values()} == {"float64"} and not jax.config.read("jax_enable_x64")
    with jax.enable_x64(True):
        assert made(spec).fit(data, validation=data).metrics == fit.metrics
    found = netspec.load(tmp_path / "run").predict(x=data["x"])["logits"]
    assert found.dtype == np.float64
    kernel, bias = (np.asarray(fit.state.params[f"dense_0/{name}"]) for name in ("kernel", "bias"))
    np.testing.assert_allclose(found, data["x"] @ kernel + bias, 1e-14)


def test_weights_of_layers_on_f64_are_f64() -> None:
    program = made("model M {\n  input x: f64[B, 4]\n  weight w: f64[4] = ones\n  output y = (x * w) -> dense(3) -> layer_norm\n}")
    state = program.init(0)
    assert {str(x.dtype) for x in state.params.values()} == {"float64"}
    x = np.random.default_rng(0).normal(size=(5, 4))
    h = x @ np.asarray(state.params["dense_0/kernel"])
    wanted = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(program.predict(state, x=x)["y"], wanted, 1e-12)


# --- item 12: batches of none, and of one size -----------------------------------------------------------------------------------


def test_no_examples_give_an_answer_of_none() -> None:
    program = made("model M {\n  input x: f32[B, T, 4]\n  input n: i32[B]\n  output y = x -> dense(3)\n  output z = n\n}")
    state, none = program.init(), {"x": np.zeros((0, 5, 4), "f"), "n": np.zeros(0, "i4")}
    for found in (program.predict(state, **none), program.apply(state, **none)):
        assert {name: (x.shape, x.dtype.name) for name, x in found.items()} == {"y": ((0, 5, 3), "float32"), "z": ((0,), "int32")}
    assert program.predict(state, x=[], n=[])["z"].shape == (0,)
    for wrong in ({**none, "x": np.zeros((0, 5, 3), "f")}, {**none, "x": np.zeros((0, 5, 4), "i4")}, {**none, "n": np.zeros(2, "i4")}):
        assert refused(lambda given=wrong: program.predict(state, **given)).slug() == "array-mismatch"


def test_a_model_of_a_fixed_batch_is_trained_by_batches_of_that_size() -> None:
    free = LABELS.replace("batch(2)", "batch(4)").replace("1 step", "2 epochs")
    fixed = free.replace("f32[B, 3]", "f32[4, 3]")
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(10, 3)).astype("f"), "label": rng.integers(0, 5, 10).astype("i4")}
    one, other = made(fixed).fit(data, validation=data), made(free).fit(data, validation=data)
    np.testing.assert_allclose(one.metrics["loss"], other.metrics["loss"], 1e-6)
    np.testing.assert_allclose(one.predict(x=data["x"])["logits"], other.predict(x=data["x"])["logits"], 1e-5)
    (found,) = problems(fixed.replace("batch(4)", "batch(5)"))
    assert found.slug() == "field-mismatch" and "batch(4)" in (found.help() or "")
