"""`standardize`: each place of the last axis has mean 0 and deviation 1, whatever column the field is, and comes back in its units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import FieldNotFloat, NoSuchField
from netspec.library.data.columns import Lazy, Ragged, rows_of
from netspec.library.data.transforms.standardize import BLOCK, Standardize
from netspec.shape import TensorType

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(3 * BLOCK + 7, 3)) * [1.0, 20.0, 0.0] + [1e4, -3.0, 5.0]).astype(np.float32)
PICTURES = [RNG.normal(3, 2, size=(4 + k % 3, 5, 2)).astype(np.float32) for k in range(9)]
SAME = PICTURES[0].reshape(-1, 2)
OP = Standardize(field="x")


def flat(values: Any) -> np.ndarray:
    """All numbers, one row for each place of the last axis."""
    rows = rows_of(values, np.arange(len(values)))
    return np.concatenate(
        [np.asarray(row, np.float64).reshape(-1, row.shape[-1]) for row in ([rows] if isinstance(rows, np.ndarray) else rows)]
    )


COLUMNS: dict[str, tuple[Any, np.ndarray]] = {
    "an array": (X, X),
    "sequences of vectors": (Ragged.of([X[:4], X[4:5], X[5:]]), X),
    "some of those": (Ragged.of([X[:4], X[4:9], X[9:]]).select(np.array([2, 0])), np.concatenate([X[9:], X[:4]])),
    "pictures of several sizes": (Lazy(9, PICTURES.__getitem__), np.concatenate([p.reshape(-1, 2) for p in PICTURES])),
    "pictures of one size": (Lazy(9, lambda k: PICTURES[0] * k, stacked=True), np.concatenate([SAME * k for k in range(9)])),
}  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS)
def test_each_place_has_mean_0_and_deviation_1(kind: str) -> None:
    values, plain = COLUMNS[kind]
    data, known = OP.learn({"x": values, "label": 0}, None, None)
    wide = plain.astype(np.float64)
    np.testing.assert_allclose(known["mean"], wide.mean(0), rtol=1e-12)
    np.testing.assert_allclose(known["std"], np.where(np.ptp(wide, 0) > 0, wide.std(0), 1), rtol=1e-9)
    OP.require_learned(known)
    np.testing.assert_allclose(flat(data["x"]), (wide - known["mean"]) / known["std"], atol=1e-6)
    again, same = OP.learn({"x": values}, None, {"mean": [1.0], "std": [2.0]})
    assert same == {"mean": [1.0], "std": [2.0]} and np.allclose(flat(again["x"]), (wide - 1) / 2)
    assert len(data["x"]) == len(values) and OP.learn({"label": 0}, None, known) == ({"label": 0}, known)


def test_one_number_an_example_and_sequences_of_numbers_have_one_mean() -> None:
    for values in (X[:, 1], Ragged.of([X[:5, 1], X[5:, 1]])):
        known = OP.learn({"x": values}, None, None)[1]
        assert np.allclose([*known["mean"], *known["std"]], [X[:, 1].mean(dtype="f8"), X[:, 1].std(dtype="f8")])
    found = OP.learn({"x": X[:, 1]}, None, None)
    assert np.allclose(OP.restored_by("x", found[0]["x"], found[1]), X[:, 1], atol=1e-4)
    assert OP.restored_by("y", X, found[1]) is X and OP.restored_by("x", X, None) is X


def test_what_it_does_not_take() -> None:
    for fields, kind in (({"x": TensorType("i32", ("B",))}, FieldNotFloat), ({"y": TensorType("f32", ("B",))}, NoSuchField)):
        with pytest.raises(Mistake) as caught:
            OP.fields(fields)
        assert isinstance(caught.value.diagnostic, kind)
    bad: list[Any] = [
        {},
        {"mean": [1.0], "std": []},
        {"mean": [1.0], "std": [0.0]},
        {"mean": ["a"], "std": [1.0]},
        {"mean": 1.0, "std": 2.0},
    ]
    bad += [{"mean": [float("nan")], "std": [1.0]}, {"mean": [1.0], "std": [1.0, 2.0]}]
    for known in bad:
        with pytest.raises(ValueError):
            OP.require_learned(known)
