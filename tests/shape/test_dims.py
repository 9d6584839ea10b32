"""Dims: one normal form however they are written, and text that reads as maths."""

import subprocess
import sys
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netspec.limits import LIMITS
from netspec.shape.algebra import exact_quotient, moduli
from netspec.shape.dims import Dim, DimTooComplex

B, T, D, H, W = map(Dim.symbol, "BTDHW")


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (Dim.of(0), "0"),
        (4 * D, "4*D"),
        (1 + B * T, "B*T + 1"),
        ((H + 1) // 2, "(H + 1)//2"),
        (H // 2, "H//2"),
        (1 - D, "1 - D"),
        (-H - 3, "-H - 3"),
        ((H + 1) ** 2, "H**2 + 2*H + 1"),
        (4 * (H // 2) * B, "4*B*(H//2)"),
        ((H // 2) ** 2, "(H//2)**2"),
        (T * B, "B*T"),
        ((B * T) // 3, "(B*T)//3"),
        ((2 * H) // 3, "(2*H)//3"),
        (W + H + 3 * B, "3*B + H + W"),
        (H % 16, "H - 16*(H//16)"),
    ],
)
def test_text(dim, text):
    assert str(dim) == text


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (2 * (H + 1), H + H + 2),
        ((B + T) * (B - T), B**2 - T**2),
        ((5 * H) // 2, 2 * H + H // 2),
        ((2 * H + 1) // 4, H // 2),
        ((H // 2 + 1) // 3, (H + 2) // 6),
        ((H // 2) // 3, H // 6),
        ((16 * H) // 16, H),
        ((H % 4) // 4, Dim.of(0)),
        (H.ceildiv(2), (H + 1) // 2),
        ((-H) // 2, H // 2 - H),
        ((4 * H + 6) // 8, (2 * H + 3) // 4),
        (H - H, Dim.of(0)),
        (H**0, Dim.of(1)),
    ],
)
def test_equal_in_normal_form(left, right):
    assert left == right
    assert hash(left) == hash(right)


def test_numbers():
    seven = Dim.of(7)
    assert seven == 7 and 7 == seven and hash(seven) == hash(7) and seven.is_constant and seven.value == 7
    assert (seven // 2, seven % 2, seven.ceildiv(2), seven - 10, 3 - seven, seven**2) == (3, 1, 4, -3, -4, 49)
    assert Dim.of(10**9) + 1 == 10**9 + 1
    assert bool(Dim.of(0)) is False and bool(H - H + 1) and bool(H)
    assert H != 7 and H != "H" and H != T


def test_a_symbol_has_no_value():
    with pytest.raises(ValueError, match="H is not a constant"):
        _ = H.value


def test_symbols_atoms_and_evaluation():
    dim = B * ((H + T) // 2) + 3
    assert dim.symbols() == {"B", "H", "T"}
    assert dim.evaluate({"B": 2, "H": 3, "T": 4}) == 9
    assert dim.substitute({"H": 2 * T, "B": 5}) == 5 * ((3 * T) // 2) + 3
    assert dim.substitute({"X": 1}) is dim
    assert [floor.text() for floor in dim.floors()] == ["(H + T)//2"]
    assert dim.constant_term == 3
    with pytest.raises(KeyError):
        dim.evaluate({"B": 1})


def test_dims_are_immutable_and_have_no_order():
    with pytest.raises(AttributeError):
        H.terms = ()
    with pytest.raises(TypeError):
        _ = H < T


@pytest.mark.parametrize("divisor", [0, -2, H])
def test_division_by_anything_but_a_positive_number_is_refused(divisor):
    for operation in (lambda: T // divisor, lambda: T % divisor, lambda: T.ceildiv(divisor)):
        with pytest.raises(ValueError, match="positive whole numbers"):
            operation()


def test_bad_operands_are_refused():
    with pytest.raises(TypeError):
        Dim.of(1.5)
    with pytest.raises(TypeError):
        Dim.symbol("")
    with pytest.raises(ValueError, match="not a whole number"):
        _ = H ** (-1)


def test_what_would_grow_without_end_is_refused():
    many = sum((Dim.symbol(f"S{i}") for i in range(LIMITS.terms)), Dim.of(0))
    deep = H
    with pytest.raises(DimTooComplex):
        _ = many + H
    with pytest.raises(DimTooComplex):
        _ = many * many
    with pytest.raises(DimTooComplex):
        _ = H**65
    with pytest.raises(DimTooComplex):
        _ = Dim.of(10) ** 10**9
    with pytest.raises(DimTooComplex):
        _ = (Dim.of(2) ** 4000 * H) * (Dim.of(2) ** 4000)
    with pytest.raises(DimTooComplex):
        for _ in range(100):
            deep = (2 * deep + T) // 3
            deep = deep * deep


def test_exact_quotient():
    assert exact_quotient(12 * B * T + 6 * B**2, 6 * B) == 2 * T + B
    assert exact_quotient(B**2 - T**2, B - T) == B + T
    assert exact_quotient(B * T * (H // 2), H // 2) == B * T
    assert exact_quotient(B * T, D) is None
    assert exact_quotient(3 * B, Dim.of(2)) is None
    assert exact_quotient(B, Dim.of(0)) is None
    assert exact_quotient(Dim.of(0), B) == 0


def test_residues_that_make_floors_exact():
    assert moduli((2 * (H // 2) + W) // 3 + B // 4) == {"H": 6, "W": 6, "B": 4}
    assert moduli(B * T) == {}


expressions = st.recursive(
    st.one_of(st.integers(-9, 9).map(str), st.sampled_from(["B", "H", "T"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, st.sampled_from(["//", "%"]), st.integers(1, 12)).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(expressions, st.tuples(*[st.integers(-20, 40)] * 3))
def test_arithmetic_agrees_with_integers(text, numbers):
    values = dict(zip("BHT", numbers, strict=True))
    dim = Dim.of(eval(text, {}, {"B": B, "H": H, "T": T}))
    expected = eval(text, {}, values)
    assert dim.evaluate(values) == expected
    assert dim.substitute(values) == expected
    assert eval(str(dim), {}, values) == expected, "the text is an expression with the same meaning"
    assert Dim.of(eval(str(dim), {}, {"B": B, "H": H, "T": T})) == dim, "the normal form is a fixed point"


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 9))
def test_floor_is_the_floor_of_the_fraction(a, b, n):
    assert ((a * H + b) // n).evaluate({"H": 7}) == floor(Fraction(a * 7 + b, n))


def test_importing_shapes_imports_nothing_heavy():
    code = "import sys, netspec.shape.unification; print([m for m in ('jax', 'numpy', 'pydantic', 'lark', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
