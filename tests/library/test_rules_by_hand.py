"""Shapes, parameters and FLOPs of ops, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.library.functions.activation import Elu, Gelu, LeakyRelu, LogSoftmax, Relu, Sigmoid, Silu, Softmax, Tanh
from netspec.library.functions.global_pool import GlobalAvgPool
from netspec.library.functions.indexing import Cut, Slice
from netspec.library.functions.pool import AvgPool, MaxPool
from netspec.library.functions.reshape import Flatten, Reshape
from netspec.library.initializers.distributions import LecunNormal, Ones, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.layer_norm import LayerNorm
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.losses.regression import MeanSquaredError
from netspec.library.metrics.accuracy import Accuracy
from netspec.library.metrics.means import Mean
from netspec.shape import Dim, Facts
from tests.library.rules import B, operator, typed
from tests.library.scope import parse

POOL = "f32[2, 6, 4, 3]"


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
