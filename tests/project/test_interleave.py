"""The arithmetic and the order of the benchmarks' pairs."""

from __future__ import annotations

from pytest import approx

from tests.benchmarks.interleave import Pairs, interleave


def test_pairs_alternate_which_side_goes_first() -> None:
    order: list[str] = []
    pairs = interleave(lambda: order.append("a"), lambda: order.append("b"), pairs=4, warm=1)
    assert "".join(order) == "ab" + "abbaabba"
    assert len(pairs.first) == len(pairs.second) == 4


def test_ratios() -> None:
    pairs = Pairs(first=(1.0, 4.0, 3.0), second=(2.0, 2.0, 2.0))
    assert (pairs.median, pairs.least) == (approx(1.5), approx(0.5))
    assert pairs.line("a", "b").startswith(
        "a / b: 1.50 median [0.50, 2.00], 0.50 least, of 3 pairs; 3000.0 ms (least 1000.0) against 2000.0 ms"
    )


def test_the_interval_of_a_ratio_narrows_with_pairs_and_holds_the_median() -> None:
    few, many = (Pairs(tuple(1.0 + 0.1 * (k % 5) for k in range(count)), (1.0,) * count) for count in (5, 100))
    (low, high), (lower, higher) = few.interval(), many.interval()
    assert low <= few.median <= high and lower <= many.median <= higher
    assert higher - lower < high - low
