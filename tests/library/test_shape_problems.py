"""What a shape rule says to each mistake: which problem, whom it blames, and its words."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.library.functions.activation import Softmax
from netspec.library.functions.global_pool import GlobalAvgPool
from netspec.library.functions.indexing import Slice
from netspec.library.functions.pool import AvgPool, MaxPool
from netspec.library.functions.reshape import Reshape
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.norm import GroupNorm
from netspec.library.shelf import index
from netspec.shape import Dim, Facts
from tests.library.scope import parse

B, T = Dim.of("B"), Dim.of("T")
VALID = {"features": 4, "padding": "VALID"}


def binary(symbol: str) -> Any:
    return index.load(index.operator(symbol, 2))()


CASES = [
    (Conv(kernel=9, **VALID), ["f32[B, 8, 12, 3]"], "window-too-large", "kernel", "a kernel of 9 over axis 1, which has only 8:"),
    (Conv(kernel=(2, 9), **VALID), ["f32[B, 8, 8, 3]"], "window-too-large", "kernel", "over axis 2"),
    (Conv(features=4, kernel=9, padding=((0, 0), (0, 0))), ["f32[B, 9, 8, 3]"], "window-too-large", "kernel", "over axis 2"),
    (AvgPool(window=5, padding=1), ["f32[B, 2, 3]"], "window-too-large", "window", "only 4 (2 with 2 of padding)"),
    (Conv(kernel=3, **VALID), ["f32[B, T, 3]"], "unproven-size", "kernel", "`conv` needs `T >= 3` so that the window fits"),
    (Conv(kernel=3, **VALID), ["f32[B, 8, 8, 8, 8, 3]"], "no-space", "x", "has 4 axes of space"),
    (GlobalAvgPool(), ["f32[B, 8, 8, 8, 8, 3]"], "no-space", "x", "with 1 to 3 axes of space"),
    (Conv(features=4, kernel=3, groups=2), ["f32[B, 8, 3]"], "uneven-groups", "groups", "3 features do not divide into 2 equal groups"),
    (Conv(features=4, kernel=3, groups=3), ["f32[B, 8, 3]"], "uneven-groups", "groups", "4 features do not divide into 3 equal groups"),
    (Conv(features=4, kernel=3, groups=2), ["f32[B, 8, C]"], "unproven-size", "groups", "`C % 2 == 0` so that the groups are equal"),
    (Conv(features=4, kernel=(3, 3)), ["f32[B, 8, 3]"], "wrong-number-of-sizes", "kernel", "`kernel` has 2 numbers"),
    (Conv(features=4, kernel=3, stride=(2,)), ["f32[B, 8, 8, 3]"], "wrong-number-of-sizes", "stride", "`stride` has 1 number,"),
    (MaxPool(window=2, padding=((0, 1),)), ["f32[B, 8, 8, 3]"], "wrong-number-of-sizes", "padding", "2 axes of space"),
    (MaxPool(window=(3, 2), padding=2), ["f32[B, 8, 8, 3]"], "only-padding", "padding", "a window of 2 and 2 of padding"),
    (Dense(features=T - T), ["f32[B, 8]"], "not-positive", "features", "`features` of `dense`"),
    (Dense(features=T - 4), ["f32[B, 8]"], "unproven-size", "features", "`T - 4 >= 1`"),
    (GroupNorm(groups=5), ["f32[B, 12]"], "uneven-groups", "groups", "12 features do not divide into 5"),
    (Softmax(axis=2), ["f32[B, 12]"], "axis-out-of-range", "axis", "has 2 axes"),
    (Softmax(axis=-3), ["f32[B, 12]"], "axis-out-of-range", "axis", "axis -3"),
    (Reshape(dims=(B, 7, 7, 11)), ["f32[B, 490]"], "reshape-count", "dims", "f32[B, 490] has 490*B elements, but [B, 7, 7, 11] has 539*B."),
    (Reshape(dims=(B, T)), ["f32[B, 490]"], "unproven-size", "dims", "to keep the number of elements"),
    (Reshape(dims=(3, -1)), ["f32[7, 5]"], "reshape-remainder", "dims", "which 3 (the product of the other axes) does not divide"),
    (Reshape(dims=(T, -1)), ["f32[B, 5]"], "reshape-remainder", "dims", "which T"),
    (Reshape(dims=(4, -1)), ["f32[B, 6]"], "unproven-size", "dims", "`6*B % 4 == 0`"),
    (Reshape(dims=(-1, -1)), ["f32[B, 6]"], "reshape-unknowns", "dims", "2 axes of `reshape` are -1"),
    (binary("+"), ["f32[B, 32, 32, 64]", "f32[B, 32, 32, 128]"], "unequal-dims", "left", "the last dims differ: 64 and 128."),
    (binary("*"), ["f32[B, 2, 8]", "f32[B, 3, 8]"], "unequal-dims", "right", "the second last dims differ: 2 and 3."),
    (binary("+"), ["f32[B, 1, 8]", "f32[7, B, 2, 8]"], "unequal-dims", "right", "second last dims differ: 1 and 2"),
    (binary("+"), ["f32[B, T]", "f32[B, S]"], "unproven-size", "right", "`T == S` so that the shapes are equal"),
    (binary("+"), ["f32[B]", "i32[B]"], "unequal-dtypes", "right", "not f32 and i32"),
    (binary("@"), ["f32[B, 8, 64]", "f32[B, 128, 8]"], "inner-dims", "right", "second last axis of the right side, which differ: 64 and"),
    (binary("@"), ["f32[B, 8, 64]", "f32[8]"], "inner-dims", "right", "the only axis of the right side"),
    (binary("@"), ["f32[2, 8, 4]", "f32[3, 4, 8]"], "unequal-dims", "right", "the third last dims differ: 2 and 3."),
    (binary("@"), ["f32[8]", 2.0], "wrong-operand", "right", "at least one axis"),
    (binary("@"), ["bool[8, 8]", "bool[8, 8]"], "wrong-operand", "left", "tensors of numbers"),
    (binary("/"), ["i32[B]", 2], "wrong-operand", "left", "`/` works on floats, not on i32[B]."),
    (binary("+"), ["bool[B]", "bool[B]"], "wrong-operand", "left", "works on numbers"),
    (binary("and"), ["bool[B]", "f32[B]"], "wrong-operand", "right", "works on bool"),
    (binary("<"), ["bool[B]", "bool[B]"], "wrong-operand", "left", "works on numbers"),
    (binary("**"), ["i32[B]", "i32[B]"], "wrong-operand", "right", "whole numbers with a written exponent"),
    (binary("**"), ["i32[B]", -1], "literal-does-not-fit", "right", "-1 is no value"),
    (binary("+"), ["i32[B]", 0.5], "literal-does-not-fit", "right", "0.5 is no value of i32"),
    (binary("+"), [300, "u8[B]"], "literal-does-not-fit", "left", "300 is no value of u8"),
    (binary("*"), ["f16[B]", 70_000], "literal-does-not-fit", "right", "70000 is no value of f16"),
    (binary("*"), ["f32[B]", True], "literal-does-not-fit", "right", "true is no value of f32"),
    (index.load(index.operator("-", 1))(), ["u8[B]"], "wrong-operand", "value", "signed numbers"),
    (index.load(index.operator("not", 1))(), ["i32[B]"], "wrong-operand", "value", "works on bool"),
    (Slice(items=(0, 0, 0)), ["f32[B, 8]"], "too-many-indices", "items", "3 axes are indexed, but f32[B, 8] has 2."),
    (Slice(items=("...", 0, "...")), ["f32[B, 8]"], "too-many-indices", "items", "`...` stands 2 times"),
    (Slice(items=(slice(None), 8)), ["f32[B, 8]"], "index-outside-axis", "items", "axis 1 has 8 elements, so it has no element 8."),
    (Slice(items=(slice(None), -9)), ["f32[B, 8]"], "index-outside-axis", "items", "no element -9"),
    (Slice(items=(1,)), ["f32[B, 8]"], "unproven-size", "items", "`B - 1 >= 1` so that the index lies inside the axis"),
    (Slice(items=(slice(None), slice(2, 10))), ["f32[B, 8]"], "slice-outside-axis", "items", "2:10 reaches beyond axis 1, which has 8"),
    (Slice(items=(slice(None), slice(-9, None))), ["f32[B, 8]"], "slice-outside-axis", "items", "reaches beyond axis 1"),
    (Slice(items=(slice(None), slice(5, 2))), ["f32[B, 8]"], "slice-outside-axis", "items", "takes no element"),
    (Slice(items=(slice(None), slice(5, -3))), ["f32[B, 8]"], "slice-outside-axis", "items", "the slice 5:-3 of axis 1 takes no element"),
    (Slice(items=(slice(None), slice(-3, 2))), ["f32[B, 8]"], "slice-outside-axis", "items", "the slice -3:2 of axis 1 takes no element"),
    (Slice(items=(slice(None), slice(None, -1))), ["f32[B, T]"], "unproven-size", "items", "so that the slice takes an element"),
    (Slice(items=(slice(None, T),)), ["f32[1024]"], "unproven-size", "items", "`1024 >= T` so that the slice lies inside the axis"),
    (Slice(items=(slice(T - 4, None),)), ["f32[T]"], "unproven-size", "items", "from which end it counts"),
    (Slice(items=(slice(None, None, 0),)), ["f32[8]"], "bad-step", "items", "cannot be 0"),
    (Slice(items=(slice(8, None, -1),)), ["f32[8]"], "slice-outside-axis", "items", "the slice 8::-1 reaches beyond"),
    (Slice(items=(slice(1, 5, -1),)), ["f32[8]"], "slice-outside-axis", "items", "the slice 1:5:-1 of axis 0 takes no element"),
]


@pytest.mark.parametrize(("op", "inputs", "slug", "blame", "words"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_problem(op: Any, inputs: list[Any], slug: str, blame: str, words: str) -> None:
    types = [parse(text) if isinstance(text, str) else text for text in inputs]
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *types)
    problem = caught.value.diagnostic
    assert (problem.slug(), problem.blame) == (slug, blame)
    assert words in problem.message()
    assert problem.help() != ""


def test_the_projection_that_repairs_a_residual() -> None:
    for shape, call in (("[B, 9, 9, {}]", "conv(128, 1)"), ("[B, 9, {}]", "dense(128)"), ("[B, {}]", "dense(128)")):
        with pytest.raises(Mistake) as caught:
            binary("+").shape(Facts(), parse("f32" + shape.format(64)), parse("f32" + shape.format(128)))
        assert call in str(caught.value.diagnostic.help())


def test_groups_that_divide_both_sides_of_a_convolution() -> None:
    for features, groups, wanted in ((8, 4, 2), (12, 4, 3), (9, 5, 3)):
        with pytest.raises(Mistake) as caught:
            Conv(features=features, kernel=3, groups=groups).shape(Facts(), parse("f32[B, 8, 6]"))
        assert caught.value.diagnostic.help() == f"the nearest number of groups is {wanted}"
        Conv(features=features, kernel=3, groups=wanted).shape(Facts(), parse("f32[B, 8, 6]"))


def test_features_of_a_convolution_whose_groups_fit_its_input() -> None:
    for features, groups, wanted in ((8, 3, "6 or 9"), (5, 2, "4 or 6"), (4, 6, "6")):
        with pytest.raises(Mistake) as caught:
            Conv(features=features, kernel=3, groups=groups).shape(Facts(), parse("f32[B, 8, 6]"))
        assert caught.value.diagnostic.help() == f"`features` must be a multiple of {groups}: {wanted}"


def test_a_dim_statement_is_the_repair_of_a_bound() -> None:
    with pytest.raises(Mistake) as caught:
        Conv(kernel=3, **VALID).shape(Facts(), parse("f32[B, T, 3]"))
    assert caught.value.diagnostic.help() == "write `dim T >= 3` in the model"
    facts = Facts().bound("T", lo=3)
    assert Conv(kernel=3, **VALID).shape(facts, parse("f32[B, T, 3]")) == parse("f32[B, T, 4]").with_shape((B, T - 2, 4))
