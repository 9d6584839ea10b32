"""What is wrong with the forms of the language that are used rarely is answered by the next thing to type: (spec, the repaired text)."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.edits import repair_text
from netspec.source import Source

MODEL = "netspec 1\n\nmodel M {\n  input x: f32[B, 4]\n"


def shared(lines: str) -> str:
    return f"{MODEL}  shared q = dense(4)\n{lines}}}\n"


def weight(init: str, before: str = "_ = 4") -> str:
    return f"{MODEL}  {before}\n  weight w: f32[4] = {init}\n  output y = x * w\n}}\n"


def passes(of_index: str, head: str = "repeat 4 as i") -> str:
    return f"{MODEL}  y = x\n  {head} {{ y = y + (y -> {of_index}) }}\n  output z = y\n}}\n"


def joined(line: str) -> str:
    block = "block Join {\n  input xs: list[f32[B, D]]\n  output concat(xs, axis=-1)\n}\n\n"
    return f"netspec 1\n\n{block}model M {{\n  input a: f32[B, 4]\n  input b: f32[B, 4]\n  output y = {line}\n}}\n"


USE = "  output y = (x -> q) + (x -> t)\n"
REPAIRED = {
    "an average without a decay": (shared(f"  shared t = q.average\n{USE}"), shared(f"  shared t = q.average(0.99)\n{USE}")),
    "an average of nothing": (shared(f"  shared t = q.average()\n{USE}"), shared(f"  shared t = q.average(0.99)\n{USE}")),
    "a decay of 1": (shared(f"  shared t = q.average(1.0)\n{USE}"), shared(f"  shared t = q.average(0.99)\n{USE}")),
    "a decay in quotes": (shared(f'  shared t = q.average("0.9")\n{USE}'), shared(f"  shared t = q.average(0.9)\n{USE}")),
    "a decay called momentum": (
        shared(f"  shared t = q.average(momentum=0.9)\n{USE}"),
        shared(f"  shared t = q.average(decay=0.9)\n{USE}"),
    ),
    "the share of the new": (shared(f"  shared t = q.average(tau=0.005)\n{USE}"), shared(f"  shared t = q.average(decay=0.995)\n{USE}")),
    "an average with a typo": (shared(f"  shared t = q.averag(0.9)\n{USE}"), shared(f"  shared t = q.average(0.9)\n{USE}")),
    "an average without shared": (shared(f"  t = q.average(0.9)\n{USE}"), shared(f"  shared t = q.average(0.9)\n{USE}")),
    "an average as a stage": (
        shared("  output y = (x -> q) + (x -> q.average(decay=0.9))\n"),
        shared("  shared q_average = q.average(decay=0.9)\n  output y = (x -> q) + (x -> q_average)\n"),
    ),
    "a list as an initial value": (weight("[0.5, 1, 2, 3]"), weight("from_values([0.5, 1, 2, 3])")),
    "a tensor as an initial value": (weight("log(iota(4) + 1)"), weight("log(linspace(0, 3) + 1)")),
    "a size of the index": (
        passes("dense(4 * i + 4) -> dense(4)"),
        passes("dense(4 * i + 4) -> dense(4)", "for i in range(4)"),
    ),
    "a list at the index": (
        passes("dense(4) -> dropout([0.1, 0.2, 0.3, 0.4][i])"),
        passes("dense(4) -> dropout([0.1, 0.2, 0.3, 0.4][i])", "for i in range(4)"),
    ),
    "a setting that is the same in all passes": (
        passes("dense(4) -> layer_norm(epsilon=0.1 * i)"),
        passes("dense(4) -> layer_norm(epsilon=0.1 * i)", "for i in range(4)"),
    ),
    "two tensors that flow into a list": (joined("(a, b) -> Join"), joined("[a, b] -> Join")),
    "two tensors for a list": (joined("Join(a, b)"), joined("Join([a, b])")),
    "one tensor for a list": (joined("((a + b) -> dense(2)) -> Join"), joined("[((a + b) -> dense(2))] -> Join")),
    "one name for a list": (
        joined("Join([a, b]) + concat([Join(a), b], axis=-1)"),
        joined("Join([a, b]) + concat([Join([a]), b], axis=-1)"),
    ),
    "a tensor of other elements": (weight("-cast(iota(D), f32)", "D = 4"), weight("-linspace(0, D - 1)", "D = 4")),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_one_problem_whose_edits_lead_to_a_clean_file(case: str) -> None:
    wrong, right = REPAIRED[case]
    source = Source("m.net", wrong)
    found = check(source)
    assert len(found.problems) == 1, render_text(found.problems)
    assert repair_text(source, found.problems) == right
    again = check(Source("m.net", right))
    assert not again.problems, render_text(again.problems)
