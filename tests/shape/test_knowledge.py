"""What facts know, what is missing, and how shapes meet."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from netspec.shape.cases import Box
from netspec.shape.dims import Dim
from netspec.shape.draft import Contradiction, Draft
from netspec.shape.facts import NO_FACTS, PROVED, REFUTED, UNKNOWN, Facts, Verdict
from netspec.shape.residues import admit_residues, remainder_form
from netspec.shape.types import TensorType, shape_of
from netspec.shape.unification import Bindings, Mismatch, conv_out, unify
from tests.shape.brute import run
from tests.shape.polynomials import A, B, C, D, E, F, G, H, S, T, W


def test_every_bound_counts() -> None:
    assert NO_FACTS.bound("T", lo=2).range(T) == (2, None) and NO_FACTS.bound("T", lo=1).range(T) == (1, None)
    assert NO_FACTS.bound("T", lo=0).range(T) == (1, None), "a dim is never below 1"
    assert NO_FACTS.bound("T", hi=1).equal(T, 1) is PROVED
    facts = NO_FACTS.bound("T", lo=3, hi=9)
    for value, trimmed in ((3, (4, 9)), (9, (3, 8)), (5, (3, 9)), (2, (3, 9)), (10, (3, 9))):
        assert facts.require("!=", T, value).facts.range(T) == trimmed
    assert facts.require("!=", 2 * T, 7).facts.range(T) == (3, 9)
    assert NO_FACTS.bound("T", hi=1000).require("!=", T, 1000).facts.range(T) == (1, 999)
    assert NO_FACTS.bound("T", lo=4, hi=5).require("!=", T, 4).facts.equal(T, 5) is PROVED


def test_bounds_of_sums_and_multiples_round_inwards() -> None:
    require = NO_FACTS.require
    assert require("<=", 3 * T, 10).facts.range(T) == (1, 3) and require(">=", 3 * T, 10).facts.range(T) == (4, None)
    assert require("<", 2 * T + 3 * S, 20).facts.range(T) == (1, 8) and require("<", 2 * T + 3 * S, 20).facts.range(S) == (1, 5)
    assert require(">=", T // 4, 3).facts.range(T) == (12, None) and require("<=", T // 4, 3).facts.range(T) == (1, 15)
    assert require("<=", T * S, 12).facts.range(T) == (1, 12)
    assert require("<=", T * S, 12).facts.bound("S", lo=5).range(T) == (1, 2)
    assert NO_FACTS.bound("S", lo=5).require("<=", T * S, 12).facts.range(T) == (1, 2)
    assert require(">=", T, 3 * S + 1).facts.range(T) == (4, None)
    assert NO_FACTS.bound("S", lo=5).require(">=", T, S * S).facts.range(T) == (25, None)
    assert require("==", T * S, 12).facts.compare("<=", S, 12) is PROVED


def test_condition_by_condition() -> None:
    """What a draft keeps of a condition is true exactly where the condition is."""
    draft = Draft({}, {}, Box({}))
    draft.congruent(2 * H, 6, 4)
    assert draft.inner(H) == 3 * Dim.symbol("H/3") + 2 and draft.bounds == {"H/3": (0, inf)}
    with pytest.raises(Contradiction):
        Draft({}, {}, Box({})).congruent(2 * H, 6, 3)
    draft = Draft({}, {}, Box({}))
    draft.congruent(4 * H, 2, 0)
    assert (draft.rewrite, draft.zero) == ({}, [])


def test_remainders_are_read_from_their_normal_form() -> None:
    assert remainder_form(H % 16) == (H, 16, 1, 0) and remainder_form(3 * (H % 4) - 6) == (H, 4, 3, -6)
    assert remainder_form(2 * ((H + W) % 5) + 1) == (H + W, 5, 2, 1)
    assert remainder_form(5 - H % 7) == (H, 7, -1, 5) and remainder_form(H // 2) is None and remainder_form(H % 3 + W) is None
    assert admit_residues(H % 4 - 2, Box({}), 256) == ("H", 4, [2])
    assert admit_residues(H % 4 - 2, Box({}), 3) is None and admit_residues(H // 2 - W // 2, Box({}), 256) is None
    assert admit_residues(H // 2 - 3, Box({"H": (7, 7)}), 256) == ("H", 2, [1])


@pytest.mark.parametrize(
    ("facts", "dim", "text"),
    [
        (NO_FACTS.divisible(H, 2), H**3 // 4, "H*(H//2)**2"),
        (NO_FACTS.divisible(H, 2), H**3, "H**3"),
        (NO_FACTS.divisible(H, 4, 1), H // 4 * 4, "H - 1"),
        (NO_FACTS.divisible(H, 4), -3 * (H // 4), "-3*(H//4)"),
        (NO_FACTS.divisible(H, 4), 6 * (H // 4), "H + H//2"),
        (NO_FACTS.divisible(H, 4).divisible(H, 12), H // 6, "2*(H//12)"),
    ],
)
def test_normal_forms_have_the_same_value(facts: Facts, dim: Dim, text: str) -> None:
    normal = facts.normal(dim)
    for height in range(1, 60):
        if facts.assume_equal(H, height).contradiction is None and facts.equal(H, height) is UNKNOWN:
            assert normal.evaluate({"H": height, "W": 7}) == dim.evaluate({"H": height, "W": 7})
    assert str(normal) == text


def test_facts_can_be_printed() -> None:
    facts = NO_FACTS.bound("T", hi=8).divisible(H, 4).require("!=", S, W).facts.require("<=", A, B).facts.require("==", A * B, C * D).facts
    assert repr(facts) == "Facts(H == 4*H/4, 1 <= T <= 8, B - A >= 0, A*B - C*D == 0, S - W != 0)"
    assert repr(NO_FACTS) == "Facts()"


def test_a_fact_may_start_at_zero_only_while_it_is_new() -> None:
    for facts in (NO_FACTS.bound("i", hi=4), NO_FACTS.divisible(Dim.symbol("i"), 2), NO_FACTS.require("<=", Dim.symbol("i"), T).facts):
        with pytest.raises(ValueError, match="known already"):
            facts.from_zero("i")
    facts = NO_FACTS.from_zero("i").bound("i", hi=3)
    assert facts.range(Dim.symbol("i")) == (0, 3) and facts.bound("T", hi=3).range(T) == (1, 3)


def test_what_contradicts_is_not_recorded() -> None:
    facts = NO_FACTS.require("<=", T, S).facts
    assert facts.require("<", S, T) == (facts, REFUTED, None)
    assert facts.require("<=", T, S) == (facts, PROVED, None)
    assert NO_FACTS.divisible(H, 4).require("==", H % 2, 1).verdict is REFUTED
    assert NO_FACTS.require("==", H % 4, 5).verdict is REFUTED and NO_FACTS.require("==", H % 4, -1).verdict is REFUTED
    assert NO_FACTS.bound("H", hi=5).require("==", H % 8, 6).verdict is REFUTED
    assert NO_FACTS.require("==", 4 * H + 6 * W, 9).verdict is REFUTED


@pytest.mark.parametrize(
    ("a", "op", "b", "text"),
    [
        (T, "==", S + W, "S == T - W"),
        (2 * T, "==", S + W, "S == 2*T - W"),
        (W - T - S, "==", 0, "S == W - T"),
        ((H + W) // 2 * 2, "==", H + W, "(H + W) % 2 == 0"),
        (A + B + C, "==", D + E + F, "A == D + E + F - B - C"),
        (A + B + C + D, "==", E + F + G, "A + B + C + D == E + F + G"),
        (T + S, "<=", 10, "S + T <= 10"),
        (T + S, ">", 10, "S + T > 10"),
        (3 * T, ">=", 10, "T >= 4"),
        (3 * T, "<=", 10, "T <= 3"),
        (10 - 3 * T, ">=", 1, "T <= 3"),
        (10 - 3 * T, ">", 1, "T <= 2"),
        (20, ">=", 3 * T, "T <= 6"),
        (1 - T, "<", -5, "T >= 7"),
        (-T, "<=", -5, "T >= 5"),
        (H // 3, "==", T, "T == H//3"),
        ((3 * H + 1) // 4 * 4, "==", 3 * H + 1, "H % 4 == 1"),
        (H // 2 // 3 * 6, "==", H, "H % 6 == 0"),
    ],
)
def test_the_missing_fact_proves_what_was_asked(a: Any, op: str, b: Any, text: str) -> None:
    assert NO_FACTS.compare(op, a, b) is UNKNOWN
    assert NO_FACTS.missing(a, b, op) == text


def test_patterns_in_detail() -> None:
    found = unify((..., D, 2 * D), shape_of(["B", 4, 8]), Bindings(), NO_FACTS)
    assert found == {"D": 4} and isinstance(found, Bindings) and found.leading == (B,)
    assert unify((H, W), shape_of([3]), Bindings(), NO_FACTS) == [Mismatch(None, Dim.of(2), Dim.of(1), REFUTED)]
    assert unify((H, H + W, 9 * H), shape_of([3, 4, 27]), Bindings(), NO_FACTS) == [
        Mismatch(1, W + 3, Dim.of(4), UNKNOWN, frozenset({"W"}))
    ]
    once = unify((..., H), shape_of([2, 3, 4]), Bindings(), NO_FACTS)
    assert isinstance(once, Bindings)
    assert unify((..., H), shape_of([2, 5, 4]), once, NO_FACTS) == [Mismatch(1, Dim.of(3), Dim.of(5), REFUTED)]
    assert unify((..., H), shape_of([2, "T", 4]), once, NO_FACTS) == [Mismatch(1, Dim.of(3), T, UNKNOWN)]
    assert Bindings({"H": Dim.of(3)}).fill((..., H, W)) == (3, W)


def test_windows_as_a_function_of_a_symbol() -> None:
    assert conv_out(H, 3, 2, 2, (1, 2)) == (H - 2) // 2 + 1
    assert conv_out(5, 3, 1, 1, "VALID") == 3 and conv_out(5, 3, 2, 1, "SAME") == 3
    for numbers in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            conv_out(H, *numbers, "SAME")


def test_types_can_be_printed() -> None:
    assert repr(TensorType("f32", (B, 2))) == "TensorType(f32[B, 2])"
    assert TensorType("f32", (B,)) != "f32[B]" and TensorType("f32", (B,)) != TensorType("f32", (T,))


def test_verdicts_have_opposites() -> None:
    assert [verdict.opposite for verdict in (PROVED, REFUTED, UNKNOWN)] == [REFUTED, PROVED, UNKNOWN]
    assert len(Verdict) == 3


def test_hardly_a_question_that_can_be_decided_stays_open() -> None:
    report = run(160, seed=7)
    assert report.wrong == []
    assert report.undecided <= 1, report.open_questions
