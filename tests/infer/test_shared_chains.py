"""`shared s = a -> b`: one instance of all layers of a chain."""

from __future__ import annotations

import pytest

from netspec.ir import Call
from netspec.ir.paths import parameters
from tests.infer.elaborated import said
from tests.infer.specs import in_model, model

CHAIN = "  shared s = dense(16) -> relu -> dense(8)\n"


def weights(statements: str) -> list[str]:
    return list(parameters(model(in_model(statements))))


def test_all_uses_have_the_same_weights() -> None:
    found = weights(CHAIN + "  output y = x -> s -> s\n  output z = s(x)")
    assert found == ["s/dense_0/kernel", "s/dense_0/bias", "s/dense_1/kernel", "s/dense_1/bias"]


def test_a_use_in_a_repeat_is_the_same_instance() -> None:
    assert weights(CHAIN + "  repeat 3 { x = x -> s }\n  output y = x") == weights(CHAIN + "  output y = x -> s")


def test_equal_inputs_share_a_body() -> None:
    calls = [n for n in model(in_model(CHAIN + "  output y = x -> s -> s")).nodes if isinstance(n, Call)]
    assert calls[0].body is calls[1].body and all(c.shared for c in calls)


def test_blocks_params_and_several_inputs() -> None:
    lines = ("param f: layer = dense(8)", "input a: f32[B, D]", "input b: f32[B, D]", "shared g = f -> f", "output g(a) + g(b)")
    block = "block Two {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
    text = block + in_model("  shared s = Two -> dense(4)\n  output y = (x, x) -> s\n  output z = (b=x, a=x) -> s")
    assert list(parameters(model(text))) == [
        "s/Two_0/g/dense_0/kernel",
        "s/Two_0/g/dense_0/bias",
        "s/Two_0/g/dense_1/kernel",
        "s/Two_0/g/dense_1/bias",
        "s/dense_0/kernel",
        "s/dense_0/bias",
    ]


WRONG = {
    "further arguments": ("output y = x -> s(3)", ("too-many-arguments", "3")),
    "a method": ("output y = x -> s.attend", ("not-callable", "s.attend")),
    "no tensor": ("output y = 3 -> s", ("not-a-tensor", "3")),
    "nothing": ("output y = s()", ("missing-input", "s()")),
    "as a value": ("f = relu -> s\n  output y = f(x)", ("not-callable", "s")),
    "other shapes": ("output y = x -> s -> dense(4) -> s", ("shared-changes", "s")),
    "a layer that does not fit": ("shared t = dense(4) -> conv(3, 3)\n  output y = x -> t", ("wrong-rank", "conv(3, 3)")),
}


@pytest.mark.parametrize(("statement", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_uses(statement: str, expected: tuple[str, str]) -> None:
    assert expected in said(in_model(CHAIN + f"  {statement}"))
