"""The formatter's style in small."""

from __future__ import annotations

import pytest

from tests.syntax.texts import formatted, in_model


def body(*lines: str) -> list[str]:
    """The formatted lines of a model's body."""
    return formatted(in_model(*lines)).splitlines()[3:-1]


def test_spaces_and_indentation() -> None:
    text = "netspec 1\nmodel   M{\ninput x :f32[ B,4 ]\n\n\n\n      y=x->f( 1,k = 2 )\n}\nmodel N {}"
    assert formatted(text) == "netspec 1\n\nmodel M {\n  input x: f32[B, 4]\n\n  y = x -> f(1, k=2)\n}\n\nmodel N {}\n"


STAYS = [
    ["repeat 12 { x = x -> f }"],
    ["when serve { output y = x }"],
    ["for i in range(3) {", "  x = f(x)", "  y = f(x)", "}"],
    ["y = x", "  -> f -> g", "  -> h"],
    ["x, y: f32[B] = f(x)"],
    ['require a == b, "a={a}"'],
    ["output y: f32[B]"],
    ["y = if a { b } else if c { d } else { e }"],
    ["output ({a: 1})"],
    ["repeat ({a: 1}) {}"],
]


@pytest.mark.parametrize("lines", STAYS, ids=[s[0] for s in STAYS])
def test_stays_as_it_is(lines: list[str]) -> None:
    assert body(*lines) == [f"  {line}" for line in lines]


CHANGES = [
    (["repeat 2 {", "  x = f(x)", "}"], ["repeat 2 { x = f(x) }"]),
    (["repeat 2 { x = f(x); y = x }"], ["repeat 2 {", "  x = f(x)", "  y = x", "}"]),
    (["repeat 2 { x = x", "-> f }"], ["repeat 2 {", "  x = x", "    -> f", "}"]),
    (["output y: f32[B] = y"], ["output y: f32[B]"]),
    (["y = (x -> f)"], ["y = x -> f"]),
    (["y = x[:, None, none]"], ["y = x[:, none, none]"]),
]


@pytest.mark.parametrize(("lines", "after"), CHANGES, ids=[c[0][0] for c in CHANGES])
def test_changes(lines: list[str], after: list[str]) -> None:
    assert body(*lines) == [f"  {line}" for line in after]


LONG = "a_rather_long_name_of_an_argument"


def test_a_long_call_breaks_into_its_arguments() -> None:
    assert body(f"y = some_function({LONG}1, {LONG}2, {LONG}3)") == [
        "  y = some_function(",
        f"    {LONG}1,",
        f"    {LONG}2,",
        f"    {LONG}3,",
        "  )",
    ]


def test_a_long_chain_breaks_before_its_arrows() -> None:
    assert body(f"y = x -> f({LONG}) -> g({LONG}) -> h({LONG})") == [f"  y = x -> f({LONG}) -> g({LONG})", f"    -> h({LONG})"]


def test_a_long_sum_breaks_behind_its_operators() -> None:
    assert body(f"y = {LONG}1 + {LONG}2 - {LONG}3") == [f"  y = {LONG}1 +", f"    {LONG}2 -", f"    {LONG}3"]


def test_a_long_last_operand_in_parentheses_breaks_inside() -> None:
    assert body(f"y = x + (x -> f({LONG}) -> g({LONG}) -> h({LONG}))")[0] == "  y = x + ("


def test_a_long_choice_breaks_its_branches() -> None:
    assert body(f"y = if {LONG} > 1 {{ x -> f({LONG}) -> g }} else {{ {LONG} }}") == [
        f"  y = if {LONG} > 1 {{",
        f"    x -> f({LONG}) -> g",
        f"  }} else {{ {LONG} }}",
    ]


def test_a_long_list_of_numbers_is_filled() -> None:
    lines = body("y = [" + ", ".join(str(n) for n in range(100)) + "]")
    assert len(lines) < 8 and lines[0] == "  y = [" and lines[-1] == "  ]" and max(map(len, lines)) <= 100


def test_sections_have_a_blank_line_between_them() -> None:
    short = "param a: int = 1\nparam b: int = 2\n\nparam c: int = 3\nexpect M { params == 1 }\nexpect N { params == 1 }\n"
    text = f"netspec 1\n{short}model M {{ input x: f32[B] }}"
    assert formatted(text) == (
        "netspec 1\n\nparam a: int = 1\nparam b: int = 2\n\nparam c: int = 3\n"
        "expect M { params == 1 }\nexpect N { params == 1 }\n\nmodel M {\n  input x: f32[B]\n}\n"
    )
