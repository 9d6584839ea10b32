"""Weights of PyTorch's layers, converted, give what its documentation says; PyTorch itself is not needed here (see test_torch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import netspec
from netspec.from_torch import convert_weights, layer_parameters
from netspec.from_torch.layers import CONVERTERS
from netspec.library.base import Array
from netspec.library.layers.recurrent_cells import GruCell, LstmCell, SimpleCell
from netspec.source import Source
from tests.library import torch_recurrences
from tests.library.scope import TestScope, applied, parse
from tests.library.torch_formulas import BILINEAR, CASES, UNCONVERTED, Case


def drawn(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, Array]:
    """Values for arrays; variances and slopes are positive."""
    rng = np.random.default_rng(seed)
    made = {name: rng.standard_normal(shape).astype("float32") for name, shape in shapes.items()}
    return {name: np.abs(a) if name == "running_var" else a for name, a in made.items()}


def inputs(case: Case, seed: int) -> Array:
    rng = np.random.default_rng(seed + 50)
    return rng.integers(0, case.whole, case.x).astype("int32") if case.whole else rng.standard_normal(case.x).astype("float32")


def own_shapes(op: Any, *types: str) -> dict[str, tuple[int, ...]]:
    kinds = [parse(text) for text in types]
    return {name: tuple(int(n) for n in w.shape) for name, w in (op.params(*kinds) | op.buffers(*kinds)).items()}


def type_of(x: Array) -> str:
    return f"{'i32' if x.dtype == np.int32 else 'f32'}[{', '.join(map(str, x.shape))}]"


def ours(case: Case, arrays: dict[str, Array], x: Array) -> Array:
    """What our layer gives with PyTorch's arrays, channels first where the case says so."""
    made = layer_parameters(case.op, own_shapes(case.op, type_of(x)), arrays)
    y = applied(case.op, TestScope(made, made), x)
    return np.moveaxis(y, -1, 1) if case.first and case.op.op_name() != "patch_embed" else np.asarray(y)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.module)
def test_a_layer_gives_what_the_documentation_says(case: Case) -> None:
    for seed in range(3):
        arrays, x = drawn(case.shapes, seed), inputs(case, seed)
        wanted = case.formula({n: a.astype("float64") for n, a in arrays.items()}, np.moveaxis(x, -1, 1) if case.first else x)
        if case.op.op_name() == "patch_embed":
            wanted = wanted.reshape(*wanted.shape[:2], -1).swapaxes(1, 2)
        np.testing.assert_allclose(ours(case, arrays, x), wanted, 1e-5, 1e-5)


def test_a_bilinear_map_gives_what_the_documentation_says() -> None:
    op, _, shapes = BILINEAR
    arrays, x, y = drawn(shapes, 0), *drawn({"x": (2, 4), "y": (2, 5)}, 1).values()
    made = layer_parameters(op, own_shapes(op, "f32[2, 4]", "f32[2, 5]"), arrays)
    wanted = np.einsum("bi,kij,bj->bk", x, arrays["weight"], y) + arrays["bias"]
    np.testing.assert_allclose(applied(op, TestScope(made), x, y), wanted, 1e-5, 1e-5)


@pytest.mark.parametrize(("kind", "cell"), [("lstm", LstmCell), ("gru", GruCell), ("rnn", SimpleCell)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("suffix", ["_l0", ""])
def test_a_cell_gives_what_the_documentation_says(kind: str, cell: Any, bias: bool, suffix: str) -> None:
    """Also of an `nn.LSTMCell`, whose arrays have no suffix."""
    arrays = {n.removesuffix("_l0") + suffix: a for n, a in drawn(torch_recurrences.shapes(kind, 3, 4, 1, 1, bias), 2).items()}
    op, x = cell(features=4), drawn({"x": (2, 3)}, 3)["x"]
    made = layer_parameters(op, own_shapes(op, "f32[2, 3]"), arrays, suffix)
    h, c = drawn({"h": (2, 4), "c": (2, 4)}, 4).values()
    states = {"h": h, "c": c} if kind == "lstm" else {"h": h}
    sides = [v @ arrays[f"weight_{s}{suffix}"].T + arrays.get(f"bias_{s}{suffix}", 0) for s, v in (("ih", x), ("hh", h))]
    wanted = torch_recurrences.STEPS[kind][0](*sides, h, c)[0]
    np.testing.assert_allclose(applied(op, TestScope(made), x, **states)[0], wanted, 1e-5, 1e-5)


RECURRENCES = [
    ("lstm", "bidirectional(lstm_cell(4), layers=2)", 2, 2),
    ("gru", "gru(4, layers=2)", 2, 1),
    ("rnn", "bidirectional(simple_cell(4))", 1, 2),
]


@pytest.mark.parametrize(("kind", "layer", "layers", "ways"), RECURRENCES)
def test_a_recurrence_as_a_whole(kind: str, layer: str, layers: int, ways: int) -> None:
    program = compiled(f"input x: f32[B, 5, 3]\n  output y = x -> {layer}")
    arrays = {f"net.rnn.{n}": a for n, a in drawn(torch_recurrences.shapes(kind, 3, 4, layers, ways), 5).items()}
    (layer_path,) = program.unpack(program.init())["params"]
    state = program.pack(convert_weights(program, arrays, {layer_path: "net.rnn"}))
    x = drawn({"x": (2, 5, 3)}, 6)["x"]
    wanted = torch_recurrences.run(kind, {n.removeprefix("net.rnn."): a for n, a in arrays.items()}, x, layers, ways)
    np.testing.assert_allclose(program.predict(state, x=x)["y"], wanted, 1e-5, 1e-5)


def compiled(body: str) -> Any:
    return netspec.compile(Source("m.net", f"netspec 1\nmodel M {{\n  {body}\n}}\n"))


DIGITS = """input x: f32[B, 4, 4, 2]
  weight token: f32[3] = zeros
  h = x -> conv(3, kernel=3, padding=1) -> batch_norm -> max_pool(2) -> flatten -> dense(3, bias=false)
  output y = h + token -> head: dense(2)"""
SHAPES = {
    "a.weight": (3, 2, 3, 3),
    "a.bias": (3,),
    "n.weight": (3,),
    "n.bias": (3,),
    "n.running_mean": (3,),
    "n.running_var": (3,),
    "n.num_batches_tracked": (),
    "f.weight": (3, 12),
    "token": (1, 1, 3),
    "old.weight": (9, 3),
}
PLACES = {"conv_0": "a", "batch_norm_0": "n", "dense_0": "f", "token": "token"}


def test_a_model_whose_space_is_flattened_and_whose_head_is_new() -> None:
    program, arrays = compiled(DIGITS), drawn(SHAPES, 7)
    made = convert_weights(program, arrays, PLACES, flattened={"dense_0": (3, 2, 2)}, keep=["head"], ignore=["old.*"])
    np.testing.assert_array_equal(made["params"]["token"], arrays["token"][0, 0])
    np.testing.assert_array_equal(made["buffers"]["batch_norm_0"]["var"], arrays["n.running_var"])
    first = program.unpack(program.init())["params"]["head"]
    np.testing.assert_array_equal(made["params"]["head"]["kernel"], first["kernel"])
    maps = np.random.default_rng(0).standard_normal((5, 2, 2, 3))
    flat = np.moveaxis(maps, -1, 1).reshape(5, -1)
    np.testing.assert_allclose(maps.reshape(5, -1) @ made["params"]["dense_0"]["kernel"], flat @ arrays["f.weight"].T, 1e-5)
    program.pack(made)


def test_what_does_not_fit_is_told_at_once() -> None:
    program, arrays = compiled(DIGITS), drawn({**SHAPES, "a.weight": (3, 2, 2, 2)}, 7)
    with pytest.raises(netspec.SpecError) as raised:
        convert_weights(program, arrays, {"conv_0": "a", "batch_norm_0": "m", "dense_1": "f", "token": "token"}, ignore=["old.*"])
    (problem,) = raised.value.diagnostics
    text = problem.message()
    assert "no array `m.weight`" in text and "no place for dense_0, head" in text and "the model has no `dense_1`" in text
    assert "conv_0/kernel becomes [2, 2, 2, 3] instead of [3, 3, 2, 3]" in text and "not used: n.weight" in text
    assert "old.weight" not in text


@pytest.mark.parametrize("cls", CONVERTERS, ids=lambda c: c.op_name())
def test_the_page_of_what_is_converted_says_how_pytorch_has_it(cls: Any) -> None:
    assert "PyTorch" in cls.__doc__


def test_layers_that_pytorch_has_not() -> None:
    program = compiled("input x: f32[B, 4, 2]\n  output y = x -> conv_local(3, kernel=3)")
    with pytest.raises(netspec.SpecError, match="PyTorch has no layer like `conv_local` at conv_local_0"):
        convert_weights(program, {}, {"conv_local_0": "c"})
    with pytest.raises(KeyError):
        layer_parameters(UNCONVERTED(features=2, kernel=1), {}, {})
    with pytest.raises(KeyError, match="weight"):
        layer_parameters(CASES[0].op, {"kernel": (4, 5)}, {})
