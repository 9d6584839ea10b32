"""The embedded digits are scikit-learn's, and their splits are fixed."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from sklearn.datasets import load_digits

from netspec.library.data.datasets.digits import Digits

IMAGES = (load_digits().images / 16).astype(np.float32)[..., None]
LABELS = load_digits().target


def load(part, split="stratified"):
    data = Digits(part=part, split=split).load(None)
    return data["image"], data["label"]


def test_file_order_split_is_sklearns():
    images, labels = load("train", "order")
    np.testing.assert_array_equal(images, IMAGES[:1437])
    np.testing.assert_array_equal(labels, LABELS[:1437])
    images, labels = load("test", "order")
    np.testing.assert_array_equal(images, IMAGES[1437:])
    np.testing.assert_array_equal(labels, LABELS[1437:])


def test_stratified_parts_are_the_whole_set_in_proportion():
    train, test = load("train"), load("test")
    assert (len(train[1]), len(test[1])) == (1437, 360)
    both = sorted([*zip(map(bytes, train[0]), train[1], strict=True), *zip(map(bytes, test[0]), test[1], strict=True)])
    assert both == sorted(zip(map(bytes, IMAGES), LABELS, strict=True))
    assert np.abs(np.bincount(test[1]) - np.bincount(LABELS) * 360 / 1797).max() < 1


def test_stratified_split_never_changes():
    """By the docstring's rule, written a second time; and the digest of what it gave when it was made."""
    order = sorted(range(1797), key=lambda i: sha256(f"digits/0/{i}".encode()).digest())
    counts = np.bincount(load("test")[1])
    chosen = sorted(i for digit in range(10) for i in [j for j in order if LABELS[j] == digit][: counts[digit]])
    np.testing.assert_array_equal(load("test")[0], IMAGES[chosen])
    assert counts.tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]
    assert sha256(load("test")[1].astype(np.uint8).tobytes()).hexdigest()[:16] == "b4faa6aa3d98dd9f"


@pytest.mark.parametrize("split", ["stratified", "order"])
def test_arrays_are_what_fields_declare(split):
    op = Digits(split=split)
    data, declared = op.load(None), op.fields()
    assert {name: (a.dtype.name, a.ndim) for name, a in data.items()} == {n: (t.jax_dtype, t.rank) for n, t in declared.items()}
    assert tuple(map(str, declared["image"].shape)) == ("B", "8", "8", "1") and data["image"].shape[1:] == (8, 8, 1)
    assert data["image"].min() == 0 and data["image"].max() == 1 and set(data["label"]) == set(range(10))


def test_the_test_split_keeps_the_split():
    assert Digits(split="order").test() == Digits(part="test", split="order")
    assert Digits(part="test").test() is None
