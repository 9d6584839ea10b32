"""A repeat means the same scanned and unrolled: values, gradients, buffers, random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from netspec.compile import check
from netspec.ir import Body, Typed
from netspec.library.base import Weight
from netspec.library.functions.arithmetic import Add, Multiply
from netspec.library.initializers.distributions import Normal, Ones, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.norm import BatchNorm
from netspec.lower.layout import Layout
from netspec.lower.loops import Loop, Lowering
from netspec.lower.program import Program
from netspec.lower.repeat_lowering import choose_lowering
from netspec.source import Source
from tests.lower.build import Builder, literal
from tests.lower.models import batch, block, deep, program
from tests.quick import thin


@pytest.fixture
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def head(b: Builder, x: int) -> Body:
    return b.body(logits=b.op(Dense(features=3), x))


def plain() -> Body:
    return deep(5)


def dropping() -> Body:
    return deep(5, rate=0.4)


def nested() -> Body:
    """A repeat of blocks inside a repeat, with dropout between."""
    b = Builder("Nested")
    x = b.op(Dense(features=6), b.input("x", "f32[B, 4]"))
    inner = block(6, 0.2)

    def outer(h: int, i: int) -> int:
        return b.op(Dropout(rate=0.3), b.repeat(3, h, lambda g, j: b.call(inner, g)))

    return head(b, b.repeat(2, x, outer))


def block_with_repeat() -> Body:
    """A block that repeats, called in a repeat: loop indices count within their own body only."""
    inner = Builder("Stage")
    x = inner.input("x", "f32[B, 6]")
    unit = block(6)
    stage = inner.body(y=inner.repeat(2, x, lambda h, i: inner.call(unit, h)))
    b = Builder("Stages")
    x = b.op(Dense(features=6), b.input("x", "f32[B, 4]"))
    return head(b, b.repeat(3, x, lambda h, i: b.call(stage, h)))


def tied() -> Body:
    """A layer with buffers shared by all iterations, and dropout shared by two nodes of each."""
    b = Builder("Tied")
    x = b.op(Dense(features=6), b.input("x", "f32[B, 4]"))
    norm, drop = BatchNorm(momentum=0.8), Dropout(rate=0.5)

    def step(h: int, i: int) -> int:
        h = b.op(norm, b.op(Dense(features=6), h), label="norm", shared=True)
        h = b.op(drop, h, label="drop", shared=True)
        return b.op(drop, h, label="drop", shared=True)

    x = b.op(norm, x, label="norm", shared=True)
    return head(b, b.repeat(4, x, step))


def weighted() -> Body:
    """A `weight`, a written `buffer`, and the iteration's number in a repeat; the carried value starts as a literal."""
    b = Builder("Weighted")
    x = b.op(Dense(features=6), b.input("x", "f32[B, 4]"))

    def step(total: int, i: int) -> int:
        gain = b.variable("gain", Weight((), Normal(stddev=1.0)))
        count = b.variable("count", Weight((), Zeros()))
        seen = b.variable("seen", Weight((), Ones()), buffer=True)
        b.write("seen", b.op(Add(), seen, gain))
        term = b.op(Multiply(), b.op(Multiply(), gain, seen), b.op(Cast(), i))
        return b.op(Add(), total, b.op(Add(), term, count))

    total = b.repeat(4, literal(0.5), step, indexed=True)
    return head(b, b.op(Multiply(), x, total))


class Cast(Multiply):
    """i32[] -> f32[], for want of `cast` among the first ops."""

    def shape(self, facts, x):  # type: ignore[no-untyped-def, override]
        return x.with_dtype("f32")

    def apply(self, scope, x):  # type: ignore[no-untyped-def, override]
        return x.astype(jax.numpy.result_type(float))


@pytest.mark.parametrize("make", thin([nested, plain, dropping, tied, block_with_repeat, weighted], 3))
def test_scanned_and_unrolled_agree(make: Callable[[], Body], wide: None) -> None:
    """Three training steps and an evaluation in f64, to 1e-10."""
    results = []
    for repeat in ("scan", "unroll"):
        p = program(make(), repeat=repeat, precision="f64")
        state = p.init()
        for i in range(3):
            state, statistics = p.train_step(state, batch(seed=i))
        results.append((p.unpack(state), statistics, p.eval_step(state, batch(seed=9))))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10), *results)


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_buffers_of_a_repeat_move_each_by_itself(repeat: str) -> None:
    p = program(deep(4), repeat=repeat)
    before = p.unpack(state := p.init())["buffers"]
    after = p.unpack(p.train_step(state, batch())[0])["buffers"]
    means = [after[f"Block_{i}"]["batch_norm_0"]["mean"] for i in range(4)]
    assert all(not np.array_equal(m, before[f"Block_{i}"]["batch_norm_0"]["mean"]) for i, m in enumerate(means))
    assert len({m.tobytes() for m in means}) == 4


def test_a_shared_buffer_moves_once_by_the_mean_of_its_uses() -> None:
    """Each of two uses begins with what the step began with."""
    b = Builder("Shared")
    x = b.op(Dense(features=6), b.input("x", "f32[B, 4]"))
    norm = BatchNorm(momentum=0.5)
    x = b.repeat(2, x, lambda h, i: b.op(norm, h, label="norm", shared=True))
    p = program(head(b, x), repeat="scan")
    state = p.init()
    first = np.asarray(state.params["dense_0/kernel"]), batch()["x"]
    state, _ = p.train_step(state, batch())
    y = first[1] @ first[0]
    z = (y - y.mean(0)) / np.sqrt(y.var(0) + 1e-5)
    expected = 0.5 * 1 + 0.5 * (y.var(0) + z.var(0)) / 2
    np.testing.assert_allclose(state.buffers["norm/var"], expected, rtol=1e-5)


@pytest.mark.parametrize("repeat", ["scan", "unroll"])
def test_dropout_differs_between_iterations_and_uses(repeat: str) -> None:
    """Ones through dropout alone show the masks."""
    b = Builder("Masks")
    x = b.input("x", "f32[B, 64]")
    drop = Dropout(rate=0.5)
    y = b.repeat(2, x, lambda h, i: b.op(Dropout(rate=0.5), h))
    z = b.op(drop, b.op(drop, x, label="twice", shared=True), label="twice", shared=True)
    model = b.body(y=y, z=z)
    p = program(deep(2), repeat=repeat)
    forward = type(p._forward)(model, Layout.of(model), p._precision, p._forward.choose, 0)
    outputs, _ = forward("train", {}, {}, {"x": np.ones((8, 64), np.float32)}, step=0)
    for name in ("y", "z"):
        kept = np.asarray(outputs[name])
        assert set(np.unique(kept)) == {0.0, 4.0}
        assert 0.15 < (kept == 4).mean() < 0.35


def test_a_scan_traces_its_body_once() -> None:
    traced = {}
    for count in (4, 40):
        p = program(deep(count), repeat="scan")
        traced[count] = len(p._train.trace(p.init(), p._batch(batch(), p._objective("train"))).jaxpr.eqns)
    assert traced[4] == traced[40]


def lowerings(model: Body) -> list[str]:
    """Which way the compiler chose for each repeat of a model, in the order of tracing."""
    chosen: list[str] = []

    def choose(loop: Loop, starts: list[Any]) -> Lowering:
        lowering = choose_lowering(loop, starts)
        chosen.append(lowering.__name__)
        return lowering

    p = program(model)
    inputs = {name: np.zeros([4, *(d.value for d in type.shape[1:])], np.float32) for name, type in model.input_types().items()}
    state = p.init()
    jax.eval_shape(partial(replace(p._forward, choose=choose), "train"), state.params, state.buffers, inputs)
    return chosen


def test_deep_repeats_with_parameters_are_scanned() -> None:
    assert lowerings(deep(3)) == ["unroll_loop"]
    assert lowerings(deep(4)) == ["scan_loop"]


def test_a_repeat_without_parameters_is_unrolled() -> None:
    b = Builder()
    x = b.repeat(10, b.input("x", "f32[B, 4]"), lambda h, i: b.op(Add(), h, h))
    assert lowerings(b.body(logits=x)) == ["unroll_loop"]


def test_convolutions_are_not_looped_on_a_cpu() -> None:
    """Also when they stand inside a block with a repeat of its own, whose lowering is asked for while the outer one is being chosen."""
    conv = Conv(features=2, kernel=3)
    inner = Builder("Convs")
    x = inner.input("x", "f32[B, 6, 6, 2]")
    convs = inner.body(y=inner.repeat(4, x, lambda h, i: inner.op(conv, h)))
    b = Builder("Nested")
    y = b.repeat(5, b.input("x", "f32[B, 6, 6, 2]"), lambda h, i: b.call(convs, h))
    assert jax.default_backend() != "cpu" or set(lowerings(b.body(logits=y))) == {"unroll_loop"}


@pytest.mark.parametrize("make", [dropping, weighted, tied])
def test_repeats_run_in_mixed_precision(make: Callable[[], Body]) -> None:
    """Both lowerings can be traced for training, and evaluate close to each other as far as bf16 goes."""
    results = []
    for repeat in ("scan", "unroll"):
        p = program(make(), repeat=repeat, precision="mixed(bf16)")
        state = p.init()
        after, _ = jax.eval_shape(p._train, state, p._batch(batch(), p._objective("train")))
        assert jax.tree.map(lambda x: x.dtype, after) == jax.tree.map(lambda x: x.dtype, state)
        results.append(p.apply(state, x=batch()["x"])["logits"])
    assert results[0].dtype == np.float32
    np.testing.assert_allclose(*results, rtol=0.1, atol=0.2)


def random_walk(count: int, body: str = "y = y + random_normal([B, 4])") -> Typed:
    text = f"netspec 1\nmodel M {{\n  input x: f32[B, 4]\n  y = x\n  repeat {count} as i {{ {body} }}\n  output z = y\n}}\n"
    found = check(Source("m.net", text))
    assert found.typed is not None and found.ok, found.problems
    return found.typed


BARE = {
    "random numbers": "y = y + random_normal([B, 4])",
    "random numbers inside a loop": "repeat 3 { y = y + random_uniform([B, 4]) }",
    "many ops": "y = tanh(y) * 0.5 + sin(y) - cos(y); y = y * y + 0.1 * y - exp(-y) / 2 + sqrt(abs(y))",
    "the index": "y = y + cast(i, f32) * random_normal([B, 4])",
}


@pytest.mark.parametrize("what", BARE)
def test_a_repeat_without_parameters_is_a_loop_whose_program_does_not_grow(what: str) -> None:
    """And it gives what it gives unrolled."""
    sizes = {}
    for count in (10, 400):
        p = Program.of(random_walk(count, BARE[what]))
        sizes[count] = str(p._apply.trace({}, {}, {"x": np.ones((2, 4), np.float32)}).jaxpr).count("=")
    assert sizes[10] == sizes[400]
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    scanned, unrolled = (Program.of(random_walk(8, BARE[what]), repeat=way) for way in (None, "unroll"))
    np.testing.assert_allclose(scanned.apply(scanned.init(), x=x)["z"], unrolled.apply(unrolled.init(), x=x)["z"], 1e-5, 1e-6)
