"""What is computed over the whole batch is told from what is computed example by example."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.compile import check
from netspec.source import Source

BLOCK = """block Centred {
  input x: f32[B, D]
  output x - mean(x, axis=0)
}
"""
EXPORTING = """block Balanced {
  input x: f32[B, D]
  aux balance = mean(mean(x, axis=0))
  output x
}
"""
SPEC = """netspec 1

{blocks}
model M {{
  input image: f32[B, 8, 8, 1]
  z = image -> flatten -> dense(16)
  {body}
}}

train M {{
  data      = {data}
  loss      = {loss}
  optimizer = adam(0.05)
  duration  = 3 epochs
  {more}
}}
"""
LOSS = "softmax_cross_entropy(y, label)"


def blocks(body: str) -> str:
    return "".join(text for name, text in (("Centred", BLOCK), ("Balanced", EXPORTING)) if name in body)


def warnings(body: str, loss: str = LOSS, data: str = "digits() -> batch(32)", more: str = "") -> list[Any]:
    text = SPEC.format(blocks=blocks(body), body=body.replace("; ", "\n  "), loss=loss, data=data, more=more)
    problems = check(Source("m.net", text)).problems
    assert [p.message() for p in problems if p.severity == "error"] == []
    return [p for p in problems if p.slug() == "mixes-examples"]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ("output y = (z @ transpose(z) @ z) -> dense(10)", "@"),
        ('output y = einsum("b d, c d -> b c", z, z) @ z -> dense(10)', 'einsum("b d, c d -> b c", z, z)'),
        ("output y = (z - mean(z, axis=0)) -> dense(10)", "mean(z, axis=0)"),
        ("output y = z -> Centred -> dense(10)", "mean(x, axis=0)"),
        ("repeat 3 { z = z - max(z, axis=0) }; output y = z -> dense(10)", "max(z, axis=0)"),
        ("when eval { z = z - mean(z, axis=0) }; output y = z -> dense(10)", "mean(z, axis=0)"),
    ],
)
def test_an_op_that_mixes_examples_is_found(body: str, at: str) -> None:
    [found] = warnings(body)
    assert found.at.text == at and found.severity == "warning"


@pytest.mark.parametrize(
    "body",
    [
        "output y = z -> dense(10)",
        "output y = z -> batch_norm -> dense(10)",
        "output y = (z -> reshape([B, 4, 4])) @ (z -> reshape([B, 4, 4])) -> flatten -> dense(10)",
        "output y = (z -> reshape([B * 4, 4]) -> dense(4) -> reshape([B, 16])) -> dense(10)",
        "when train { z = z - mean(z, axis=0) }; output y = z -> dense(10)",
        "output y = z -> dense(10); output other = exp(z @ transpose(z))",
    ],
)
def test_what_works_example_by_example_or_is_not_measured_is_fine(body: str) -> None:
    assert warnings(body) == []


@pytest.mark.parametrize(
    ("loss", "count"),
    [
        (LOSS, 0),
        (f"{LOSS} + 0.1 * mean(w * w)", 0),
        ("softmax_cross_entropy(w @ transpose(w), label)", 1),
    ],
)
def test_the_objective_is_looked_at_too(loss: str, count: int) -> None:
    assert len(warnings("output w = z; output y = z -> dense(10)", loss)) == count


MIXED = "output y = (z @ transpose(z) @ z) -> dense(10)"


@pytest.mark.parametrize(
    ("data", "more", "count"),
    [
        ("digits() -> batch(36)", "", 0),
        ("digits() -> batch(32)", 'eval { data = digits("test") -> batch(32); limit = 11 }', 0),
        ("digits() -> batch(32)", 'eval { data = digits("test") -> batch(32); limit = 12 }', 1),
        ("digits() -> batch(48)", "", 1),
        ("arrays(fields={image: f32[8, 8, 1], label: i32[]}, validation=none) -> batch(32)", "", 0),
        ("arrays(fields={image: f32[8, 8, 1], label: i32[]}) -> batch(32)", "", 1),
        ("arrays(fields={image: f32[8, 8, 1], label: i32[]}, test=0.1) -> batch(32)", "", 1),
    ],
)
def test_full_batches_and_no_evaluation_have_nothing_to_fill_up(data: str, more: str, count: int) -> None:
    assert len(warnings(MIXED, data=data, more=more.replace(" {", " {\n    ").replace(" }", "\n  }"))) == count


def test_the_help_names_the_nearest_size_that_divides() -> None:
    assert "the 144 evaluated examples and the 360 of the test part leaves nothing to fill up: `batch(36)`" in warnings(MIXED)[0].help()
    own = warnings(MIXED, data="arrays(fields={image: f32[8, 8, 1], label: i32[]}, test=0.1) -> batch(32)")
    assert "divides the number" in own[0].help()


def test_what_a_block_exports_counts_where_it_is_measured() -> None:
    body = "output y = z -> Balanced -> dense(10)"
    assert warnings(body) == []
    [found] = warnings(body, f'{LOSS} + aux("**/balance")')
    assert found.at.text == "mean(x, axis=0)"
