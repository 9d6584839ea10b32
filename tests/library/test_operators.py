"""The rules between the sides of an operator: literals, missing axes, stretching; and indexing."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.functions.indexing import Cut, Slice
from netspec.library.shelf import index
from netspec.shape import Dim, Facts, TensorType
from tests.library.scope import TestScope, applied, parse

SCOPE = TestScope()


def op(symbol: str) -> Any:
    return index.load(index.operator(symbol, 2))()


def side(text: str | float) -> Any:
    return parse(text) if isinstance(text, str) else text


@pytest.mark.parametrize(
    ("symbol", "left", "right", "wanted"),
    [
        ("+", "f32[B, T, D]", "f32[T, D]", "f32[B, T, D]"),
        ("+", "f32[D]", "f32[B, T, D]", "f32[B, T, D]"),
        ("*", "f32[B, T, 1]", "f32[B, 1, D]", "f32[B, T, D]"),
        ("-", "bf16[]", "bf16[B]", "bf16[B]"),
        ("+", "i32[B]", 3, "i32[B]"),
        ("+", 3, "bf16[B]", "bf16[B]"),
        ("*", "bf16[B]", 0.5, "bf16[B]"),
        ("**", "i32[B]", 2, "i32[B]"),
        ("<", "f32[B, 1]", float("inf"), "bool[B, 1]"),
        ("==", "bool[B]", True, "bool[B]"),
        ("and", "bool[B, 1]", "bool[1, T]", "bool[B, T]"),
        ("@", "f32[B, T, D]", "f32[D, 8]", "f32[B, T, 8]"),
        ("@", "f32[B, T, D]", "f32[B, D, T]", "f32[B, T, T]"),
        ("@", "f32[1, T, D]", "f32[B, D, T]", "f32[B, T, T]"),
        ("@", "f32[B, D]", "f32[D]", "f32[B]"),
        ("@", "f32[D]", "f32[D]", "f32[]"),
    ],
)
def test_types(symbol: str, left: Any, right: Any, wanted: str) -> None:
    assert op(symbol).shape(Facts(), side(left), side(right)) == parse(wanted)


def test_equal_dims_by_facts_keep_the_number() -> None:
    facts = Facts().assume_equal(Dim.of("T"), 8)
    assert op("+").shape(facts, parse("f32[B, T]"), parse("f32[B, 8]")) == parse("f32[B, 8]")
    assert op("+").shape(facts, parse("f32[B, 8]"), parse("f32[B, T]")) == parse("f32[B, 8]")
    assert op("+").flops(parse("f32[B, T]"), parse("f32[B, 8]")) == Dim.of("B") * 8


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32", "uint8"])
@pytest.mark.parametrize("symbol", ["+", "-", "*", "//", "%", "**", "<", "=="])
def test_a_literal_takes_the_tensor_s_type(symbol: str, dtype: str) -> None:
    x = jnp.asarray([1, 2, 3], dtype)
    found = applied(op(symbol), SCOPE, x, 2)
    assert found.dtype == (bool if symbol in ("<", "==") else x.dtype)
    wanted = {"+": x + 2, "-": x - 2, "*": x * 2, "//": x // 2, "%": x % 2, "**": x**2, "<": x < 2, "==": x == 2}[symbol]
    np.testing.assert_array_equal(found, wanted)


def test_large_literals() -> None:
    x = jnp.asarray([1, 2], jnp.uint32)
    np.testing.assert_array_equal(applied(op("+"), SCOPE, x, 4_000_000_000), np.uint32([4_000_000_001, 4_000_000_002]))


def test_missing_axes_are_added_before_broadcasting() -> None:
    """Under `jax_numpy_rank_promotion="raise"`, which the tests set."""
    found = applied(op("*"), SCOPE, jnp.ones((2, 3, 4)), jnp.arange(4.0))
    np.testing.assert_array_equal(found[1, 2], np.arange(4))


@pytest.mark.parametrize("exponent", [2, 2.0, 3])
def test_whole_powers_have_a_gradient_at_zero(exponent: float) -> None:
    slope = jax.grad(lambda x: applied(op("**"), SCOPE, x, exponent))(jnp.float32(0))
    assert slope == 0


X = np.arange(2 * 7 * 3).reshape(2, 7, 3)


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ((0,), X[0]),
        ((-1, ..., 2), X[-1, ..., 2]),
        ((slice(None), slice(1, None)), X[:, 1:]),
        ((slice(None), slice(None, -1)), X[:, :-1]),
        ((slice(None), slice(-3, -1)), X[:, -3:-1]),
        ((slice(None), slice(1, 7, 3)), X[:, 1:7:3]),
        ((..., slice(None, None, -2)), X[..., ::-2]),
        ((None, ..., None), X[None, ..., None]),
        ((slice(None), None, 3), X[:, None, 3]),
        ((), X),
    ],
)
def test_indexing(items: tuple, wanted: Any) -> None:
    given = [[i.start, i.stop, i.step] if isinstance(i, slice) else "..." if i is ... else i for i in items]
    one = Slice(items=given)
    np.testing.assert_array_equal(applied(one, SCOPE, X), wanted)
    assert one.shape(Facts(), TensorType("i32", X.shape)) == TensorType("i32", wanted.shape)


def test_symbolic_bounds() -> None:
    facts = Facts().bound("T", lo=2, hi=1024)
    half, whole = Dim.of("T") // 2, Dim.of("T")
    x = parse("f32[1024, 8]")
    assert Slice(items=[slice(None, whole)]).shape(facts, x) == parse("f32[T, 8]")
    assert Slice(items=[slice(-1 * whole, None)]).shape(facts, x) == parse("f32[T, 8]")
    assert Slice(items=[whole - 1]).shape(facts, x) == parse("f32[8]")
    assert Slice(items=[slice(half, whole)]).shape(facts, parse("f32[T]")).shape == (whole - half,)
    assert Slice(items=[slice(1, None, 2)]).shape(facts, parse("f32[T]")).shape == (half,)


def test_slices_compare_and_hash() -> None:
    assert Slice(items=[slice(1, 2)]) == Slice(items=(Cut(1, 2),))
    assert hash(Slice(items=[slice(1, 2)])) == hash(Slice(items=(Cut(1, 2),)))
