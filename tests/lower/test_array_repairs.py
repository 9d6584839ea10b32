"""What is said of a wrong array is what to write: evaluated, it makes the array fit."""

from __future__ import annotations

import re
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from netspec.diagnostics.running.array_repairs import fits, write_repair
from netspec.diagnostics.spec_error import SpecError
from netspec.lower.input_arrays import accept
from netspec.lower.precision import FULL
from netspec.shape import TensorType

ONES, RNG = np.ones, np.random.default_rng(0)
IMAGE, CLASSES = TensorType("f32", ["B", 8, 8, 3]), TensorType("i32", ["B"])
GRAY, ROWS, MASK = TensorType("f32", ["B", 8, 8, 1]), TensorType("f32", ["B", 4]), TensorType("bool", ["B", "T"])
CASES: dict[str, tuple[TensorType, Any, str]] = {
    "channels first": (IMAGE, ONES((5, 3, 8, 8)), "a.transpose(0, 2, 3, 1)"),
    "channels first, bytes": (IMAGE, ONES((5, 3, 8, 8), "u1"), 'a.transpose(0, 2, 3, 1).astype("float32")'),
    "channels first, as PyTorch's examples": (GRAY, ONES((5, 1, 8, 8)), "a.transpose(0, 2, 3, 1)"),
    "channels last where they come first": (TensorType("f32", ["B", 3, 8, 8]), ONES((5, 8, 8, 3)), "a.transpose(0, 3, 1, 2)"),
    "no axis of channels": (GRAY, ONES((5, 8, 8), "u1"), 'a.reshape(-1, 8, 8, 1).astype("float32")'),
    "flat rows": (GRAY, ONES((5, 64)), "a.reshape(-1, 8, 8, 1)"),
    "rows of images": (TensorType("f32", ["B", 64]), ONES((5, 8, 8)), "a.reshape(-1, 64)"),
    "one example": (IMAGE, ONES((8, 8, 3)), "a[None]"),
    "one vector": (ROWS, ONES(4), "a[None]"),
    "columns for rows": (ROWS, ONES((4, 7)), "a.transpose(1, 0)"),
    "sequence and features": (TensorType("f32", ["B", "T", 4]), ONES((2, 4, 9)), "a.transpose(0, 2, 1)"),
    "a column of labels": (CLASSES, ONES((6, 1), "i8"), "a.squeeze(-1)"),
    "labels in one row": (CLASSES, ONES((1, 6), "i8"), "a.squeeze(0)"),
    "labels as columns": (CLASSES, np.eye(3), "a.argmax(-1)"),
    "labels as floats": (CLASSES, ONES(3), 'a.astype("int32")'),
    "labels as truth values": (CLASSES, ONES(3, bool), 'a.astype("int32")'),
    "targets without an axis": (TensorType("f32", ["B", 1]), ONES(5), "a.reshape(-1, 1)"),
    "a mask of numbers": (MASK, ONES((2, 3), "i4"), "a.astype(bool)"),
    "numbers of JAX": (ROWS, jnp.ones((4, 7), int), 'a.transpose(1, 0).astype("float32")'),
    "fractions for labels": (CLASSES, np.asarray([0.5, 1.0]), ""),
    "other sizes": (ROWS, ONES((5, 3)), ""),
    "texts": (CLASSES, np.asarray(["cat", "dog"]), ""),
}


@pytest.mark.parametrize("case", CASES)
def test_what_to_write_makes_the_array_fit(case: str) -> None:
    kind, array, wanted = CASES[case]
    with pytest.raises(SpecError) as caught:
        accept({"a": kind}, {"a": array}, FULL)
    [problem] = caught.value.diagnostics
    help = problem.help() or ""
    found = re.search("`(.*?)`", help)
    assert (found[1] if found else "") == wanted
    assert ("scaled as the training data are" in help) is (kind.is_float and array.dtype == np.uint8)
    if wanted:
        accept({"a": kind}, {"a": eval(wanted, {"a": array})}, FULL)


def test_whatever_is_proposed_fits_and_what_was_moved_comes_back() -> None:
    """Types of all ranks at random, their arrays moved as people move them."""
    kinds = {"float": "f4", "int": "i8", "bool": "?"}
    proposed = 0
    for _ in range(3000):
        rank = int(RNG.integers(1, 5))
        wanted = ["B", *(int(RNG.integers(1, 5)) if RNG.random() < 0.7 else f"S{n}" for n in range(rank - 1))]
        shape = tuple(dim if isinstance(dim, int) else int(RNG.integers(1, 6)) for dim in wanted)
        moved = tuple(shape[axis] for axis in RNG.permutation(rank)) if RNG.random() < 0.5 else shape[: int(RNG.integers(0, rank + 1))]
        moved = (*moved, int(RNG.integers(1, 4))) if RNG.random() < 0.2 else moved
        dtype, kind = str(RNG.choice(["f32", "i32", "bool"])), str(RNG.choice(list(kinds)))
        code = write_repair("a", wanted, dtype, moved, kind)
        if code:
            after = eval(code, {"a": np.ones(moved, kinds[kind])})
            assert fits(wanted, after.shape, {}), (wanted, moved, code)
            assert after.dtype.kind in {"f32": "f", "i32": "i", "bool": "b"}[dtype]
            proposed += 1
    assert proposed > 1000


TEXT = """netspec 1

model M {
  input image: f32[B, 8, 8, 1]
  input kind: i32[B]
  output y = flatten(image) -> dense(4)
}

train M {
  data = arrays(fields={image: f32[8, 8, 1], kind: i32[], label: i32[]}) -> batch(4)
  loss = softmax_cross_entropy(y, label)
  optimizer = sgd(0.1)
  duration = 1 step
}
"""


def test_every_door_says_what_to_write_and_one_report_for_each_array() -> None:
    program = netspec.compile(TEXT.replace("flatten(image)", "flatten(image)"))
    state = program.init(0)
    good: dict[str, Any] = {"image": ONES((4, 8, 8, 1), "f"), "kind": ONES(4, "i4"), "label": ONES(4, "i4")}
    inputs = {"kind": good["kind"], "image": ONES((4, 1, 8, 8), "u1")}
    doors = [
        lambda: program.apply(state, **inputs),
        lambda: program.predict(state, **inputs),
        lambda: program.loss(state, {**good, **inputs}),
        lambda: program.eval_step(state, {**good, **inputs}),
        lambda: program.train_step(state, {**good, **inputs}),
        lambda: program.fit({**good, **inputs}),
        lambda: program.fit([{**good, **inputs}]),
        lambda: program.evaluate(state, {**good, **inputs}),
    ]
    for door in doors:
        with pytest.raises(SpecError, match=r'write `image.transpose\(0, 2, 3, 1\).astype\("float32"\)`') as caught:
            door()
        assert len(caught.value.diagnostics) == 1


@pytest.mark.parametrize(
    ("given", "help"),
    [
        ({"kind": ONES(4, "i4"), "images": ONES((4, 8, 8, 1))}, "did you mean `image`"),
        ({"kind": ONES(4, "i4"), "x": ONES((4, 8, 8, 1))}, "did you mean `image`"),
        ({"a": ONES(4, "i4"), "b": ONES((4, 8, 8, 1))}, "its inputs are `image` and `kind`"),
        ({"image": ONES((4, 8, 8, 1))}, "`kind` is missing: i32[B]"),
        ({"image": ONES((4, 8, 8, 1)), "kind": ONES(3, "i4")}, "B is 4 by the other inputs"),
    ],
)
def test_missing_and_unknown_names_and_unequal_sizes(given: dict[str, Any], help: str) -> None:
    program = netspec.compile(TEXT)
    with pytest.raises(SpecError, match=re.escape(help)):
        program.apply(program.init(0), **given)
