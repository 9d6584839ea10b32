"""A typed body as text."""

from __future__ import annotations

import pytest

from netspec.ir import Affine, Apply, Body, Call, Literal, Port, Repeat, Segment, Variable, When
from netspec.library.base import Weight
from netspec.library.functions.activation import Relu
from netspec.library.functions.arithmetic import Add
from netspec.library.initializers.distributions import Normal, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.shape import TensorType
from netspec.tools.ir_drawing import draw_ir, draw_segment, draw_shapes, value_text

X = TensorType("f32", ["B", 8])


def segment(name: str, *numbers: Affine) -> Segment:
    return Segment(name, numbers or (Affine(0),))


HALF = Body(
    "Half",
    (Port("x", 0),),
    (Port("out", 1),),
    (Apply(Dense(features=8, bias=False), (0,), (1,), segment("dense")),),
    {0: X, 1: X},
    {"features": 8, "name": None},
)
LOOP = Repeat(3, (Call(HALF, (2,), (3,), segment("Half", Affine(1, (2,)))),), (1,), (2,), (3,), (4,), index=9)
MODEL = Body(
    "M",
    (Port("x", 0),),
    (Port("y", 7), Port("one", Literal(1.5))),
    (
        Apply(Relu(), (0,), (1,), segment("relu")),
        LOOP,
        Variable(Weight((8,), Normal(stddev=0.02)), 5, Segment("w")),
        When("train", (Apply(Add(), (4, 5), (6,), segment("add")),), (6,), (4,), (7,)),
    ),
    {i: X for i in range(10)},
)

IR = """\
body M
  input %0 x: f32[B, 8]
  %1: f32[B, 8] = relu(%0)  # relu_0
  %4: f32[B, 8] = repeat 3 as %9 (%2 = %1) {
    %3: f32[B, 8] = Half(%2)  # Half_{1 + 2 i}
  } next (%3)
  %5: f32[B, 8] = weight(normal(stddev=0.02))  # w
  %7: f32[B, 8] = when train {
    %6: f32[B, 8] = add(%4, %5)  # add_0
  } gives (%6) else (%4)
  output y = %7
  output one = 1.5

body Half(features=8, name=none)
  input %0 x: f32[B, 8]
  %1: f32[B, 8] = dense(%0, features=8, bias=false)  # dense_0
  output out = %1"""

SHAPES = """\
input x               f32[B, 8]
relu_0                f32[B, 8]
Half_{1 + 2 i}/dense_0  f32[B, 8]
w                     f32[B, 8]
add_0                 f32[B, 8]
output y              f32[B, 8]
output one            literal"""


def test_the_typed_form() -> None:
    assert draw_ir(MODEL) == IR


def test_shapes_by_path() -> None:
    drawn = draw_shapes(MODEL).split("\n")
    assert [line.rsplit("  ", 1)[0].rstrip() for line in drawn] == [line.rsplit("  ", 1)[0].rstrip() for line in SHAPES.split("\n")]
    assert len({line.index("f32[") for line in drawn[:-1]}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (0.5, "0.5"),
        ('say "a\\b"\n', r'"say \"a\\b\"\n"'),
        ((3, (1, 2)), "[3, [1, 2]]"),
        ({"a": [1]}, "{a: [1]}"),
        (Zeros(), "zeros()"),
        (Conv(features=4, kernel=3, padding="VALID"), 'conv(features=4, kernel=3, padding="VALID")'),
    ],
)
def test_values_are_written_as_in_the_language(value: object, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((), "a"),
        ((Affine(3),), "a_3"),
        ((Affine(0, (1,)), Affine(0, (0, 2))), "a_{i}_{2 j}"),
        ((Affine(1, (2, 3)),), "a_{1 + 2 i + 3 j}"),
    ],
)
def test_segments(numbers: tuple[Affine, ...], text: str) -> None:
    assert draw_segment(Segment("a", numbers)) == text


def test_a_layer_over_time_shows_the_sequence_that_it_makes() -> None:
    from netspec.compile import check
    from netspec.cost import rows
    from netspec.source import Source

    checked = check(Source("m.net", "netspec 1\nmodel M {\n  input x: f32[B, T, 16]\n  output y = x -> lstm(64)\n}\n"))
    assert checked.typed is not None
    body = checked.typed.models["M"]
    assert [(row.path, row.shape) for row in rows(body)] == [("lstm_0", "f32[B, T, 64]")]
    assert "lstm_0    f32[B, T, 64]" in draw_shapes(body)
