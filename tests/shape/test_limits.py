"""Dims at the ends of what they may be, their texts, and the algebra below them."""

from __future__ import annotations

import pytest

from netspec.shape.algebra import common_symbols, content, divide_content, divide_symbol, exact_quotient, moduli, read_linear, split
from netspec.shape.dims import ZERO, Dim, DimTooComplex
from netspec.shape.facts import NO_FACTS
from netspec.shape.readback import read_back
from tests.shape.polynomials import B, H, T, W, powers


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
    assert split(3 * one + H, fresh()) == (3, H) and divide_symbol(one * H, fresh()) == H and read_back(one, {}) == one
    assert read_linear(one - other + H) == {"H": 1} and (one // 2).substitute({fresh(): 7}) == 3
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
        (-(H // 2), "-(H//2)"),
        (-(H // 2) - 3, "-(H//2) - 3"),
        (-((H + 1) // 2) - W, "-W - (H + 1)//2"),
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


def test_contents_factors_and_parts() -> None:
    assert (content(4 * H + 6 * W + 3), content(Dim.of(7)), content(H - 5)) == (2, 0, 1)
    assert divide_content(4 * H + 6 * W - 3) == 2 * H + 3 * W - 2 and divide_content(3 * H - 7) == H - 3 and divide_content(H - 7) == H - 7
    assert divide_content(2 * H - 1) == H - 1 and divide_content(2 * H + 1) == H
    assert (common_symbols(H * W + H**2), common_symbols(H * W), common_symbols(ZERO), common_symbols(H + 1)) == (["H"], ["H", "W"], [], [])
    assert divide_symbol(H * H * W + H, "H") == H * W + 1 and divide_symbol(H**3, "H") == H**2
    assert split(H * W + 3 * H - W, "H") == (W + 3, -W) and split(W, "H") == (0, W)
    assert split(H * H, "H") is None and split(H // 2 + H, "H") is None and split(H * W + H**2, "H") is None
    assert split(H * (H // 2), "H") is None
    assert read_linear(2 * H - W + 7) == {"H": 2, "W": -1} and read_linear(Dim.of(3)) == {}
    assert read_linear(H * W) is None and read_linear(H**2) is None and read_linear(H // 2) is None and read_linear(H + W * T) is None


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
