"""What follows from facts about dims: proved, refuted, or which fact is missing."""

import pytest

from netspec.limits import LIMITS
from netspec.shape.dims import Dim
from netspec.shape.facts import NO_FACTS, PROVED, REFUTED, UNKNOWN, Origin
from tests.shape.brute import run

A, B, D, H, S, T, W = map(Dim.symbol, "ABDHSTW")


# ---- without facts ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("a", "op", "b", "verdict"),
    [
        (2 * (H + 1), "==", H + H + 2, PROVED),
        (H, "==", H + 1, REFUTED),
        (T, "==", S, UNKNOWN),
        (64, "==", 128, REFUTED),
        (2 * H, "==", 2 * T + 1, REFUTED),
        (H // 2 + (H + 1) // 2, "==", H, PROVED),
        ((H // 2) * 2, "==", H, UNKNOWN),
        (H * (H + 1) % 2, "==", 0, PROVED),
        (H % 4, "<", 4, PROVED),
        (H % 4, ">=", 4, REFUTED),
        (H, ">=", 1, PROVED),
        (H, ">", 0, PROVED),
        (H, "!=", 0, PROVED),
        (H, "<=", 0, REFUTED),
        (B * T, ">=", B, PROVED),
        ((H + 1) // 2, "<=", H, PROVED),
        (H // 224, "<=", H, PROVED),
        ((H + 223) // 224 * 224, ">=", H, PROVED),
        (B * T, "==", B * T + B, REFUTED),
        (H * H - 3 * H + 2, ">=", 0, PROVED),
        (H * H, "==", 2, REFUTED),
        (B * (H // 2), "<=", B * H, PROVED),
    ],
)
def test_what_holds_for_every_dim(a, op, b, verdict):
    assert NO_FACTS.compare(op, a, b) is verdict


# ---- divisibility ----------------------------------------------------------------------------------------------------
def test_divisibility_makes_floors_exact():
    facts = NO_FACTS.divisible(H, 16)
    assert facts.equal(H // 16 * 16, H) is PROVED
    assert facts.equal((H + 15) // 16, H // 16) is PROVED
    assert facts.divides(8, H) is PROVED and facts.divides(32, H) is UNKNOWN
    assert facts.compare(">=", H, 16) is PROVED
    assert facts.divides(16, H + 1) is REFUTED


@pytest.mark.parametrize(
    ("dim", "text"),
    [(H // 16 * 16, "H"), ((H + 3) // 16, "H//16"), (H // 2, "H//2"), (3 * (H // 2) + H, "2*H + H//2"), (H**2 // 4, "H*(H//4)")],
)
def test_normal_forms_are_in_the_users_symbols(dim, text):
    assert str(NO_FACTS.divisible(H, 16).normal(dim)) == text


def test_remainders_combine():
    facts = NO_FACTS.divisible(H, 6, 2).divisible(H, 4)
    assert facts.equal(H % 12, 8) is PROVED
    assert facts.at_least(H, 8) is PROVED
    assert NO_FACTS.divisible(H, 4, 1).require("==", H % 6, 2).verdict is REFUTED
    assert NO_FACTS.divisible(H, 8).divisible(H, 12).divides(24, H) is PROVED


def test_a_condition_on_an_expression_reaches_its_symbol():
    assert NO_FACTS.divisible(H + 3, 4).equal(H % 4, 1) is PROVED
    assert NO_FACTS.divisible(3 * H, 4).divides(4, H) is PROVED
    assert NO_FACTS.divisible(6 * H, 4).divides(2, H) is PROVED
    assert NO_FACTS.require("==", 18 * H % 16, 0).facts.divides(8, H) is PROVED
    assert NO_FACTS.require("==", H // 3 * 3, H).facts.divides(3, H) is PROVED


def test_divisibility_of_a_product():
    facts = NO_FACTS.divisible(B * T, 4)
    assert facts.divides(4, B * T) is PROVED
    assert facts.divides(2, 3 * B * T) is PROVED
    assert facts.divides(4, B) is UNKNOWN


# ---- bounds ------------------------------------------------------------------------------------------------------------
def test_bounds():
    facts = NO_FACTS.bound("T", lo=8, hi=1024)
    assert facts.compare("<=", T, 1024) is PROVED and facts.compare("<=", T, 1023) is UNKNOWN
    assert facts.compare(">", T, 1024) is REFUTED
    assert facts.range(T) == (8, 1024) and facts.range(2 * T + S) == (17, None) and facts.range(T // 3) == (2, 341)
    assert facts.bound("T", lo=1024).equal(T, 1024) is PROVED


def test_a_dim_starts_at_one_unless_it_is_said():
    assert NO_FACTS.range(T) == (1, None)
    facts = NO_FACTS.from_zero("i")
    assert facts.range(Dim.symbol("i")) == (0, None)
    with pytest.raises(ValueError, match="known already"):
        facts.from_zero("i")


def test_bounds_through_floors_sums_and_products():
    assert NO_FACTS.require("==", H // 2, 7).facts.range(H) == (14, 15)
    assert NO_FACTS.require("<=", H * W, 1024).facts.compare("<=", H, 1024) is PROVED
    assert NO_FACTS.require("<=", T + S, 10).facts.compare("<", T, 10) is PROVED
    assert NO_FACTS.require("!=", T, 1).facts.at_least(T, 2) is PROVED
    assert NO_FACTS.require("!=", H * T, H).facts.at_least(T, 2) is PROVED


def test_inequalities_between_symbols():
    facts = NO_FACTS.require("<=", T, S).facts.require("<", S, W).facts
    assert facts.compare("<", T, W) is PROVED
    assert facts.compare("<=", B * T, B * S) is PROVED
    assert facts.compare(">", T, W) is REFUTED
    assert facts.require(">", T, S).verdict is REFUTED


# ---- equations ---------------------------------------------------------------------------------------------------------
def test_assumed_equalities():
    facts = NO_FACTS.assume_equal(T, S)
    assert facts.equal(T, S) is PROVED and facts.equal(B * T, B * S) is PROVED and facts.equal(T // 2, S // 2) is PROVED
    assert facts.equal(T, S + 1) is REFUTED
    assert facts.normal(T) == facts.normal(S)


def test_equations_are_solved():
    assert NO_FACTS.assume_equal(T, 2 * S).divides(2, T) is PROVED
    thirds = NO_FACTS.assume_equal(2 * T, 3 * S)
    assert thirds.divides(3, T) is PROVED and thirds.divides(2, S) is PROVED and thirds.at_least(T, 3) is PROVED
    assert NO_FACTS.assume_equal(T + S, 10).compare("<=", T, 9) is PROVED
    assert NO_FACTS.assume_equal(B * T, B * S).equal(T, S) is PROVED
    assert NO_FACTS.require("==", 6 * T + 4 * S, 21).verdict is REFUTED
    assert NO_FACTS.assume_equal(H * W, A * D).equal(3 * H * W, 3 * A * D) is PROVED
    assert NO_FACTS.assume_equal(H * W, A * D).equal(H * W, A * D + 1) is REFUTED


def test_bounds_of_a_replaced_symbol_stay():
    facts = NO_FACTS.bound("T", hi=8).assume_equal(T, S)
    assert facts.compare("<=", S, 8) is PROVED
    assert NO_FACTS.bound("T", hi=8).bound("S", lo=9).require("==", T, S).verdict is REFUTED


# ---- recording -----------------------------------------------------------------------------------------------------------
def test_require_says_what_became_of_the_relation():
    fresh = NO_FACTS.require("==", T, S)
    assert (fresh.verdict, fresh.left) == (UNKNOWN, None) and fresh.facts is not NO_FACTS
    known = fresh.facts.require("==", S, T)
    assert known.verdict is PROVED and known.facts is fresh.facts
    against = fresh.facts.require("<", S, T)
    assert against.verdict is REFUTED and against.facts is fresh.facts


def test_require_says_when_it_could_not_record():
    long = sum((Dim.symbol(f"S{i}") * T for i in range(40)), Dim.of(0))
    recorded = NO_FACTS.require("<=", long, 1000)
    assert recorded.left is not None and recorded.left.endswith("<= 1000")


def test_facts_are_immutable_and_remember_where_symbols_came_from():
    facts = NO_FACTS.origin("T", "input x", "dim 1 of x")
    more = facts.require("<=", T, 9, where="dim T", text="T <= 9").facts
    assert more.origins("T") == (Origin("input x", "dim 1 of x"), Origin("dim T", "T <= 9"))
    assert facts.origins("T") == (Origin("input x", "dim 1 of x"),) and facts.range(T) == (1, None)
    assert NO_FACTS.origins("T") == ()


def test_bounds_that_contradict_are_named():
    facts = NO_FACTS.bound("T", hi=4).bound("T", lo=5)
    assert facts.contradiction == "T >= 5"
    assert NO_FACTS.contradiction is None


def test_an_unknown_relation_is_refused():
    with pytest.raises(KeyError):
        NO_FACTS.ask("~", T, S)


# ---- repair --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("a", "op", "b", "text"),
    [
        (H // 16 * 16, "==", H, "H % 16 == 0"),
        (H // 2 * 2 * W, "==", H * W, "H % 2 == 0"),
        ((H + 1) // 4 * 4, "==", H + 1, "H % 4 == 3"),
        (T, "<=", 1024, "T <= 1024"),
        (2 * T + 1, "<", 1024, "T <= 511"),
        (T, ">", 7, "T >= 8"),
        (T - 3, ">=", 1, "T >= 4"),
        (T, "==", S, "S == T"),
        (B * T, "==", B * S, "S == T"),
        (D % 8, "==", 0, "D % 8 == 0"),
        (T, "==", 12, "T == 12"),
        (H // 2, "==", 7, "H//2 == 7"),
        (B * T, "==", H * W, "B*T == H*W"),
    ],
)
def test_the_missing_fact(a, op, b, text):
    assert NO_FACTS.compare(op, a, b) is UNKNOWN
    assert NO_FACTS.missing(a, b, op) == text


# ---- brute force ---------------------------------------------------------------------------------------------------------
def test_random_facts_agree_with_brute_force():
    report = run(400, seed=20)
    assert report.wrong == []
    assert report.most_steps <= LIMITS.question_steps
    assert report.questions > 1200 and report.decided > 300
    assert report.undecided <= 0.02 * report.decided, report.open_questions


def test_a_question_ends_within_the_limit():
    symbols = [Dim.symbol(name) for name in "ABCDEF"]
    facts = NO_FACTS
    for x, y in zip(symbols, symbols[1:], strict=False):
        facts = facts.require("<=", (x * y) // 3, (y + 7) // 5 + x).facts
    total = sum(((s * t) // 7 for s in symbols for t in symbols[:2]), Dim.of(0))
    assert facts.ask("<=", total, 99).steps <= LIMITS.question_steps
