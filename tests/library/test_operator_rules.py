"""Operands, slices, labels and masks that do not fit."""

from __future__ import annotations

import math
from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.library.functions.broadcasting import literal_fits, outline_shapes
from netspec.library.functions.indexing import Cut, Slice
from netspec.library.functions.reshape import Reshape
from netspec.library.shape_rules.targets import equal_values, label_values, require_mask
from netspec.shape import Dim, Facts, TensorType
from tests.library.rules import B, T, operator, problem, typed
from tests.library.scope import parse


@pytest.mark.parametrize(
    ("dtype", "inside", "outside"),
    [
        ("u8", [0, 255], [-1, 256, 0.5, True]),
        ("i8", [-128, 127], [-129, 128, 1.0]),
        ("i32", [-(2**31), 2**31 - 1], [-(2**31) - 1, 2**31]),
        ("u32", [0, 2**32 - 1], [-1, 2**32]),
        ("f16", [65504, -65504.0, math.inf, -math.inf], [65505, -65505, False]),
        ("bf16", [3.3895313892515355e38], [3.39e38, -3.39e38]),
        ("f32", [3.4028234663852886e38, -math.inf], [3.41e38, True]),
        ("f64", [1e300, math.inf, -(10**300)], [True]),
        ("bool", [True, False], [0, 1.0]),
    ],
)
def test_literals_that_are_values_of_a_type(dtype: str, inside: list[Any], outside: list[Any]) -> None:
    assert [literal_fits(value, dtype) for value in inside] == [True] * len(inside)
    assert [literal_fits(value, dtype) for value in outside] == [False] * len(outside)


def test_the_outline_of_two_shapes() -> None:
    def shape(*sizes: Any) -> tuple[Dim, ...]:
        return tuple(Dim.of(size) for size in sizes)

    assert outline_shapes(shape("B", 1, 8), shape("B", 4, 1)) == shape("B", 4, 8)
    assert outline_shapes(shape(3, 8), shape("B", 3, 8)) == outline_shapes(shape("B", 3, 8), shape(3, 8)) == shape("B", 3, 8)
    assert outline_shapes(shape("T"), shape(8)) == outline_shapes(shape(8), shape("T")) == shape(8)
    assert outline_shapes(shape(1), shape(1)) == shape(1) and outline_shapes((), ()) == ()
    assert outline_shapes(shape("T"), shape(1)) == outline_shapes(shape(1), shape("T")) == shape("T")
    assert outline_shapes(shape("T"), shape("S")) == shape("T")


@pytest.mark.parametrize(
    ("left", "right", "blame", "call"),
    [
        ("f32[B, 64]", "f32[B, 128]", "left", "dense(128)"),
        ("bf16[B, 9, 64]", "bf16[B, 9, 128]", "left", "dense(128)"),
        ("f32[B, 9, 9, 64]", "f32[B, 9, 9, 128]", "left", "conv(128, 1)"),
        ("f32[B, 9, 9, 9, 64]", "f32[B, 9, 9, 9, 128]", "left", "conv(128, 1)"),
        ("f32[B, 9, 9, 9, 9, 64]", "f32[B, 9, 9, 9, 9, 128]", "left", "dense(128)"),
        ("f32[64]", "f32[128]", "right", None),
        ("i32[B, 64]", "i32[B, 128]", "right", None),
        ("f32[B, 64]", "f32[C, B, 128]", "right", None),
        ("f32[B, 3, 64]", "f32[B, 4, 128]", "right", None),
        ("f32[B, 3, 64]", "f32[B, 4, 64]", "right", None),
    ],
)
def test_which_side_to_repair(left: str, right: str, blame: str, call: str | None) -> None:
    with pytest.raises(Mistake) as caught:
        operator("+").shape(Facts(), parse(left), parse(right))
    found = caught.value.diagnostic
    assert (found.slug(), found.blame) == ("unequal-dims", blame)
    assert (call is None) or call in str(found.help())
    assert call is not None or "dense(" not in str(found.help())


def test_a_1_stretches_at_equal_rank_only() -> None:
    meets = operator("+").shape
    assert meets(Facts(), parse("f32[B, 1]"), parse("f32[B, 8]")) == parse("f32[B, 8]")
    assert meets(Facts(), parse("f32[B, 8]"), parse("f32[B, 1]")) == parse("f32[B, 8]")
    assert problem(lambda: meets(Facts(), parse("f32[B, 8]"), parse("f32[1]"))) == ("unequal-dims", "right")
    assert problem(lambda: meets(Facts(), parse("f32[1]"), parse("f32[B, 8]"))) == ("unequal-dims", "right")
    product = operator("@").shape
    assert product(Facts(), parse("f32[1, 2, 3]"), parse("f32[7, 3, 4]")) == parse("f32[7, 2, 4]")
    assert product(Facts(), parse("f32[5, 2, 3]"), parse("f32[3, 3]")) == parse("f32[5, 2, 3]")
    assert problem(lambda: product(Facts(), parse("f32[5, 7, 2, 3]"), parse("f32[1, 3, 4]"))) == ("unequal-dims", "right")
    assert problem(lambda: product(Facts(), parse("f32[2, 3]"), parse("bf16[3, 4]"))) == ("unequal-dtypes", "right")


@pytest.mark.parametrize(
    ("symbol", "operands", "blame"),
    [
        ("+", ["f32[B]", "bool[B]"], "right"),
        ("/", ["f32[B]", "i32[B]"], "right"),
        ("and", [True, "i32[B]"], "right"),
        ("@", [2.0, "f32[B]"], "left"),
        ("@", ["f32[]", "f32[B]"], "left"),
        ("@", ["f32[B]", "bool[B]"], "right"),
        ("**", [2, "i32[B]"], "right"),
    ],
)
def test_operands_of_the_wrong_kind(symbol: str, operands: list[Any], blame: str) -> None:
    assert problem(lambda: operator(symbol).shape(Facts(), *map(typed, operands))) == ("wrong-operand", blame)


@pytest.mark.parametrize("dtype", ["bool", "u8", "u32"])
def test_what_has_no_negative(dtype: str) -> None:
    assert problem(lambda: operator("-", 1).shape(Facts(), TensorType(dtype))) == ("wrong-operand", "value")


def test_the_open_axis_of_a_reshape() -> None:
    even = Facts().divisible(B, 2)
    assert Reshape(dims=(4, -1)).shape(even, parse("f32[B, 6]")).shape == (4, (3 * B) // 2)
    assert problem(lambda: Reshape(dims=(-1, 2, -1)).shape(even, parse("f32[B, 6]"))) == ("reshape-unknowns", "dims")
    assert problem(lambda: Reshape(dims=(0 * T, -1)).shape(even, parse("f32[B, 6]"))) == ("not-positive", "dims")
    assert problem(lambda: Reshape(dims=(4, 7)).shape(even, parse("f32[4, 6]"))) == ("reshape-count", "dims")


@pytest.mark.parametrize(
    ("items", "slug"),
    [
        ((8,), "index-outside-axis"),
        ((-9,), "index-outside-axis"),
        ((Cut(8, 9),), "slice-outside-axis"),
        ((Cut(-9, 3),), "slice-outside-axis"),
        ((Cut(3, 3),), "slice-outside-axis"),
        ((Cut(8, None),), "slice-outside-axis"),
        ((Cut(0, 8, 0),), "bad-step"),
        ((Cut(8, 4, -1),), "slice-outside-axis"),
        ((Cut(2, 4, -2),), "slice-outside-axis"),
        ((0, None, 0), "too-many-indices"),
        (("...", "..."), "too-many-indices"),
    ],
)
def test_items_outside_an_axis(items: tuple[Any, ...], slug: str) -> None:
    assert problem(lambda: Slice(items=items).shape(Facts(), parse("f32[8]"))) == (slug, "items")


def test_types_of_labels_targets_and_masks() -> None:
    facts = Facts()
    logits = parse("bf16[B, T, 9]")
    assert label_values("op", facts, logits, parse("i32[B, T]"), None) == parse("f32[B, T]")
    assert label_values("op", facts, parse("f64[B, 9]"), parse("f32[B, 9]"), parse("f32[B]")) == parse("f64[B]")
    for labels in ("i32[B]", "i32[B, T, 1]", "i32[T, B]", "i32[B, T, 9]", "f32[B, T]", "f32[B, T, 9, 1]", "f32[T, T, 9]"):
        assert problem(lambda given=labels: label_values("op", facts, logits, parse(given), None)) == ("labels-shape", "labels")
    assert problem(lambda: label_values("op", facts, logits, parse("f32[B, T, 8]"), None)) == ("unequal-classes", "labels")
    assert problem(lambda: label_values("op", facts, logits, parse("i32[B, T]"), parse("bool[B]"))) == ("mask-shape", "mask")
    values = parse("bf16[B, 3]")
    assert equal_values("op", facts, values, parse("f32[B, 3]"), None) == parse("f32[B, 3]")
    assert equal_values("op", facts, values, parse("f64[B, 3]"), parse("bool[B, 3]")) == parse("f64[B, 3]")
    for targets in ("i32[B, 3]", "f32[B]", "f32[B, 1]", "f32[B, 3, 1]"):
        assert problem(lambda given=targets: equal_values("op", facts, values, parse(given), None)) == ("unequal-targets", "targets")
    assert require_mask("op", facts.assume_equal(T, B), parse("f32[B]"), parse("bool[T]")) == parse("f32[B]")
    assert problem(lambda: require_mask("op", facts, parse("f32[B]"), parse("bool[T]"))) == ("mask-shape", "mask")
