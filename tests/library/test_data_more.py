"""Mapped arrays, random data, and the weights of classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays, records
from netspec.library.base import BadArguments, Transform
from netspec.library.data.columns import rows_of
from netspec.library.data.datasets.npy import Mapped, Npy
from netspec.library.data.datasets.synthetic import Synthetic
from netspec.library.data.transforms.class_weights import ClassWeights
from netspec.library.shelf.index_writer import classes
from netspec.shape import TensorType

PAIR, WHOLE, TRUTH = TensorType("f32", (2,)), TensorType("i32"), TensorType("bool")


# --- npy -------------------------------------------------------------------------------------------------------------


def saved(folder: Path, **found: Any) -> Npy:
    for name, array in found.items():
        np.save(folder / f"{name}.npy", array)
    return Npy(fields={"x": PAIR, "label": WHOLE})


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_a_mapped_array_are_those_of_the_file(tmp_path: Path, order: Any) -> None:
    x = np.asarray(np.random.default_rng(0).normal(size=(20, 2)), order=order)
    op = saved(tmp_path, x=x, label=np.arange(20))
    found = op.replaced(test=0.2).load(tmp_path)
    whole = op.load(tmp_path)
    assert isinstance(whole["x"], Mapped) and isinstance(whole["x"].values, np.memmap) and whole["label"].dtype == np.int32
    np.testing.assert_array_equal(rows_of(whole["x"], np.array([7, 0, 7])), x[[7, 0, 7]].astype("f4"))
    np.testing.assert_array_equal(rows_of(found["x"], np.arange(16)), x[found["label"]].astype("f4"))


def test_bad_mapped_arrays_are_refused(tmp_path: Path) -> None:
    x = np.ones((9, 2))
    x[5, 1] = np.nan
    found = saved(tmp_path, x=x, label=np.arange(9)).load(tmp_path)["x"]
    assert rows_of(found, np.arange(5)).shape == (5, 2)
    with pytest.raises(Mistake) as caught:
        rows_of(found, np.array([8, 5, 2]))
    assert isinstance(caught.value.diagnostic, arrays.BadValue) and caught.value.diagnostic.where == "record 5 (counted from 0)"
    bad: list[tuple[dict[str, Any], type]] = [
        ({"x": np.ones((9, 3)), "label": np.arange(9)}, arrays.ArrayUnlike),
        ({"x": np.ones((9, 2)), "label": np.arange(8)}, records.UnequalCounts),
        ({"x": np.ones((0, 2)), "label": np.arange(0)}, records.NoRecords),
        ({"x": np.array([object()] * 9), "label": np.arange(9)}, arrays.BadArchive),
    ]
    for content, kind in bad:
        with pytest.raises(Mistake) as caught:
            saved(tmp_path, **content).load(tmp_path)
        assert isinstance(caught.value.diagnostic, kind), content
    content = (tmp_path / "label.npy").read_bytes()
    rng = np.random.default_rng(0)
    for trial in range(200):
        changed = bytearray(content[: int(rng.integers(len(content)))] if trial % 5 == 0 else content)
        place = int(rng.integers(max(len(changed), 1)))
        changed[place : place + 1] = b"?"
        (tmp_path / "x.npy").write_bytes(bytes(changed))
        with pytest.raises(Mistake):
            Npy(fields={"x": PAIR}).load(tmp_path)


def test_netspec_data_declares_single_arrays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path, x=np.random.default_rng(0).normal(size=(40, 2)), label=np.arange(40) % 2)
    assert main(["data", str(tmp_path / "x.npy"), str(tmp_path / "label.npy"), "-o", str(tmp_path / "m.net")]) == 0
    assert "npy(fields={x: f32[2], label: i32[]}, test=0.2)" in capsys.readouterr().out
    assert check(tmp_path / "m.net").problems == ()


# --- synthetic -------------------------------------------------------------------------------------------------------


def test_random_data_fit_their_fields_and_their_seed() -> None:
    fields = {"x": PAIR, "label": WHOLE, "ok": TRUTH, "h": TensorType("f16", (3,)), "n": TensorType("u8", (4,))}
    op = Synthetic(fields=fields, count=400, below={"label": 10})
    data, again, other = op.load(None), op.load(None), op.replaced(seed=1).load(None)
    test = op.test_part()
    assert test is not None and len(test.load(None)["x"]) == 100 == test.known_count()
    for name, kind in fields.items():
        np.testing.assert_array_equal(data[name], again[name])
        assert (data[name] != other[name]).any() and (data[name][:100] != test.load(None)[name]).any()
        assert data[name].shape == (400, *(dim.value for dim in kind.shape)) and data[name].dtype == kind.jax_dtype
    assert set(data["label"].tolist()) == set(range(10)) and set(data["n"].ravel().tolist()) == {0, 1}
    assert 0 <= data["x"].min() < 0.1 < 0.9 < data["x"].max() < 1 and op.class_counts() == {"label": 10}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fields": {"x": TensorType("f32", ("T",))}}, "not all numbers"),
        ({"fields": {"x": PAIR}, "below": {"x": 3}}, "no field of whole numbers"),
        ({"fields": {"x": TensorType("u8")}, "below": {"x": 300}}, "more than it holds"),
    ],
)
def test_random_data_that_cannot_be(arguments: Any, words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        Synthetic(**arguments)


# --- class weights ---------------------------------------------------------------------------------------------------


def test_rare_classes_weigh_as_much_as_the_others_together() -> None:
    labels = np.array([0] * 6 + [2] * 3 + [5])
    data, known = ClassWeights().learn({"label": labels}, None, None)
    for label in (0, 2, 5):
        assert data["weight"][labels == label].sum() == pytest.approx(10 / 3)
    assert data["weight"].mean() == pytest.approx(1) and known["labels"] == [0, 2, 5]
    root = ClassWeights(power=0.5).learn({"label": labels}, None, None)[0]["weight"]
    assert root[-1] / root[0] == pytest.approx(6**0.5) and root.mean() == pytest.approx(1)
    ClassWeights().require_learned(known)
    seen = ClassWeights().learn({"label": np.array([5, 1])}, None, known)[0]["weight"]
    assert seen.tolist() == pytest.approx([10 / 3, 1])


def test_steps_on_whole_data_pass_by_a_label_that_is_not_there() -> None:
    """To predict, only what the inputs are made of is given."""
    data = {"other": np.zeros(100, np.float32)}
    ops = [
        example.op for kind in classes() if issubclass(kind, Transform) and kind.whole and not kind.arranges for example in kind.examples()
    ]
    assert len(ops) > 5
    for op in ops:
        assert list(op.learn(data, None, None)[0]) == ["other"], op


@pytest.mark.parametrize(
    "known", [{}, {"labels": [1], "weights": []}, {"labels": [1], "weights": [-1.0]}, {"labels": ["a"], "weights": [1.0]}]
)
def test_weights_that_were_not_learned_so(known: Any) -> None:
    with pytest.raises(ValueError):
        ClassWeights().require_learned(known)
