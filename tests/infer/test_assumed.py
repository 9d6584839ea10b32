"""`assume` in blocks: a fact inside, and from there a fact about the model's sizes that the program checks."""

from __future__ import annotations

import pytest

from tests.infer.elaborated import said
from tests.infer.specs import model, problems

HALVED = "block Halved {\n  input x: f32[B, T, 8]\n  assume T % 2 == 0\n  output x -> reshape([B, T // 2, 16])\n}\n"
OUTER = HALVED + "block Outer {\n  input x: f32[B, T, 8]\n  output x -> Halved\n}\n"
FREE = "model M {\n  input x: f32[B, S, 8]\n  y = x -> Outer\n  output z = y -> reshape([B, S, 8])\n}\n"


def test_the_caller_may_rely_on_it() -> None:
    """However deep the block stands, and for each of its uses."""
    facts = model(OUTER + FREE).facts
    assert str(facts.range(facts.normal(model(OUTER + FREE).output_types()["z"].shape[1]))[0]) == "2"
    assert not problems(OUTER + FREE.replace("y = x -> Outer", "_ = x -> Outer\n  y = x -> Outer"))


def test_without_it_the_same_cannot_be_proved() -> None:
    assert said(OUTER.replace("  assume T % 2 == 0\n", "") + FREE) != []


def test_a_size_that_is_known() -> None:
    fixed = FREE.replace("f32[B, S, 8]", "f32[B, {}, 8]").replace("[B, S, 8]", "[B, {}, 8]")
    assert not problems(OUTER + fixed.replace("{}", "6"))
    assert said(OUTER + fixed.replace("{}", "7"))[0] == ("require-failed", "T % 2 == 0")


@pytest.mark.parametrize("condition", ["true", "2 < 3", "T >= 1"])
def test_what_holds_anyway(condition: str) -> None:
    assert not problems(
        f"block K {{\n  input x: f32[B, T]\n  assume {condition}\n  output x\n}}\nmodel M {{ input x: f32[B, T]\n output y = x -> K }}"
    )


def test_uses_that_exclude_each_other() -> None:
    two = "block K {\n  param n: int\n  input x: f32[B, T]\n  assume T == n\n  output x -> relu\n}\n"
    text = two + "model M {\n  input x: f32[B, T]\n  output y = x -> K(3) -> K(4)\n}\n"
    assert said(text) == [("require-failed", "T == n")]
