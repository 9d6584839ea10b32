"""The leading terms of long polynomials."""

from __future__ import annotations

import pytest

from netspec.shape import Dim
from netspec.shape.leading_terms import lead

B, H, W, T = map(Dim.symbol, "BHWT")


@pytest.mark.parametrize(
    ("dim", "columns", "text"),
    [
        (46528 * B * ((H + 1) // 4 - 1) * ((W + 1) // 4 - 1), 21, "2.91k*B*H*W"),
        (2 * B * T**2 + 8_000_000 * B * T, 40, "2*B*T**2 + 8M*B*T"),
        (2 * B * T**2 + 30 * B * T, 40, "2*B*T**2"),
        (B * (H // 3), 21, "0.333*B*H"),
        (999_999 * B, 21, "1M*B"),
        (1000 * H * W - 5_000_000 * H, 40, "1k*H*W - 5M*H"),
        (2 * B * T**2 + 8_000_000 * B * T, 14, "2*B*T**2 + …"),
        (Dim.of(12_345), 21, "12.3k"),
    ],
)
def test_leading_terms(dim: Dim, columns: int, text: str) -> None:
    assert lead(dim, columns) == text


@pytest.mark.parametrize("dim", [46528 * B * ((H + 1) // 4 - 1) * ((W + 1) // 4 - 1), 3 * (H // 2) ** 2 + 7 * H])
def test_they_are_near_the_amount_at_large_sizes(dim: Dim) -> None:
    sizes = {"B": 2, "H": 100_003, "W": 100_019}
    number, *symbols = lead(dim, 60).split("*", 1)
    factor = float(number.replace("k", "e3").replace("M", "e6"))
    assert eval("*".join([str(factor), *symbols]), {}, sizes) == pytest.approx(dim.evaluate(sizes), rel=0.01)
