"""Tables of layers and trees as text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netspec.shape import Dim
from netspec.source import NOWHERE
from netspec.syntax import tree
from netspec.tools.layer_table import draw_costs, draw_table, number
from netspec.tools.text_drawing import draw_tree


@dataclass(frozen=True)
class Row:
    path: str
    op: str
    shape: str
    params: int
    flops: int | Dim
    bytes: int | Dim
    phase: str = ""


B = Dim.of("B")
ROWS = [
    Row("conv_0", "conv", "f32[B, 28, 28, 32]", 320, B * 476_672, B * 100_352),
    Row("stem", "conv", "f32[B, 14, 14, 64]", 18_496, B * 7_225_344, B * 50_176),
    Row("高い/dense_0", "dense", "f32[B, 10]", 2_570, 5_130, 40),
]
TOTAL = Row("total", "", "", 21_386, B * 7_702_016 + 5_130, B * 150_528 + 40)
TABLE = """\
layer         output shape        parameters                FLOPs           bytes
---------------------------------------------------------------------------------
conv_0        f32[B, 28, 28, 32]         320            476,672*B       100,352*B
stem (conv)   f32[B, 14, 14, 64]      18,496          7,225,344*B        50,176*B
高い/dense_0  f32[B, 10]               2,570                5,130              40
---------------------------------------------------------------------------------
total                                 21,386  7,702,016*B + 5,130  150,528*B + 40
"""


def test_a_table_is_aligned() -> None:
    drawn = draw_table(ROWS, TOTAL)
    assert drawn == TABLE.rstrip("\n")


def test_costs_begin_with_the_most_expensive_layer() -> None:
    layers = [line.split()[0] for line in draw_costs(ROWS, TOTAL).split("\n")[2:5]]
    assert layers == ["stem", "conv_0", "高い/dense_0"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0"), (1234567, "1,234,567"), (None, ""), (B * 1000 + 1, "1,000*B + 1"), (B**2 * 12345, "12,345*B**2"), (Dim.of(4096), "4,096")],
)
def test_numbers(amount: object, text: str) -> None:
    assert number(amount) == text


def test_a_tree_shows_classes_and_fields_without_spans() -> None:
    x = tree.Name(("batch", "x"), span=NOWHERE)
    chain = tree.Chain(x, (tree.Stage(tree.Call(tree.Name(("dense",)), (tree.Arg(tree.Number("4", 4)),)), "head"),))
    body = tree.Body((tree.Output("y", None, chain),), ("# end",))
    assert draw_tree(body) == (
        "Body trailing=('# end',)\n"
        "  statements:\n"
        "    Output y\n"
        "      value: Chain\n"
        "        head: Name batch.x\n"
        "        stages:\n"
        "          Stage label='head'\n"
        "            call: Call\n"
        "              callee: Name dense\n"
        "              args:\n"
        "                Arg\n"
        "                  value: Number 4 value=4"
    )
