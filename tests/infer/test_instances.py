"""Blocks are elaborated once for equal arguments and input types, and their problems are reported once."""

from __future__ import annotations

import pytest

from netspec.ir import Call
from tests.infer.specs import in_model, model, problems

WIDE = "block Wide {\n  param n: int = 2\n  param f: layer = relu\n  input x: f32[B, D]\n  output x -> dense(n * D) -> f -> dense(D)\n}\n"


def bodies(statements: str) -> list[int]:
    """Which uses share a body: `[0, 0, 1]`."""
    calls = [n for n in model(WIDE + in_model(statements)).nodes if isinstance(n, Call)]
    kinds: dict[int, int] = {}
    return [kinds.setdefault(id(c.body), len(kinds)) for c in calls]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("  output y = x -> Wide -> Wide", [0, 0]),
        ("  output y = x -> Wide -> Wide(2) -> Wide(n=2)", [0, 0, 0]),
        ("  output y = x -> Wide(3) -> Wide -> Wide(3)", [0, 1, 0]),
        ("  output y = x -> Wide -> dense(4) -> Wide", [0, 1]),
        ("  output y = x -> Wide(f=relu) -> Wide(f=tanh) -> Wide", [0, 1, 0]),
        ("  output y = x -> Wide(f=dense(16)) -> Wide(f=dense(features=16)) -> Wide(f=dense(17))", [0, 0, 1]),
        ("  output y = x -> Wide(f=dense(4) -> relu) -> Wide(f=dense(4) -> relu) -> Wide(f=relu -> dense(4))", [0, 0, 1]),
        ("  for i in range(3) { x = x -> Wide(i % 2 + 1) }\n  output y = x", [0, 1, 0]),
    ],
)
def test_equal_uses_share_a_body(statements: str, expected: list[int]) -> None:
    assert bodies(statements) == expected


def test_a_body_remembers_its_arguments() -> None:
    [call] = [n for n in model(WIDE + in_model("  output y = x -> Wide(3)")).nodes if isinstance(n, Call)]
    assert call.body.arguments["n"] == 3 and call.body.name == "Wide"
    assert {p: str(t) for p, t in call.body.input_types().items()} == {"x": "f32[B, 8]"}


def test_a_symbol_of_a_block_is_the_callers_size() -> None:
    spec = "block Grow {\n  input x: f32[B, T, D]\n  output x -> dense(D + 1)\n}\n"
    found = model(spec + "model M {\n  input x: f32[B, T, 8]\n  output y = x -> Grow -> Grow\n}\n")
    assert str(found.output_types()["y"]) == "f32[B, T, 10]"


@pytest.mark.parametrize(
    ("statements", "count"),
    [
        ("  output y = x -> Bad -> Bad", 1),
        ("  a = x -> Bad\n  output y = x -> dense(4) -> Bad\n  output z = a", 1),
        ("  for i in range(3) { x = x -> Bad }\n  output y = x", 1),
        ("  output y = x -> dense(4)", 0),
    ],
)
def test_a_problem_inside_a_block_is_one(statements: str, count: int) -> None:
    found = problems("block Bad {\n  input x: f32[B, D]\n  output x + (x -> dense(D + 1))\n}\n" + in_model(statements))
    assert [p.slug() for p in found] == ["unequal-dims"] * count
    assert all(len(p.trail) == 1 and p.at.line == 4 for p in found)


def test_the_calls_on_the_way_are_shown_innermost_first() -> None:
    spec = "block In {\n  input x: f32[B, D]\n  output x + (x -> dense(D + 1))\n}\nblock Out {\n  input x: f32[B, D]\n  output x -> In\n}\n"
    [problem] = problems(spec + in_model("  output y = x -> relu -> Out"))
    assert [(p.span.text, p.span.line) for p in problem.trail] == [("In", 8), ("Out", 12)]


def test_a_call_is_blamed_for_its_own_inputs() -> None:
    spec = "block Flat {\n  input x: f32[B, D]\n  output x -> relu\n}\n"
    [problem] = problems(spec + "model M {\n  input x: f32[B, 4, 8]\n  output y = x -> Flat\n}\n")
    assert (problem.slug(), problem.at.text, problem.trail) == ("input-mismatch", "Flat", ())


@pytest.mark.parametrize("cycle", ["A -> A", "A -> Bb -> A", "A -> Bb -> Cc -> A"])
def test_a_block_that_uses_itself_is_found(cycle: str) -> None:
    names = cycle.split(" -> ")
    blocks = [f"block {a} {{\n  input x: f32[B, D]\n  output x -> {b}\n}}\n" for a, b in zip(names, names[1:], strict=False)]
    [problem] = problems("".join(blocks) + in_model("  output y = x -> A"))
    assert (problem.slug(), " -> ".join(problem.cycle)) == ("recursion", cycle)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "statements",
    [
        "  for i in range(300) { for k in range(300) { x = x -> relu } }\n  output y = x",
        "  n = 0\n  for i in range(9_000) { for k in range(9_000) { n = n + 1 } }\n  output y = x -> dense(n)",
        "  repeat 200 { repeat 51 { x = x -> relu } }\n  output y = x",
        "  repeat 9_000 { x = x -> Deep }\n  output y = x",
        "  for i in range(9_000) { x = x -> Long }\n  output y = x",
    ],
)
def test_what_would_expand_too_far_is_refused_at_once(statements: str) -> None:
    deep = "block Deep {\n  input x: f32[B, D]\n  repeat 9_000 { x = x -> relu }\n  output x\n}\n"
    relus = " -> ".join(["relu"] * 10)
    long = f"block Long {{\n  input x: f32[B, D]\n  output x -> {relus}\n}}\n"
    [problem] = problems((deep if "Deep" in statements else long if "Long" in statements else "") + in_model(statements))
    assert problem.slug() == "expansion-too-large"


@pytest.mark.parametrize(
    "statements",
    ["  repeat 10_000 { x = x -> relu }\n  output y = x", "  repeat 200 { repeat 50 { x = x -> relu } }\n  output y = x"],
)
def test_what_is_just_within_the_limits_is_taken(statements: str) -> None:
    assert problems(in_model(statements)) == ()
