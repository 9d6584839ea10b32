"""Ends of polynomials over boxes, and cases that cover them."""

from __future__ import annotations

import random
from itertools import product
from math import inf
from typing import Any

import pytest

from netspec.limits import LIMITS
from netspec.shape.bounds import DEFAULT, ceiling, extent, interval, scale_range
from netspec.shape.cases import Box, cases, is_never_zero
from netspec.shape.decision import Search
from netspec.shape.dims import ZERO, Dim
from netspec.shape.facts import NO_FACTS, PROVED, REFUTED, UNKNOWN
from tests.shape.polynomials import BOUNDS, A, B, H, T, W, X, Y, Z


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
    assert (scale_range((1, 10), 4, 3), scale_range((3, 11), 4, 3), scale_range((1, 2), 4, 3)) == ((0, 1), (0, 2), (0, -1))
    assert (scale_range((-inf, inf), 4, 1), scale_range((1, inf), 4, 0), DEFAULT) == ((-inf, inf), (1, inf), (1, inf))


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
        if is_never_zero(dim, box):
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
    assert NO_FACTS.ask(">=", total, 33).steps <= LIMITS.question_steps


def test_residues_of_a_symbol_cover_its_range() -> None:
    for n in (2, 3, 5):
        assert NO_FACTS.equal((H + n - 1) // n * n, H) is UNKNOWN
        assert NO_FACTS.compare("<", (H + n - 1) // n * n, H + n) is PROVED
        assert NO_FACTS.compare(">=", H % n * (n - 1 - H % n), 0) is PROVED
        assert NO_FACTS.compare("==", (H // n + H % n) // (n + 1000), (H // n + H % n) // (n + 1000)) is PROVED
    assert NO_FACTS.equal(H * (H + 1) * (H + 2) % 6, 0) is PROVED
    assert NO_FACTS.equal(H**2 % 4, 2) is REFUTED and NO_FACTS.equal(H**2 % 3, 2) is REFUTED and NO_FACTS.equal(H**2 % 4, 1) is UNKNOWN
