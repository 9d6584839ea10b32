"""What each rule counts, checked against numbers worked out by hand: types, parameters, FLOPs, and the exact ends of what is accepted."""

from __future__ import annotations

import math
from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.library import index
from netspec.library.functions.activation import Elu, Gelu, LeakyRelu, LogSoftmax, Relu, Sigmoid, Silu, Softmax, Tanh
from netspec.library.functions.broadcasting import fits, outline
from netspec.library.functions.indexing import Cut, Slice
from netspec.library.functions.pool import AvgPool, GlobalAvgPool, MaxPool
from netspec.library.functions.shaping import Flatten, Reshape
from netspec.library.initializers import LecunNormal, Ones, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.norm import BatchNorm, GroupNorm, LayerNorm
from netspec.library.losses import MeanSquaredError, SoftmaxCrossEntropy
from netspec.library.metrics import Accuracy, Mean
from netspec.library.proofs import need_at_least, need_equal, need_multiple
from netspec.library.sizes import axis_of, parameter, positive
from netspec.library.targets import equal_values, label_values, masked
from netspec.library.windows import spread, windows
from netspec.shape import Dim, Facts, TensorType
from tests.library.scope import parse

B, T = Dim.of("B"), Dim.of("T")
POOL = "f32[2, 6, 4, 3]"


def operator(symbol: str, inputs: int = 2) -> Any:
    return index.load(index.operator(symbol, inputs))()


def typed(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


COUNTED: list[tuple[Any, list[Any], str, dict[str, tuple[int, ...]], int | Dim]] = [
    (Conv(features=4, kernel=3), ["f32[B, 6, 6, 3]"], "f32[B, 6, 6, 4]", {"kernel": (3, 3, 3, 4), "bias": (4,)}, 36 * 4 * 55 * B),
    (Conv(features=3, kernel=(3, 2), stride=(2, 3), bias=False), ["f32[1, 7, 5, 2]"], "f32[1, 4, 2, 3]", {"kernel": (3, 2, 2, 3)}, 24 * 24),
    (
        Conv(features=5, kernel=4, stride=3, padding=((1, 2),)),
        ["f32[3, 9, 1]"],
        "f32[3, 3, 5]",
        {"kernel": (4, 1, 5), "bias": (5,)},
        45 * 9,
    ),
    (
        Conv(features=2, kernel=2, padding="VALID"),
        ["f32[2, 3, 4, 2, 3]"],
        "f32[2, 2, 3, 1, 2]",
        {"kernel": (2, 2, 2, 3, 2), "bias": (2,)},
        24 * 49,
    ),
    (
        Conv(features=6, kernel=1, stride=2, padding=(0, 1)),
        ["f32[2, 5, 4, 3]"],
        "f32[2, 3, 3, 6]",
        {"kernel": (1, 1, 3, 6), "bias": (6,)},
        108 * 7,
    ),
    (Conv(features=4, kernel=3, groups=2), ["f32[B, 6, 6]"], "f32[B, 6, 4]", {"kernel": (3, 3, 4), "bias": (4,)}, 24 * 19 * B),
    (Conv(features=6, kernel=3, groups=3, bias=False), ["f32[2, 5, 4, 3]"], "f32[2, 5, 4, 6]", {"kernel": (3, 3, 1, 6)}, 240 * 18),
    (Conv(features=4, kernel=8, padding="VALID"), ["f32[B, 8, 3]"], "f32[B, 1, 4]", {"kernel": (8, 3, 4), "bias": (4,)}, 4 * 49 * B),
    (MaxPool(window=2), [POOL], "f32[2, 3, 2, 3]", {}, 36 * 3),
    (AvgPool(window=2), [POOL], "f32[2, 3, 2, 3]", {}, 36 * 4),
    (AvgPool(window=2), ["f32[1, 5, 7, 2]"], "f32[1, 2, 3, 2]", {}, 12 * 4),
    (MaxPool(window=(3, 2), stride=(2, 1), padding="SAME"), ["f32[2, 7, 4, 1]"], "f32[2, 4, 4, 1]", {}, 32 * 5),
    (AvgPool(window=(3, 2), stride=(2, 1), padding="SAME"), ["f32[2, 7, 4, 1]"], "f32[2, 4, 4, 1]", {}, 32 * 6),
    (MaxPool(window=3, stride=2, padding=((1, 2),)), ["f32[2, 8, 3]"], "f32[2, 5, 3]", {}, 30 * 2),
    (AvgPool(window=2, stride=1, padding=1), ["f32[1, 2, 3, 2, 2]"], "f32[1, 3, 4, 3, 2]", {}, 72 * 8),
    (GlobalAvgPool(), ["f32[2, 5, 3, 4]"], "f32[2, 4]", {}, 120),
    (Dense(features=10), ["f32[4, 32]"], "f32[4, 10]", {"kernel": (32, 10), "bias": (10,)}, 40 * 65),
    (Dense(features=1, bias=False), ["f32[3, 5, 7]"], "f32[3, 5, 1]", {"kernel": (7, 1)}, 15 * 14),
    (Dense(features=3), ["f32[1]"], "f32[3]", {"kernel": (1, 3), "bias": (3,)}, 3 * 3),
    (Dropout(rate=0.5), ["f32[B, 7]"], "f32[B, 7]", {}, 0),
    (BatchNorm(), ["f32[4, 5, 5, 3]"], "f32[4, 5, 5, 3]", {"scale": (3,), "bias": (3,)}, 300 * 3),
    (BatchNorm(bias=False), ["f32[3, 5, 2]"], "f32[3, 5, 2]", {"scale": (2,)}, 30 * 2),
    (BatchNorm(scale=False), ["f32[B, 2]"], "f32[B, 2]", {"bias": (2,)}, 6 * B),
    (LayerNorm(), ["f32[4, 5, 8]"], "f32[4, 5, 8]", {"scale": (8,), "bias": (8,)}, 160 * 7),
    (LayerNorm(bias=False), ["f32[3, 7]"], "f32[3, 7]", {"scale": (7,)}, 21 * 6),
    (LayerNorm(scale=False), ["f32[5]"], "f32[5]", {"bias": (5,)}, 5 * 6),
    (LayerNorm(scale=False, bias=False), ["f32[5]"], "f32[5]", {}, 5 * 5),
    (GroupNorm(groups=2), ["f32[2, 3, 3, 6]"], "f32[2, 3, 3, 6]", {"scale": (6,), "bias": (6,)}, 108 * 7),
    (GroupNorm(groups=5, scale=False, bias=False), ["f32[3, 5]"], "f32[3, 5]", {}, 15 * 5),
    (Flatten(), ["f32[B, 3, 5, 2]"], "f32[B, 30]", {}, 0),
    (Flatten(), ["i32[7]"], "i32[7, 1]", {}, 0),
    (Reshape(dims=(4, 15)), ["f32[4, 3, 5]"], "f32[4, 15]", {}, 0),
    (Reshape(dims=(-1, 2)), ["f32[3, 7, 2]"], "f32[21, 2]", {}, 0),
    (Reshape(dims=(B, -1, 7)), ["u8[B, 7, 7, 11]"], "u8[B, 77, 7]", {}, 0),
    (Reshape(dims=()), ["f32[1, 1]"], "f32[]", {}, 0),
    (operator("+"), ["f32[4, 3, 5]", "f32[3, 5]"], "f32[4, 3, 5]", {}, 60),
    (operator("+"), ["f32[3, 5]", "f32[4, 3, 5]"], "f32[4, 3, 5]", {}, 60),
    (operator("*"), ["f32[1, 7]", "f32[3, 1]"], "f32[3, 7]", {}, 21),
    (operator("-"), ["f32[]", "f32[2, 3]"], "f32[2, 3]", {}, 6),
    (operator("/"), [1, "f32[2, 3]"], "f32[2, 3]", {}, 6),
    (operator("<"), ["i32[2, 3]", 4], "bool[2, 3]", {}, 6),
    (operator("!="), ["bool[2, 3]", "bool[3]"], "bool[2, 3]", {}, 6),
    (operator("or"), ["bool[2]", False], "bool[2]", {}, 2),
    (operator("**"), ["i32[B]", 0], "i32[B]", {}, B),
    (operator("**"), ["f32[B]", -2], "f32[B]", {}, B),
    (operator("**"), [2, "f32[B]"], "f32[B]", {}, B),
    (operator("-", 1), ["i8[4, 7]"], "i8[4, 7]", {}, 28),
    (operator("not", 1), ["bool[4, 7]"], "bool[4, 7]", {}, 28),
    (operator("@"), ["f32[4, 3, 5]", "f32[5, 2]"], "f32[4, 3, 2]", {}, 24 * 10),
    (operator("@"), ["f32[1, 2, 7]", "f32[3, 7, 1]"], "f32[3, 2, 1]", {}, 6 * 14),
    (operator("@"), ["f32[5]", "f32[2, 5, 3]"], "f32[2, 3]", {}, 6 * 10),
    (operator("@"), ["f32[3, 4]", "f32[4]"], "f32[3]", {}, 3 * 8),
    (operator("@"), ["i32[5]", "i32[5]"], "i32[]", {}, 10),
    (Relu(), ["f32[4, 7]"], "f32[4, 7]", {}, 28),
    (Tanh(), ["f32[4, 7]"], "f32[4, 7]", {}, 28),
    (Sigmoid(), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 4),
    (Silu(), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 5),
    (Gelu(), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 9),
    (Gelu(approximate=False), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 5),
    (Elu(), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 4),
    (LeakyRelu(), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 2),
    (Softmax(axis=1), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 5),
    (LogSoftmax(axis=-2), ["f32[4, 7]"], "f32[4, 7]", {}, 28 * 5),
    (Slice(items=(Cut(), 1, Cut(1, -1))), ["f32[4, 3, 7]"], "f32[4, 5]", {}, 0),
    (Slice(items=("...", None, -1)), ["f32[2, 3, 5]"], "f32[2, 3, 1]", {}, 0),
    (Slice(items=(Cut(None, None, -3), Cut(1, None, 3))), ["f32[8, 8, 3]"], "f32[3, 3, 3]", {}, 0),
    (Slice(items=(Cut(0, 8), Cut(7, 8), Cut(-8, -7))), ["f32[8, 8, 8]"], "f32[8, 1, 1]", {}, 0),
    (Slice(items=(0, 7, -8)), ["f32[8, 8, 8]"], "f32[]", {}, 0),
    (Slice(items=(None, 0, "...")), ["f32[8, 5]"], "f32[1, 5]", {}, 0),
    (Slice(items=(0, "...", 0)), ["f32[8, 5, 4, 3]"], "f32[5, 4]", {}, 0),
    (Slice(items=(0, 0, "...", None, 0)), ["f32[8, 5, 4, 3]"], "f32[4, 1]", {}, 0),
    (Slice(items=("...", Cut(1, 3))), ["f32[3]"], "f32[2]", {}, 0),
    (SoftmaxCrossEntropy(), ["f32[4, 10]", "i32[4]"], "f32[4]", {}, 40 * 4 + 4 * 2),
    (SoftmaxCrossEntropy(), ["f32[2, 6, 30]", "i32[2, 6]"], "f32[2, 6]", {}, 360 * 4 + 12 * 2),
    (Accuracy(), ["f32[2, 6, 30]", "i32[2, 6]"], "f32[2, 6]", {}, 360 + 12),
    (SoftmaxCrossEntropy(), ["f32[5, 3]", "f32[5, 3]"], "f32[5]", {}, 15 * 6 + 5 * 2),
    (MeanSquaredError(), ["f32[4, 3]", "f32[4, 3]"], "f32[4, 3]", {}, 12 * 2),
    (Accuracy(), ["f32[4, 10]", "i32[4]"], "f32[4]", {}, 40 + 4),
    (Accuracy(), ["f64[5, 3]", "f32[5, 3]"], "f64[5]", {}, 30 + 5),
    (Mean(), ["bool[6]"], "f32[6]", {}, 0),
]


@pytest.mark.parametrize(("op", "inputs", "output", "params", "flops"), COUNTED, ids=lambda value: value if isinstance(value, str) else "")
def test_counted_by_hand(op: Any, inputs: list[Any], output: str, params: dict[str, tuple[int, ...]], flops: int | Dim) -> None:
    given = [typed(value) for value in inputs]
    assert op.shape(Facts(), *given) == parse(output)
    assert op.flops(*given) == flops
    weights = op.params(*given)
    assert {name: weight.shape for name, weight in weights.items()} == params
    assert all(type(size) is int for weight in weights.values() for size in weight.shape), "constant dims are written as numbers"


def test_first_values_and_buffers() -> None:
    image = parse("f32[B, 4, 4, 3]")
    assert {name: type(w.init) for name, w in Conv(features=2, kernel=3).params(image).items()} == {"kernel": LecunNormal, "bias": Zeros}
    assert {name: type(w.init) for name, w in Dense(features=2).params(image).items()} == {"kernel": LecunNormal, "bias": Zeros}
    for norm in (BatchNorm(), LayerNorm(), GroupNorm(groups=3)):
        assert {name: type(w.init) for name, w in norm.params(image).items()} == {"scale": Ones, "bias": Zeros}
    buffers = BatchNorm().buffers(image)
    assert {name: (type(w.init), w.shape) for name, w in buffers.items()} == {"mean": (Zeros, (3,)), "var": (Ones, (3,))}


def problem(run: Any) -> tuple[str, str | None]:
    with pytest.raises(Mistake) as caught:
        run()
    return caught.value.diagnostic.slug(), caught.value.diagnostic.blame


# ---- the ends of what is accepted -------------------------------------------------------------------------------------------
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
    assert spread("conv", "kernel", (4, 5), 2, x) == (4, 5) and spread("conv", "kernel", 4, 3, x) == (4, 4, 4)


def test_lists_are_taken_as_tuples() -> None:
    given: dict[str, Any] = {"kernel": [3, 2], "stride": [1, 2], "padding": [1, [0, 2]]}
    conv = Conv(features=1, **given)
    assert (conv.kernel, conv.stride, conv.padding) == ((3, 2), (1, 2), (1, (0, 2)))
    assert (MaxPool(window=given["kernel"]).window, Reshape.model_validate({"dims": [2, -1]}).dims) == ((3, 2), (2, -1))
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


def test_only_masks_are_optional() -> None:
    for op in (SoftmaxCrossEntropy, MeanSquaredError, Accuracy, Mean):
        assert [given.name for given in op.inputs if given.optional] == ["mask"]
    assert [(given.dtype, given.rank) for given in SoftmaxCrossEntropy.inputs] == [("float", 1), ("number", 0), ("any", 0)]


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
    assert positive(Facts(), "dense", "features", 1) == 1 and positive(Facts(), "dense", "features", T) == T
    assert problem(lambda: positive(Facts(), "dense", "features", T - T)) == ("not-positive", "features")
    assert problem(lambda: positive(Facts(), "dense", "features", T - 1)) == ("unproven-size", "features")
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


# ---- operators ----------------------------------------------------------------------------------------------------------------
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
    assert [fits(value, dtype) for value in inside] == [True] * len(inside)
    assert [fits(value, dtype) for value in outside] == [False] * len(outside)


def test_the_outline_of_two_shapes() -> None:
    def shape(*sizes: Any) -> tuple[Dim, ...]:
        return tuple(Dim.of(size) for size in sizes)

    assert outline(shape("B", 1, 8), shape("B", 4, 1)) == shape("B", 4, 8)
    assert outline(shape(3, 8), shape("B", 3, 8)) == outline(shape("B", 3, 8), shape(3, 8)) == shape("B", 3, 8)
    assert outline(shape("T"), shape(8)) == outline(shape(8), shape("T")) == shape(8)
    assert outline(shape(1), shape(1)) == shape(1) and outline((), ()) == ()
    assert outline(shape("T"), shape(1)) == outline(shape(1), shape("T")) == shape("T")
    assert outline(shape("T"), shape("S")) == shape("T")


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
        ((Cut(None, 4, -1),), "bad-step"),
        ((Cut(7, None, -2),), "bad-step"),
        ((0, None, 0), "too-many-indices"),
        (("...", "..."), "too-many-indices"),
    ],
)
def test_items_outside_an_axis(items: tuple[Any, ...], slug: str) -> None:
    assert problem(lambda: Slice(items=items).shape(Facts(), parse("f32[8]"))) == (slug, "items")


# ---- losses and metrics --------------------------------------------------------------------------------------------------------
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
    assert masked("op", facts.assume_equal(T, B), parse("f32[B]"), parse("bool[T]")) == parse("f32[B]")
    assert problem(lambda: masked("op", facts, parse("f32[B]"), parse("bool[T]"))) == ("mask-shape", "mask")
