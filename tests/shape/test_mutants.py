"""The parts of the solver one by one: ends that are attained, limits that are exact, and searches checked by trying every number."""

from __future__ import annotations

import random
from itertools import product
from math import inf
from typing import Any

import pytest

from netspec.shape.algebra import common_symbols, content, exact_quotient, linear, moduli, primitive, split, without
from netspec.shape.bounds import DEFAULT, Bounds, ceiling, extent, interval, scaled
from netspec.shape.cases import Box, cases, never_zero
from netspec.shape.decide import STEP_LIMIT, Search
from netspec.shape.dims import ZERO, Dim, DimTooComplex
from netspec.shape.draft import Contradiction, Draft
from netspec.shape.facts import NO_FACTS, PROVED, REFUTED, UNKNOWN, Facts, Verdict
from netspec.shape.readback import readable
from netspec.shape.sieve import admitted_residues, remainder_form
from netspec.shape.types import TensorType, shape_of
from netspec.shape.unify import Bindings, Mismatch, conv_out, unify
from tests.shape.brute import run

A, B, C, D, E, F, G, H, S, T, W, X, Y, Z = map(Dim.symbol, "ABCDEFGHSTWXYZ")
BOUNDS: Bounds = {"X": (-3, 5), "Y": (-inf, -2), "Z": (-inf, inf), "T": (2, 9)}


def powers(count: int) -> Dim:
    """1 + H + H**2 + …, so many terms."""
    total, power = ZERO, Dim.of(1)
    for _ in range(count):
        total, power = total + power, power * H
    return total


# ---- dims: limits ------------------------------------------------------------------------------------------------------
def test_the_largest_number() -> None:
    for sign in (1, -1):
        assert (Dim.of(2) ** 2048 * sign).value == sign * 2**2048
        assert Dim.of(sign * (2**4096 - 1)).value == sign * (2**4096 - 1)
        assert str((sign * (2**4096 - 1)) * H).endswith("*H")
        for make in (lambda s=sign: Dim.of(s * 2**4096), lambda s=sign: Dim.of(s * 2**4095) * 2 * H, lambda s=sign: Dim.of(2 * s) ** 2**62):
            with pytest.raises(DimTooComplex, match="4096 bits"):
                make()


def test_powers_of_small_numbers_never_grow() -> None:
    assert [Dim.of(n) ** (10**9 + 1) for n in (0, 1, -1)] == [0, 1, -1]
    assert (Dim.of(0) ** 0, (H + 1) ** 0, (H + 1) ** 1) == (1, 1, H + 1)


def test_the_longest_sum_and_the_highest_power() -> None:
    names = [Dim.symbol(f"S{i}") for i in range(512)]
    assert len(Dim.sum(term for name in names for term in name.terms).terms) == 512
    with pytest.raises(DimTooComplex, match="512 terms"):
        Dim.sum(term for name in [*names, H] for term in name.terms)
    assert str(H**64) == "H**64"
    with pytest.raises(DimTooComplex, match="power above 64"):
        _ = H**65


def test_the_longest_product() -> None:
    assert len((powers(90) * powers(91)).terms) == 180
    with pytest.raises(DimTooComplex, match="long sums"):
        _ = powers(91) * powers(91)


def test_the_deepest_quotient() -> None:
    deep = H
    for _ in range(24):
        deep = (2 * deep + T) // 3
    with pytest.raises(DimTooComplex, match="nested quotients"):
        _ = (2 * deep + T) // 3


def test_the_longest_quotient() -> None:
    long = Dim.symbol("L" * 1_994)
    assert len(str(long // 2)) == 1_997
    assert len(str(Dim.symbol("L" * 1_996) // 2)) == 1_999
    with pytest.raises(DimTooComplex, match="nested quotients"):
        _ = Dim.symbol("L" * 1_998) // 2


def test_names_are_compared_and_not_the_strings_that_hold_them() -> None:
    def fresh() -> str:
        return "".join(["rows", "_", "of", "_x"])

    one, other = Dim.symbol(fresh()), Dim.symbol(fresh())
    assert one == other and hash(one) == hash(other)
    assert split(3 * one + H, fresh()) == (3, H) and without(one * H, fresh()) == H and readable(one, {}) == one
    assert linear(one - other + H) == {"H": 1} and (one // 2).substitute({fresh(): 7}) == 3
    assert NO_FACTS.bound(fresh(), hi=700).require("!=", other, 700).facts.range(one) == (1, 699)


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (1 - H, "1 - H"),
        (-2 * H - W, "-2*H - W"),
        (H * W - 7, "H*W - 7"),
        (-H * W - H + 7, "7 - H*W - H"),
        (H - W + T, "H + T - W"),
        (-3 * H**2, "-3*H**2"),
        ((H // 2) * W, "W*(H//2)"),
        (((H + W) // 2 + T) // 3, "(H + 2*T + W)//6"),
        ((H // 2 + W // 3) // 5, "(H//2 + W//3)//5"),
        ((H**2) // 2, "(H**2)//2"),
    ],
)
def test_text(dim: Dim, text: str) -> None:
    assert str(dim) == text


def test_terms_are_ordered_by_degree_and_then_by_name() -> None:
    dim = 5 + W + H**2 + B * T + H + (H // 2)
    assert str(dim) == "B*T + H**2 + H + W + H//2 + 5"
    assert (dim.constant_term, (H + W).constant_term, ZERO.constant_term) == (5, 0, 0)
    assert dim.atoms() == ["B", "T", "H", "W", *dim.floors()] and len(dim.floors()) == 1
    assert repr(dim.floors()[0]) == "Floor(H//2)" and repr(H + 1) == "Dim(H + 1)"
    assert {H // 2: 1}[(2 * H) // 4] == 1 and dim.floors()[0] != "H//2"


def test_small_and_large_constants_are_the_same_kind_of_thing() -> None:
    for number in (-33, -32, 0, 512, 513, 10**6):
        dim = Dim.of(number)
        assert (dim.value, dim.is_constant, str(dim), dim == number, bool(dim)) == (number, True, str(number), True, number != 0)
        assert (H + number) - H == number and Dim.of(True) == 1
        assert dim.terms == ((((), number),) if number else ())


# ---- algebra -------------------------------------------------------------------------------------------------------------
def test_contents_factors_and_parts() -> None:
    assert (content(4 * H + 6 * W + 3), content(Dim.of(7)), content(H - 5)) == (2, 0, 1)
    assert primitive(4 * H + 6 * W - 3) == 2 * H + 3 * W - 2 and primitive(3 * H - 7) == H - 3 and primitive(H - 7) == H - 7
    assert primitive(2 * H - 1) == H - 1 and primitive(2 * H + 1) == H
    assert (common_symbols(H * W + H**2), common_symbols(H * W), common_symbols(ZERO), common_symbols(H + 1)) == (["H"], ["H", "W"], [], [])
    assert without(H * H * W + H, "H") == H * W + 1 and without(H**3, "H") == H**2
    assert split(H * W + 3 * H - W, "H") == (W + 3, -W) and split(W, "H") == (0, W)
    assert split(H * H, "H") is None and split(H // 2 + H, "H") is None and split(H * W + H**2, "H") is None
    assert split(H * (H // 2), "H") is None
    assert linear(2 * H - W + 7) == {"H": 2, "W": -1} and linear(Dim.of(3)) == {}
    assert linear(H * W) is None and linear(H**2) is None and linear(H // 2) is None and linear(H + W * T) is None


def test_quotients_of_polynomials() -> None:
    assert exact_quotient(H**2 - W**2, H + W) == H - W
    assert exact_quotient(6 * H * W, 4 * H) is None and exact_quotient(6 * H * W, 3 * W) == 2 * H
    assert exact_quotient(H**3 - 1, H - 1) == H**2 + H + 1 and exact_quotient(H**3 + 1, H - 1) is None
    assert exact_quotient(H**2, H**3) is None and exact_quotient(H**3 * W, H**2) == H * W
    assert exact_quotient(H + 1, Dim.of(1)) == H + 1 and exact_quotient(powers(200), Dim.of(1)) == powers(200)


def test_what_makes_floors_exact() -> None:
    assert moduli((H // 2 + W) // 3) == {"H": 6, "W": 6} and moduli(H // 4 + H // 6) == {"H": 12} and moduli(H * W) == {}
    assert moduli((H // 2 + W // 5) // 3) == {"H": 30, "W": 30}
    assert moduli((H // 2 * W) // 3) == {"H": 6, "W": 6}


# ---- bounds: ends that are attained --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("dim", "ends"),
    [
        (X * X, (0, 25)),
        (X**3, (-75, 125)),
        (Y * Y, (4, inf)),
        (Y**3, (-inf, -8)),
        (X * Y, (-inf, inf)),
        (-X * T, (-45, 27)),
        (X // 2, (-2, 2)),
        (Y // 3, (-inf, -1)),
        (Z, (-inf, inf)),
        (Z * Z + 1, (1, inf)),
        (B * T - B, (1, inf)),
        (B * B - 2 * B + 1, (0, inf)),
        (T * T - 3 * T, (-2, 54)),
        (H - H // 2, (1, inf)),
        (H - 2 * (H // 2), (0, 1)),
        (3 * (H // 3) - H, (-2, 0)),
        (B * (H // 2) - B * H, (-inf, -1)),
        ((H // 2) * (T // 2), (0, inf)),
        ((T + X) // 3, (-1, 4)),
        (5 - T, (-4, 3)),
        (Y - X, (-inf, 1)),
        (T // 4 - X, (-5, 5)),
        ((H + 1) // 2 - H, (-inf, 0)),
        (B * B * T - B * B, (1, inf)),
        (Dim.of(-4), (-4, -4)),
    ],
)
def test_ends(dim: Dim, ends: tuple[Any, Any]) -> None:
    low, high = extent(dim, BOUNDS)
    assert (low, high) == ends
    small, large = interval(dim, BOUNDS)
    assert small <= low and large >= high, "interval arithmetic never sees more"


def test_rounding_and_ranges_of_multiples() -> None:
    assert (ceiling(7, 2), ceiling(-7, 2), ceiling(8, 2), ceiling(inf, 2), ceiling(-inf, 3)) == (4, -3, 4, inf, -inf)
    assert (scaled((1, 10), 4, 3), scaled((3, 11), 4, 3), scaled((1, 2), 4, 3)) == ((0, 1), (0, 2), (0, -1))
    assert (scaled((-inf, inf), 4, 1), scaled((1, inf), 4, 0), DEFAULT) == ((-inf, inf), (1, inf), (1, inf))


def some_dim(rng: random.Random, depth: int) -> Dim:
    if depth == 0:
        return rng.choice([X, Y, X, Y, Dim.of(rng.randint(-4, 6))])
    left, right, n = some_dim(rng, depth - 1), some_dim(rng, depth - 1), rng.choice([2, 3, 4])
    return rng.choice([left + right, left - right, left * right, left // n, left % n, left + rng.randint(-9, 9)])


def some_box(rng: random.Random) -> tuple[Box, list[dict[str, int]]]:
    """A box over X and Y with a few facts, and all that it admits."""
    ends = {name: (low := rng.randint(-6, 4), low + rng.randint(0, 9)) for name in "XY"}
    values = [dict(zip("XY", pair, strict=True)) for pair in product(*(range(low, high + 1) for low, high in ends.values()))]
    nonneg, zero, nonzero = (tuple(some_dim(rng, 1) for _ in range(rng.choice([0, 0, 1]))) for _ in range(3))
    kept = [
        v
        for v in values
        if all(d.evaluate(v) >= 0 for d in nonneg) and all(d.evaluate(v) == 0 for d in zero) and all(d.evaluate(v) != 0 for d in nonzero)
    ]
    return Box(ends, nonneg, zero, nonzero), kept


def test_a_search_in_any_range_agrees_with_trying_every_number() -> None:
    rng = random.Random(11)
    decided = open_questions = 0
    for _ in range(250):
        box, admitted = some_box(rng)
        dim = some_dim(rng, 2)
        for found, holds in ((Search(box).zero(dim), [dim.evaluate(v) == 0 for v in admitted]), (Search(box).nonneg(dim), None)):
            truths = set(holds if holds is not None else [dim.evaluate(v) >= 0 for v in admitted])
            if not truths:
                continue
            assert found is UNKNOWN or truths == {found is PROVED}, (dim, box.bounds, box.nonneg, box.zero, box.nonzero)
            decided += len(truths) == 1
            open_questions += len(truths) == 1 and found is UNKNOWN
        low, high = extent(dim, box.bounds)
        assert all(low <= dim.evaluate(v) <= high for v in admitted)
        if never_zero(dim, box):
            assert all(dim.evaluate(v) != 0 for v in admitted)
    assert decided > 250 and open_questions == 0


def test_cases_cover_everything_admitted() -> None:
    rng = random.Random(12)
    for _ in range(60):
        box, admitted = some_box(rng)
        dim = some_dim(rng, 2)
        if dim.is_constant:
            continue
        for values in admitted:
            assert any(_covers(given, part, values) for given, part in cases(dim, box)), (dim, values)


def _covers(given: dict[str, Any], part: Box, values: dict[str, int]) -> bool:
    return all(Dim.of(value).is_constant and Dim.of(value).value == values[name] for name, value in given.items() if name in values)


def test_one_symbol_without_an_end_is_tried_near_the_other_one() -> None:
    def roots(symbol: Dim, at: int) -> Dim:
        return (symbol - at) * (symbol - at - 1)

    upward, downward = Box({}), Box({"X": (-inf, 4)})
    assert Search(upward).nonneg(roots(X, 16)) is PROVED and Search(upward).nonneg(roots(X, 17)) is UNKNOWN
    assert Search(downward).nonneg(roots(X, 3)) is PROVED and Search(downward).nonneg(roots(X, -12)) is PROVED
    assert Search(downward).nonneg(roots(X, -13)) is UNKNOWN
    assert Search(downward).nonneg(3 * (4 - X) ** 2 - 1) is UNKNOWN, "only 4 itself makes it negative"
    assert Search(downward).zero(3 * (4 - X) ** 2 - 1) is REFUTED
    assert Search(Box({"X": (-inf, inf)})).nonneg(roots(X, 3)) is UNKNOWN
    assert Search(Box({"X": (3, 60)})).nonneg(roots(X, 4)) is PROVED


def test_the_last_values_of_a_wide_range_are_cases_too() -> None:
    facts = NO_FACTS.bound("H", hi=1001)
    assert facts.compare("<=", 3 * (H % 2) + H, 1004) is PROVED
    assert facts.compare("<=", 3 * (H % 2) + H, 1003) is UNKNOWN, "1001 itself is above"
    assert facts.compare("<=", 2 * H - H % 2, 2001) is PROVED and facts.compare("<=", 2 * H - H % 2, 2000) is UNKNOWN


def test_a_question_is_split_into_at_most_256_cases() -> None:
    wide = Box({"H": (1, 20), "W": (1, 20)})
    assert 20 <= len(list(cases((H // 3 + W // 3 + T) // 2, wide))) <= 256
    assert 216 <= len(list(cases((H // 3 + W // 3 + T // 3 + X) // 2, Box({})))) <= 256
    assert len(list(cases(H * W // 7, Box({"H": (1, 16), "W": (1, 16)})))) == 256
    assert [values for values, _ in cases(H * T, Box({"H": (2, 4)}))] == [{"H": 2}, {"H": 3}, {"H": 4}]
    assert Search(Box({"X": (3, 3)})).zero(X * H * (H + 1) % 2) is PROVED, "a symbol of one value beside one without an end"


def test_long_polynomials_are_not_looked_at() -> None:
    total = sum((Dim.symbol(f"S{i}") for i in range(32)), ZERO)
    assert NO_FACTS.compare(">=", total, 1) is PROVED
    assert NO_FACTS.compare(">=", total + A, 1) is UNKNOWN
    assert NO_FACTS.ask(">=", total, 33).steps <= STEP_LIMIT


def test_residues_of_a_symbol_cover_its_range() -> None:
    for n in (2, 3, 5):
        assert NO_FACTS.equal((H + n - 1) // n * n, H) is UNKNOWN
        assert NO_FACTS.compare("<", (H + n - 1) // n * n, H + n) is PROVED
        assert NO_FACTS.compare(">=", H % n * (n - 1 - H % n), 0) is PROVED
        assert NO_FACTS.compare("==", (H // n + H % n) // (n + 1000), (H // n + H % n) // (n + 1000)) is PROVED
    assert NO_FACTS.equal(H * (H + 1) * (H + 2) % 6, 0) is PROVED
    assert NO_FACTS.equal(H**2 % 4, 2) is REFUTED and NO_FACTS.equal(H**2 % 3, 2) is REFUTED and NO_FACTS.equal(H**2 % 4, 1) is UNKNOWN


# ---- facts ---------------------------------------------------------------------------------------------------------------
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
    draft.congruent(H + W, 4, 1)
    (kept,) = draft.zero
    assert all((kept.evaluate({"H": h, "W": w}) == 0) == ((h + w) % 4 == 1) for h in range(1, 9) for w in range(1, 9))
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
    assert admitted_residues(H % 4 - 2, Box({}), 256) == ("H", 4, [2])
    assert admitted_residues(H % 4 - 2, Box({}), 3) is None and admitted_residues(H // 2 - W // 2, Box({}), 256) is None
    assert admitted_residues(H // 2 - 3, Box({"H": (7, 7)}), 256) == ("H", 2, [1])


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


# ---- what is missing -----------------------------------------------------------------------------------------------------
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


# ---- shapes ----------------------------------------------------------------------------------------------------------------
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
