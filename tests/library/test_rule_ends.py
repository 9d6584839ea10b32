"""The ends of what shape rules accept."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.library.functions.activation import Softmax
from netspec.library.functions.global_pool import GlobalAvgPool
from netspec.library.functions.pool import AvgPool, MaxPool
from netspec.library.functions.reshape import Reshape
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.losses.regression import MeanSquaredError
from netspec.library.metrics.accuracy import Accuracy
from netspec.library.metrics.means import Mean
from netspec.library.shape_rules.requirements import need_at_least, need_equal, need_multiple
from netspec.library.shape_rules.sizes import axis_of, parameter, require_positive
from netspec.library.shape_rules.windows import spread_sizes, windows
from netspec.shape import Dim, Facts, TensorType
from tests.library.rules import B, T, problem
from tests.library.scope import parse


def test_how_many_axes_of_space() -> None:
    for rank in (2, 6):
        x = TensorType("f32", [3] * rank)
        assert problem(lambda x=x: GlobalAvgPool().shape(Facts(), x)) == ("no-space", "x")
        assert problem(lambda x=x: Conv(features=1, kernel=1).shape(Facts(), x)) == ("no-space", "x")
    for rank in (3, 4, 5):
        assert GlobalAvgPool().shape(Facts(), TensorType("f32", [2] * rank)) == parse("f32[2, 2]")


def test_a_maximum_needs_an_element_in_every_window() -> None:
    x = parse("f32[B, 8, 3]")
    assert MaxPool(window=2, padding=1).shape(Facts(), x) == parse("f32[B, 5, 3]")
    for padding in (((0, 2),), ((2, 0),), 2, ((3, 0),)):
        assert problem(lambda p=padding: MaxPool(window=2, padding=p).shape(Facts(), x)) == ("only-padding", "padding")
    assert AvgPool(window=2, padding=2).shape(Facts(), x) == parse("f32[B, 6, 3]")


def test_windows_as_numbers() -> None:
    x = parse("f32[B, 9, 7, 3]")
    w = windows("conv", "kernel", x, (3, 2), 2, 1)
    assert (w.size, w.stride, w.padding, w.elements) == ((3, 2), (2, 2), ((1, 1), (1, 1)), 6)
    assert w.outputs(Facts(), x) == w.sizes(x.shape[1:-1]) == (5, 4)
    same = windows("conv", "kernel", x, 3, (2, 3), "SAME")
    assert (same.padding, same.outputs(Facts(), x), same.sizes(x.shape[1:-1])) == ("SAME", (5, 3), (5, 3))
    assert windows("conv", "kernel", x, 3, 1, "VALID").padding == ((0, 0), (0, 0))
    assert windows("conv", "kernel", x, 3, 1, (2, (0, 1))).padding == ((2, 2), (0, 1))
    assert windows("conv", "kernel", x, 3, 1, (2, (0, 1))).outputs(Facts(), x) == (11, 6)
    assert spread_sizes("conv", "kernel", (4, 5), 2, x) == (4, 5) and spread_sizes("conv", "kernel", 4, 3, x) == (4, 4, 4)


def test_lists_are_taken_as_tuples() -> None:
    given: dict[str, Any] = {"kernel": [3, 2], "stride": [1, 2], "padding": [1, [0, 2]]}
    conv = Conv(features=1, **given)
    assert (conv.kernel, conv.stride, conv.padding) == ((3, 2), (1, 2), (1, (0, 2)))
    assert (MaxPool(window=given["kernel"]).window, Reshape(**{"dims": [2, -1]}).dims) == ((3, 2), (2, -1))
    for wrong in (
        {"kernel": 0},
        {"kernel": [3, 0]},
        {"kernel": 3, "stride": 0},
        {"kernel": 3, "padding": -1},
        {"kernel": 3, "padding": [[0, -1]]},
    ):
        with pytest.raises(ValueError):
            Conv(features=1, **wrong)
    assert Conv(features=1, kernel=1, stride=1, padding=0).padding == 0


def test_only_masks_and_weights_are_optional() -> None:
    for op in (SoftmaxCrossEntropy, MeanSquaredError, Accuracy, Mean):
        assert [given.name for given in op.inputs if given.optional] == ["mask", "weight"]
    assert [(given.dtype, given.rank) for given in SoftmaxCrossEntropy.inputs] == [("float", 1), ("number", 0), ("any", 0), ("number", 0)]


def test_a_window_that_fits_exactly_and_one_that_does_not() -> None:
    facts = Facts().bound("T", lo=3)
    x = parse("f32[B, T, 3]")
    assert AvgPool(window=3, stride=2).shape(facts, x) == x.with_shape((B, (T - 3) // 2 + 1, 3))
    assert AvgPool(window=5, stride=1, padding=((1, 1),)).shape(facts, x) == x.with_shape((B, T - 2, 3))
    assert problem(lambda: AvgPool(window=4).shape(facts, x)) == ("unproven-size", "window")
    assert problem(lambda: AvgPool(window=4).shape(Facts().bound("T", hi=3), x)) == ("window-too-large", "window")


def test_sizes_axes_and_parameters() -> None:
    x = parse("f32[2, 3, 4]")
    assert [axis_of("softmax", axis, x) for axis in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    for axis in (-4, 3):
        assert problem(lambda axis=axis: axis_of("softmax", axis, x)) == ("axis-out-of-range", "axis")
    assert require_positive(Facts(), "dense", "features", 1) == 1 and require_positive(Facts(), "dense", "features", T) == T
    assert problem(lambda: require_positive(Facts(), "dense", "features", T - T)) == ("not-positive", "features")
    assert problem(lambda: require_positive(Facts(), "dense", "features", T - 1)) == ("unproven-size", "features")
    weight = parameter("kernel", (Dim.of(3), 4, T), Zeros())
    assert weight.shape == (3, 4, T) and [type(size) for size in weight.shape] == [int, int, Dim]
    assert problem(lambda: parameter("kernel", (3,), LecunNormal())) == ("initializer-needs-matrix", "kernel_init")


def test_what_is_proved_and_what_is_not() -> None:
    own = Softmax(axis=9)
    with pytest.raises(Mistake) as caught:
        own.shape(Facts(), parse("f32[2]"))
    wrong = caught.value.diagnostic
    for need, proved, refuted, unknown, claim in (
        (need_equal, (T, T), (T, T + 1), (T, B), "T == B"),
        (need_at_least, (T, 1), (T, 0 * T + 0 - T), (T, B), "T >= B"),
        (need_multiple, (4 * T, 4), (4 * T + 1, 4), (T + 1, 4), "(T + 1) % 4 == 0"),
    ):
        need(Facts(), "softmax", *proved, "why", wrong)
        if need is not need_at_least:
            assert problem(lambda n=need, r=refuted: n(Facts(), "softmax", *r, "why", wrong))[0] == wrong.slug()
        with pytest.raises(Mistake) as caught:
            need(Facts(), "softmax", *unknown, "why", wrong)
        assert (caught.value.diagnostic.slug(), caught.value.diagnostic.blame) == ("unproven-size", "axis")
        assert claim in caught.value.diagnostic.message()
    with pytest.raises(Mistake) as caught:
        need_multiple(Facts(), "softmax", 3 * T, 4, "why", wrong)
    assert "`3*T % 4 == 0`" in caught.value.diagnostic.message()
