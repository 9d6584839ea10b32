"""The ops that `infer` means by itself are found in one file, and changes of fields and optimizers say what they are."""

from __future__ import annotations

import ast
from pathlib import Path

import netspec.infer
from netspec.infer import shelf
from netspec.library.data.transforms.field_names import Rename
from netspec.library.data.transforms.steps import Shuffle
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.shape import TensorType


def names_an_op(node: ast.AST) -> bool:
    """`index.load("full")` and the like: a call of the shelf's index with a name in the code."""
    if not (isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)):
        return False
    options = (node.args[0].body, node.args[0].orelse) if isinstance(node.args[0], ast.IfExp) else node.args[:1]
    return node.func.value.id == "index" and any(isinstance(option, ast.Constant) for option in options)


def test_infer_names_ops_in_one_file() -> None:
    root = Path(netspec.infer.__path__[0])
    found = {p.relative_to(root).as_posix() for p in root.rglob("*.py") if any(map(names_an_op, ast.walk(ast.parse(p.read_text("utf-8")))))}
    assert found == {"shelf.py"}


def test_the_ops_that_are_meant_without_their_names() -> None:
    fill = shelf.make_fill(TensorType("f32", ()), 1.0)
    assert [op.op_name() for op in (fill, shelf.make_add(), shelf.make_mean_metric())] == ["full", "add", "mean"]
    assert [shelf.find_chooser(by_tensor).name for by_tensor in (True, False)] == ["gather", "take"]


def test_a_transform_says_what_its_fields_were_called() -> None:
    rename = Rename(names={"image": "x"})
    assert [rename.name_before(name) for name in ("x", "label")] == ["image", "label"]
    assert Shuffle().name_before("x") == "x"


def test_an_optimizer_says_what_it_is_made_of() -> None:
    clip, sgd = ClipByGlobalNorm(max_norm=1.0), Sgd(learning_rate=0.1)
    assert Chain(parts=(clip, sgd)).in_order() == (clip, sgd) and sgd.in_order() == (sgd,)
