"""Defines the size of an axis: a polynomial with integer coefficients over symbols and floors, in normal form (equal polynomials are
equal).

A floor of a quotient, `floor(p / n)`, is an atom (`Floor`). Its normal form: (1) multiples of n are pulled out, `(5*H) // 2` is
`2*H + H//2`; (2) a common factor is cancelled, `(2*H + 1) // 4` is `H//2`; (3) a single inner floor is flattened, `(H//2 + 1) // 3` is
`(H + 2)//6`. Symbols and floors are whole numbers; nothing here knows how large they are (see `facts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd

from netspec.limits import LIMITS
from netspec.shape.dim_text import polynomial, quotient
from netspec.shape.monomials import HUGE, DimTooComplex, order, times

__all__ = ["ONE", "ZERO", "Atom", "Dim", "DimTooComplex", "Floor", "Monomial"]


class Floor:
    """The atom floor(inner / divisor), with `inner` in the normal form that `Dim.__floordiv__` makes. Do not build it by hand."""

    __slots__ = ("_inner", "_divisor", "_key", "_depth")

    def __init__(self, inner: Dim, divisor: int) -> None:
        self._inner, self._divisor = inner, divisor
        self._depth = 1 + max((floor._depth for floor in inner.floors()), default=0)
        self._key = "~" + self.text()
        if self._depth > LIMITS.floor_depth or len(self._key) > LIMITS.floor_characters:
            raise DimTooComplex("a size with deeply nested quotients")

    @property
    def inner(self) -> Dim:
        return self._inner

    @property
    def divisor(self) -> int:
        return self._divisor

    def text(self) -> str:
        return quotient(self._inner, self._divisor)

    def __eq__(self, other: object) -> bool:
        return type(other) is Floor and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Floor({self.text()})"


Atom = str | Floor
Monomial = tuple[tuple[Atom, int], ...]
"""Atoms with their powers (at least 1), in the order of `monomials.key`; the empty one is the constant 1."""


class Dim:
    """An immutable polynomial over symbols and floors. Build it with `Dim.of`, `Dim.symbol` and arithmetic.

    Operands may be ints. `//`, `%` and `ceildiv` take a positive int (or a constant dim) on the right. There is no `<`:
    whether one dim is smaller than another depends on facts (see `facts`).
    """

    __slots__ = ("_terms", "_value", "_symbols")
    _terms: tuple[tuple[Monomial, int], ...]
    _value: int | None
    _symbols: frozenset[str] | None

    # ---- making -------------------------------------------------------------------------------------------------
    @staticmethod
    def of(value: int | str | Dim) -> Dim:
        """The dim of a number, of a symbol's name, or a dim itself."""
        if type(value) is Dim:
            return value
        if isinstance(value, int):
            small = _SMALL.get(value)
            return _make_constant(value) if small is None else small
        return Dim.symbol(value)  # type: ignore[arg-type]

    @staticmethod
    def symbol(name: str) -> Dim:
        """The dim that is one symbol."""
        if not isinstance(name, str) or not name:
            raise TypeError(f"a dim is a whole number or a symbol's name, not {name!r}")
        return _make_dim(((((name, 1),), 1),), None)

    @staticmethod
    def sum(parts: Iterable[tuple[Monomial, int]]) -> Dim:
        """The polynomial of these terms; equal monomials are added."""
        terms: dict[Monomial, int] = {}
        for monomial, coefficient in parts:
            terms[monomial] = terms.get(monomial, 0) + coefficient
        kept = [term for term in terms.items() if term[1]]
        if not kept or (len(kept) == 1 and not kept[0][0]):
            return Dim.of(kept[0][1] if kept else 0)
        if len(kept) > LIMITS.terms:
            raise DimTooComplex(f"a size with more than {LIMITS.terms} terms")
        for _, coefficient in kept:
            if not -HUGE < coefficient < HUGE:
                raise DimTooComplex(f"a number of more than {LIMITS.coefficient_bits} bits")
        if len(kept) > 1:
            kept.sort(key=order)
        return _make_dim(tuple(kept), None)

    # ---- looking ------------------------------------------------------------------------------------------------
    @property
    def terms(self) -> tuple[tuple[Monomial, int], ...]:
        """Monomials with their non-zero coefficients, higher degrees first, the constant last."""
        return self._terms

    @property
    def is_constant(self) -> bool:
        return self._value is not None

    @property
    def value(self) -> int:
        """The number that a constant dim is. Raises ValueError otherwise."""
        if self._value is None:
            raise ValueError(f"{self} is not a constant")
        return self._value

    @property
    def constant_term(self) -> int:
        """The number that the polynomial has without any symbol."""
        return self._terms[-1][1] if self._terms and not self._terms[-1][0] else 0

    def symbols(self) -> frozenset[str]:
        """Every symbol, those inside floors included."""
        if self._symbols is None:
            names = [s for atom in self.atoms() for s in ((atom,) if isinstance(atom, str) else atom.inner.symbols())]
            self._symbols = frozenset(names)
        return self._symbols

    def atoms(self) -> list[Atom]:
        """Symbols and floors at the top level, each once, in the order of the terms."""
        return list(dict.fromkeys(atom for monomial, _ in self._terms for atom, _ in monomial))

    def floors(self) -> list[Floor]:
        """The floors at the top level."""
        return [atom for atom in self.atoms() if type(atom) is Floor]

    # ---- arithmetic ---------------------------------------------------------------------------------------------
    def __add__(self, other: int | Dim) -> Dim:
        right = Dim.of(other)
        if self._value is not None and right._value is not None:
            return Dim.of(self._value + right._value)
        if self._value == 0 or right._value == 0:
            return right if self._value == 0 else self
        return Dim.sum((*self._terms, *right._terms))

    def __neg__(self) -> Dim:
        if self._value is not None:
            return Dim.of(-self._value)
        return _make_dim(tuple((m, -c) for m, c in self._terms), None)

    def __sub__(self, other: int | Dim) -> Dim:
        return self + (-Dim.of(other))

    def __rsub__(self, other: int | Dim) -> Dim:
        return Dim.of(other) + (-self)

    def __mul__(self, other: int | Dim) -> Dim:
        right = Dim.of(other)
        if self._value is not None and right._value is not None:
            return Dim.of(self._value * right._value)
        if self._value is not None or right._value is not None:
            return right._scale(self._value) if self._value is not None else self._scale(right._value)  # type: ignore[arg-type]
        if len(self._terms) * len(right._terms) > LIMITS.terms * 16:
            raise DimTooComplex("a product of long sums")
        return Dim.sum((times(m, n), c * d) for m, c in self._terms for n, d in right._terms)

    def _scale(self, factor: int) -> Dim:
        """A polynomial times a number: monomials and their order stay, which most products of a check need no more than."""
        if factor in (0, 1):
            return self if factor else ZERO
        terms = tuple((m, c * factor) for m, c in self._terms)
        if any(not -HUGE < c < HUGE for _, c in terms):
            raise DimTooComplex(f"a number of more than {LIMITS.coefficient_bits} bits")
        return _make_dim(terms, None)

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, exponent: int | Dim) -> Dim:
        """A non-negative whole power. Raises ValueError for others and DimTooComplex for large ones."""
        exponent = Dim.of(exponent).value
        if exponent < 0:
            raise ValueError(f"the power {exponent} of a dim is not a whole number")
        if self._value is not None:
            if abs(self._value) > 1 and self._value.bit_length() * exponent > LIMITS.coefficient_bits:
                raise DimTooComplex(f"a number of more than {LIMITS.coefficient_bits} bits")
            return Dim.of(self._value**exponent)
        if exponent > LIMITS.power:
            raise DimTooComplex(f"a power above {LIMITS.power}")
        result = ONE
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, divisor: int | Dim) -> Dim:
        """floor(self / divisor) for a positive constant, in normal form. Raises ValueError for any other divisor."""
        n = _read_positive(divisor)
        if self._value is not None:
            return Dim.of(self._value // n)
        outside = Dim.sum((m, c // n) for m, c in self._terms)
        inside = Dim.sum((m, c % n) for m, c in self._terms)
        return outside + _floor(inside, n)

    def __mod__(self, divisor: int | Dim) -> Dim:
        """self - n * floor(self / n): in 0..n-1."""
        n = _read_positive(divisor)
        return Dim.of(self._value % n) if self._value is not None else self - (self // n) * n

    def ceildiv(self, divisor: int | Dim) -> Dim:
        """The quotient rounded up."""
        n = _read_positive(divisor)
        return (self + (n - 1)) // n

    # ---- replacing ----------------------------------------------------------------------------------------------
    def substitute(self, values: Mapping[str, Dim | int]) -> Dim:
        """The same expression with some symbols replaced, in normal form again."""
        if self._value is not None or self.symbols().isdisjoint(values):
            return self
        parts: list[tuple[Monomial, int]] = []
        for monomial, coefficient in self._terms:
            kept = tuple(item for item in monomial if not _is_touched(item[0], values))
            part = Dim.sum([(kept, coefficient)])
            for atom, power in monomial:
                if _is_touched(atom, values):
                    part = part * _replace(atom, values) ** power
            parts += part._terms
        return Dim.sum(parts)

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The number it is when every symbol has a value. Raises KeyError when one has none."""
        if self._value is not None:
            return self._value
        total = 0
        for monomial, coefficient in self._terms:
            for atom, power in monomial:
                base = values[atom] if isinstance(atom, str) else atom.inner.evaluate(values) // atom.divisor
                coefficient *= base**power
            total += coefficient
        return total

    # ---- comparing, printing --------------------------------------------------------------------------------------
    def __eq__(self, other: object) -> bool:
        if type(other) is Dim:
            return self._terms == other._terms
        return self._value == other if isinstance(other, int) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._terms) if self._value is None else hash(self._value)

    def __bool__(self) -> bool:
        """False for the constant 0 only."""
        return self._value != 0

    def __str__(self) -> str:
        return str(self._value) if self._value is not None else polynomial(self._terms)

    def __repr__(self) -> str:
        return f"Dim({self})"


def _make_dim(terms: tuple[tuple[Monomial, int], ...], value: int | None) -> Dim:
    """A dim of terms that are in normal form already."""
    dim = Dim.__new__(Dim)
    dim._terms, dim._value, dim._symbols = terms, value, None
    return dim


def _make_constant(value: int) -> Dim:
    """A number as a dim."""
    if not -HUGE < value < HUGE:
        raise DimTooComplex(f"a number of more than {LIMITS.coefficient_bits} bits")
    return _make_dim((((), int(value)),) if value else (), int(value))


_SMALL = {n: _make_constant(n) for n in range(-32, 513)}
ZERO, ONE = _SMALL[0], _SMALL[1]


def _read_positive(divisor: int | Dim) -> int:
    """The divisor as a number. Raises ValueError for anything that is not a positive whole number."""
    n = divisor if isinstance(divisor, int) else divisor._value
    if n is None or n <= 0:
        raise ValueError(f"a dim is divided by positive whole numbers only, not by {divisor}")
    return n


def _floor(inside: Dim, n: int) -> Dim:
    """floor(inside / n) where every coefficient is already in 0..n-1."""
    if inside._value is not None:
        return ZERO
    common = gcd(n, *(c for m, c in inside._terms if m))
    if common > 1:
        inside, n = Dim.sum((m, c // common) for m, c in inside._terms), n // common
    if n == 1:
        return inside
    nested = [m[0][0] for m, c in inside._terms if c == 1 and len(m) == 1 and m[0][1] == 1 and type(m[0][0]) is Floor]
    if len(nested) == 1:
        inner, rest = nested[0], inside - _atom(nested[0])
        return (inner.inner + rest * inner.divisor) // (n * inner.divisor)
    return _atom(Floor(inside, n))


def _atom(atom: Atom) -> Dim:
    """One symbol or floor as a dim."""
    return _make_dim(((((atom, 1),), 1),), None)


def _is_touched(atom: Atom, values: Mapping[str, Dim | int]) -> bool:
    """Whether a substitution changes the atom."""
    return atom in values if isinstance(atom, str) else not atom.inner.symbols().isdisjoint(values)


def _replace(atom: Atom, values: Mapping[str, Dim | int]) -> Dim:
    """What stands in an atom's place after a substitution."""
    return Dim.of(values[atom]) if isinstance(atom, str) else atom.inner.substitute(values) // atom.divisor
