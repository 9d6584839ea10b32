"""Nothing of a file may vanish: misplaced declarations, what nobody uses, params in circles, limits that are each model's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.compile import Checked, check
from netspec.source import Source

TRAPS = Path(__file__).parent / "traps"


def found(text: str) -> list[tuple[str, int]]:
    """The errors of a spec and their lines; the first line of the text is that of the version."""
    return [(p.slug(), p.at.line) for p in check(Source("m.net", text)).problems if p.severity == "error"]


def trap(number: int) -> Checked:
    [path] = TRAPS.glob(f"{number:02}-*.net")
    return check(path)


def slugs(checked: Checked) -> list[str]:
    return [p.slug() for p in checked.problems if p.severity == "error"]


def model(*lines: str, more: str = "") -> str:
    body = "\n".join(lines)
    return f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n  h = x\n{body}\n  output y = h -> dense(4)\n}}\n{more}"


# --- misplaced declarations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [5, 6, 7])
def test_an_input_in_a_region_is_refused_and_the_claims_are_held(number: int) -> None:
    checked = trap(number)
    assert slugs(checked)[:2] == ["misplaced-declaration", "expect-failed"]
    problem = next(p for p in checked.problems if p.slug() == "misplaced-declaration")
    assert problem.at.text.startswith("input ") and problem.places() and "up into the body" in (problem.help() or "")
    assert checked.typed is not None and checked.typed.models


@pytest.mark.parametrize("number", [8, 9])
def test_an_output_in_a_loop_and_a_state_in_a_model_are_refused(number: int) -> None:
    assert slugs(trap(number)) == ["misplaced-declaration"]


REGIONS = {
    "for": "for i in range(2) {{ {} }}",
    "for without a pass": "for i in [] {{ {} }}",
    "repeat": "repeat 2 {{ {} }}",
    "repeat without a pass": "repeat 0 {{ {} }}",
    "when": "when train {{ {} }}",
    "when in for": "for i in range(2) {{ when eval {{ {} }} }}",
    "repeat in when": "when serve {{ repeat 3 {{ {} }} }}",
}
DECLARED = {
    "param": "param q: int = 3",
    "input": "input q: f32[B, 8]",
    "output": "output q = x",
    "state": "state q: f32[B, 8] = zeros; q = x",
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("kind", DECLARED)
def test_what_the_body_declares_stands_in_the_body_itself(kind: str, region: str) -> None:
    text = model(REGIONS[region].format(DECLARED[kind]), more="expect M { params == 1 }\n")
    if kind == "output" and region == "when":
        assert found(text) == [("expect-failed", 8)]
    else:
        assert found(text) == [("misplaced-declaration", 5), ("expect-failed", 8)]


@pytest.mark.parametrize("kind", [*DECLARED, "weight", "buffer", "shared", "aux"])
def test_a_branch_of_if_holds_no_declaration(kind: str) -> None:
    told = DECLARED.get(kind, f"{kind} q: f32[8] = zeros").partition(";")[0]
    [problem] = check(Source("m.net", model(f"  h = if true {{ {told} }} else {{ x }}"))).problems
    assert problem.slug() == "if-is-an-expression" and f"`{kind}` before the `if`" in (problem.help() or "")


def test_a_block_s_state_stands_in_its_body_itself() -> None:
    cell = "block Cell {\n  input x: f32[B, 8]\n  when train { state h: f32[B, 8] = zeros }\n  output x\n}\n"
    assert found("netspec 1\n" + cell + model("  h = h -> Cell").partition("\n")[2]) == [("misplaced-declaration", 4)]


# --- what nobody uses ------------------------------------------------------------------------------------------------


def test_a_mistake_in_an_unused_block_is_found() -> None:
    assert slugs(trap(11)) == ["too-many-arguments", "bad-argument"]


def test_a_mistake_behind_a_param_without_default_is_found() -> None:
    assert slugs(trap(12)) == ["too-many-arguments", "bad-argument"]


WRONG = {
    "an argument": "x -> dense(-1)",
    "behind a loop over what nobody knows": "Open(x)",
    "the rank": "x -> conv(8, 3)",
    "sizes that are never equal": "x + ones([B, 9])",
    "an axis that is not there": "softmax(x, axis=5)",
    "an element type": "x -> embed(10, 4)",
    "a branch that nobody takes": "if false { x -> dropout(7) } else { x }",
    "the type of a list": "x[:, [0, 8]]",
    "a method": "x -> relu(1) -> relu",
    "an inner call": "x -> dense(4, kernel_init=normal(-1))",
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_of_every_use_is_a_problem(what: str) -> None:
    opened = "block Open {\n  param widths: list[int]\n  input x: f32[B, 8]\n  for w in widths { x = x -> dense(w) -> dropout(7) }\n  output x\n}\n"
    unused = (
        f"block Unused {{\n  param width: int\n  input x: f32[B, 8]\n  output {WRONG[what].replace('Open(x)', 'x -> dense(width)')}\n}}\n"
    )
    text = "netspec 1\n" + (opened if "Open" in WRONG[what] else unused) + model().partition("\n")[2]
    [(_, line)] = found(text)
    assert line == 5


RIGHT = {
    "weights of the caller's sizes": "x -> dense(4 * D) -> dense(D)",
    "one size for all": "x + ones([B, 3])",
    "sizes that a use may make equal": "x + y",
    "a size that divides": 'rearrange(x, "b (h d) -> b h d", h=4)',
    "numbers of sizes": "x * (D / 2)",
    "a list as long as an axis": "[x -> dense(i + 1) for i in range(D)][0]",
    "a condition on sizes": "if D == 8 { x } else { x -> dense(8) }",
    "a branch that nobody takes": "if false { x -> dense(D - 8) } else { x }",
    "a matrix of the sizes": "x @ transpose(y)",
    "a slice of what may be long": "x[:, 300]",
    "a rate": "x -> dropout(rate)",
    "a layer that nobody knows": "x -> layer -> relu",
}


@pytest.mark.parametrize("what", [w for w in RIGHT if " for i in " not in RIGHT[w]])
def test_what_may_be_right_for_a_use_is_none(what: str) -> None:
    head = "block Unused {\n  param rate: float\n  param layer: layer\n  param heads: int = 3\n  input x: f32[B, D]\n  input y: f32[B, E]\n"
    text = "netspec 1\n" + head + f"  require D % heads == 0\n  output {RIGHT[what]}\n}}\n" + model().partition("\n")[2]
    assert found(text) == []


# --- limits ----------------------------------------------------------------------------------------------------------


def test_models_have_limits_of_their_own() -> None:
    assert slugs(trap(35)) == []


def blocks(count: int, end: str) -> str:
    """Blocks of which each uses the next, and the last the end."""
    rows = [f"block A{i} {{ input x: f32[B, 8]; output x -> {f'A{i + 1}' if i < count - 1 else end} }}\n" for i in range(count)]
    return f"netspec 1\n{''.join(rows)}model M {{\n  input x: f32[B, 8]\n  output y = x -> A0\n}}\n"


def test_a_long_row_of_blocks_is_refused_by_a_limit_that_is_named() -> None:
    assert found(blocks(60, "relu")) == []
    for count in (150, 3_000):
        [problem] = check(Source("m.net", blocks(count, "relu"))).problems
        assert "65 blocks inside one another, and the limit is 64" in problem.message()


@pytest.mark.parametrize("count", [1, 5, 63, 64, 65, 100, 3_000])
def test_a_circle_of_blocks_is_one_problem(count: int) -> None:
    assert [slug for slug, _ in found(blocks(count, "A0"))] == ["recursion"]
