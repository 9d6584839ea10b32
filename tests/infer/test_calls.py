"""The call rule: what a stage fills, what parentheses fill, and what a call without tensors is worth."""

from __future__ import annotations

import pytest

from netspec.ir import Apply, Call, Literal
from netspec.ir.paths import parameters
from tests.infer.specs import body, model, op, ops, problems
from tests.infer.specs import in_model as m

JOIN = "block Join {\n  param scale: float = 1.0\n  input a: f32[B, D]\n  input b: f32[B, D]\n  output a - b * scale\n}\n"


def inputs(found, number: int = 0):
    return [n.inputs for n in found.nodes if isinstance(n, Apply | Call)][number]


@pytest.mark.parametrize(
    "text",
    ["x -> dense(4, bias=false)", "dense(x, 4, bias=false)", "dense(x, bias=false, features=4)", "x -> dense(bias=false, features=4)"],
)
def test_a_stage_fills_inputs_and_parentheses_fill_parameters(text: str) -> None:
    found = body(f"  output y = {text}")
    assert op(found).features == 4 and op(found).bias is False
    assert inputs(found) == (0,)


@pytest.mark.parametrize(
    ("text", "wires"),
    [
        ("(x, z) -> Join", (0, 1)),
        ("(z, x) -> Join", (1, 0)),
        ("(a=z, b=x) -> Join", (1, 0)),
        ("(b=z, a=x) -> Join", (0, 1)),
        ("z -> Join(b=x)", (1, 0)),
        ("x -> Join(a=z)", None),
        ("Join(x, z)", (0, 1)),
        ("Join(x, b=z)", (0, 1)),
        ("Join(a=x, b=z)", (0, 1)),
        ("Join(x, z, 2)", (0, 1)),
        ("(x, b=z) -> Join(2.0)", (0, 1)),
    ],
)
def test_inputs_by_position_and_by_name(text: str, wires: tuple[int, ...] | None) -> None:
    spec = f"{JOIN}model M {{\n  input x: f32[B, 8]\n  input z: f32[B, 8]\n  output y = {text}\n}}\n"
    if wires is None:
        assert problems(spec)
    else:
        assert inputs(model(spec)) == wires


def test_tensors_of_a_variadic_op_stand_anywhere() -> None:
    found = body("  a = x -> relu\n  output y = concat([x, a, x], axis=-1)\n  output z = x -> concat(a, axis=-1)")
    assert [inputs(found, k) for k in (1, 2)] == [(0, 1, 0), (0, 1)]


def test_a_literal_stands_beside_a_tensor() -> None:
    found = body("  output y = 2 * x - 1")
    assert inputs(found) == (Literal(2), 0) and inputs(found, 1) == (1, Literal(1))


def test_calling_a_layer_param_again_adds_arguments() -> None:
    found = model(
        "block Twice {\n  param f: layer\n  input x: f32[B, D]\n  output x -> f -> f(bias=false)\n}\n"
        + m("  output y = x -> Twice(dense(8))")
    )
    inner = found.nodes[0].body
    assert [n.op.bias for n in inner.nodes] == [True, False]
    assert list(parameters(found)) == ["Twice_0/dense_0/kernel", "Twice_0/dense_0/bias", "Twice_0/dense_1/kernel"]


def test_a_block_is_a_layer_param_too() -> None:
    spec = "block Wide {\n  param n: int = 2\n  input x: f32[B, D]\n  output x -> dense(n * D)\n}\n"
    spec += "block Use {\n  param f: layer\n  input x: f32[B, D]\n  output x -> f\n}\n"
    found = model(spec + m("  output y = x -> Use(Wide) -> Use(Wide(3)) -> Use(Wide(n=1))"))
    assert str(found.output_types()["y"]) == "f32[B, 48]"


def test_a_chain_of_layers_as_a_param_makes_one_instance_of_each() -> None:
    spec = "block Use {\n  param f: layer\n  input x: f32[B, D]\n  output x -> f -> f\n}\n"
    found = model(spec + m("  output y = x -> Use(dense(8) -> relu -> dense(8))"))
    assert ops(found.nodes[0].body) == ["dense", "relu", "dense", "dense", "relu", "dense"]


def test_shared_is_one_instance_and_other_uses_are_not() -> None:
    found = body("  shared f = dense(8)\n  output y = x -> f -> f -> dense(8)")
    assert [(n.segment.name(), n.shared) for n in found.nodes] == [("f", True), ("f", True), ("dense_0", False)]
    assert len(parameters(found)) == 4


def test_a_shared_block_is_one_instance() -> None:
    spec = "block F {\n  input x: f32[B, D]\n  output x -> dense(D)\n}\n"
    found = model(spec + m("  shared f = F\n  output y = x -> f -> f"))
    assert list(parameters(found)) == ["f/dense_0/kernel", "f/dense_0/bias"]


def test_arithmetic_keeps_its_order() -> None:
    found = body("  output y = x - x * x / x")
    assert ops(found) == ["multiply", "divide", "subtract"]
    assert [n.inputs for n in found.nodes] == [(0, 0), (1, 0), (0, 2)]


def test_several_results_are_taken_apart() -> None:
    spec = "block Two {\n  input x: f32[B, D]\n  output p = x -> dense(3)\n  output q = x -> dense(5)\n}\n"
    found = model(spec + m("  p, _ = x -> Two\n  _, q = x -> Two\n  output a = p\n  output b = q"))
    assert [str(t) for t in found.output_types().values()] == ["f32[B, 3]", "f32[B, 5]"]


def test_only_the_chosen_branch_is_elaborated() -> None:
    found = body("  param deep: bool = false\n  output y = if deep { x -> dense(4) } else if 2 > 1 { x -> relu } else { x -> tanh }")
    assert ops(found) == ["relu"]


def test_and_or_decide_from_the_left() -> None:
    """The right side is not looked at where the left one decides: it may be undecidable."""
    found = body("  output y = if 1 > 2 and B > 4 { -x } else { x }\n  output z = if 2 > 1 or B > 4 { x -> relu } else { x }")
    assert ops(found) == ["relu"]


def test_an_input_with_a_problem_of_its_own_is_not_taken_for_an_argument() -> None:
    assert [p.slug() for p in problems(m("  h = x + (x -> dense(3))\n  output y = mean(h, axis=-1)"))] == ["unequal-dims"]


@pytest.mark.parametrize("layer", ["gru(5)", "lstm(5)", "rnn(gru_cell(5))"])
@pytest.mark.parametrize("dtype", ["bool", "i32", "u8"])
def test_a_recurrence_takes_float_numbers(layer: str, dtype: str) -> None:
    [problem] = problems(f"model M {{\n  input x: {dtype}[B, T, 4]\n  output y = x -> {layer}\n}}\n")
    assert problem.slug() == "wrong-dtype" and "for `x`" in problem.message() and problem.at.text == layer
