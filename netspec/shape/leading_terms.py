"""Shows of a long polynomial how it grows: its leading terms, with floors as plain quotients and rounded numbers. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from netspec.shape.dims import Dim, Floor

Powers = tuple[tuple[str, int], ...]
"""Symbols with their powers, in alphabetical order."""
Rational = dict[Powers, Fraction]
SMALL = 100
"""A term is left out beside one that grows faster unless its number is more than so many times larger: sizes are often hundreds."""
UNITS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def lead(dim: Dim, columns: int) -> str:
    """The leading terms as text of at most so many characters, the largest first: `2.91k*B*H*W`. At least one term stands."""
    terms = sorted(_leading(_rational(dim)).items(), key=lambda t: (sum(p for _, p in t[0]), abs(t[1])), reverse=True)
    texts = [_term(powers, factor) for powers, factor in terms]
    kept = texts[:1]
    for text in texts[1:]:
        longer = [*kept, text]
        if len(_joined(longer)) + (4 if len(longer) < len(texts) else 0) > columns:
            break
        kept = longer
    return _joined(kept) + (" + …" if len(kept) < len(texts) else "")


def _joined(terms: Iterable[str]) -> str:
    return " + ".join(terms).replace("+ -", "- ")


def _rational(dim: Dim) -> Rational:
    """The polynomial in plain symbols: `floor(p / n)` is at most one less than p / n."""
    total: Rational = {}
    for monomial, coefficient in dim.terms:
        product: Rational = {(): Fraction(coefficient)}
        for atom, power in monomial:
            for _ in range(power):
                product = _times(product, _atom(atom))
        for powers, factor in product.items():
            total[powers] = total.get(powers, Fraction()) + factor
    return {powers: factor for powers, factor in total.items() if factor}


def _atom(atom: str | Floor) -> Rational:
    if isinstance(atom, str):
        return {((atom, 1),): Fraction(1)}
    return {powers: factor / atom.divisor for powers, factor in _rational(atom.inner).items()}


def _times(left: Rational, right: Rational) -> Rational:
    result: Rational = {}
    for a, x in left.items():
        for b, y in right.items():
            powers = _merge(a, b)
            result[powers] = result.get(powers, Fraction()) + x * y
    return result


def _merge(left: Powers, right: Powers) -> Powers:
    merged = dict(left)
    for symbol, power in right:
        merged[symbol] = merged.get(symbol, 0) + power
    return tuple(sorted(merged.items()))


def _leading(terms: Rational) -> Rational:
    """The terms beside which no other grows faster with a number that is not far smaller."""
    return {
        powers: factor
        for powers, factor in terms.items()
        if not any(_grows_faster(other, powers) and abs(factor) <= SMALL * abs(more) for other, more in terms.items())
    }


def _grows_faster(other: Powers, powers: Powers) -> bool:
    has = dict(other)
    return other != powers and all(has.get(symbol, 0) >= power for symbol, power in powers)


def _term(powers: Powers, factor: Fraction) -> str:
    symbols = "*".join(symbol if power == 1 else f"{symbol}**{power}" for symbol, power in powers)
    return f"{_rounded(factor)}*{symbols}" if symbols else _rounded(factor)


def _rounded(number: Fraction) -> str:
    """Three digits and a unit: `2.91k`."""
    size, sign = abs(number), "-" if number < 0 else ""
    for unit, letter in UNITS:
        if size >= unit * Fraction(9995, 10000):
            return f"{sign}{_digits(size / unit)}{letter}"
    return sign + _digits(size)


def _digits(number: Fraction) -> str:
    value = float(number)
    text = f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}" if value >= 1 else f"{value:.3g}"
    return text.rstrip("0").rstrip(".") if "." in text else text
