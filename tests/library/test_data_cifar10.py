"""CIFAR-10's binary files: read exactly, and when damaged refused with the file and the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import files as problems
from netspec.diagnostics.data.records import LabelOutOfRange, NoRecords
from netspec.library.data.columns import Column, rows_of, select
from netspec.library.data.datasets.cifar10 import FILES, Cifar10

N = 6
RNG = np.random.default_rng(0)
IMAGES = {file: RNG.integers(0, 256, (N, 32, 32, 3), np.uint8) for files in FILES.values() for file in files}
LABELS = {file: RNG.integers(0, 10, N).astype(np.uint8) for file in IMAGES}


def content(file: str, labels: Any = None) -> bytes:
    """Records as they are published: a label, then the red, the green and the blue plane."""
    label = LABELS[file] if labels is None else np.asarray(labels, np.uint8)
    return b"".join(bytes([k]) + image.transpose(2, 0, 1).tobytes() for k, image in zip(label, IMAGES[file], strict=True))


def folder(path: Path, **changed: bytes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for file in IMAGES:
        (path / file).write_bytes(changed.get(file.removesuffix(".bin"), content(file)))
    return path


def problem(path: Path | None, part: Any = "train") -> Any:
    with pytest.raises(Mistake) as caught:
        Cifar10(part=part).load(path)
    return caught.value.diagnostic


@pytest.mark.parametrize("place", ["", "cifar-10-batches-bin", "cifar10"])
@pytest.mark.parametrize("part", ["train", "test"])
def test_images_and_labels_in_the_order_of_the_files(tmp_path: Path, place: str, part: Any) -> None:
    folder(tmp_path / place)
    found = Cifar10(part=part).load(tmp_path)
    images, labels = (np.concatenate([table[file] for file in FILES[part]]) for table in (IMAGES, LABELS))
    np.testing.assert_array_equal(found["label"], labels)
    assert found["label"].dtype == np.int32 and isinstance(found["image"], Column)
    order = np.array([5, 0, 3])
    rows = rows_of(found["image"], order)
    assert rows.dtype == np.float32 and len(found["image"]) == len(images)
    np.testing.assert_array_equal(rows, (images[order] / 255.0).astype(np.float32))
    np.testing.assert_array_equal(rows_of(select(found, order)["image"], np.array([2])), rows[2:])


def test_the_test_part() -> None:
    test = Cifar10().test()
    assert test == Cifar10(part="test") and test.test() is None


def test_missing_files(tmp_path: Path) -> None:
    assert isinstance(problem(None), problems.DataFolderNeeded)
    nowhere = problem(tmp_path)
    assert isinstance(nowhere, problems.MissingData) and nowhere.file == "data_batch_1.bin" and len(nowhere.folders) == 3
    (folder(tmp_path) / "data_batch_4.bin").unlink()
    assert problem(tmp_path).file == "data_batch_4.bin" and problem(tmp_path).folders == (str(tmp_path),)
    (tmp_path / "data_batch_4.bin").mkdir()
    assert isinstance(problem(tmp_path), problems.UnreadableData)


@pytest.mark.parametrize(("cut", "record"), [(1, 5), (3072, 5), (3074, 4)])
def test_a_file_that_is_cut_off(tmp_path: Path, cut: int, record: int) -> None:
    found = problem(folder(tmp_path, data_batch_3=content("data_batch_3.bin")[:-cut]))
    assert isinstance(found, problems.ShortData) and (found.record, found.records) == (record, 10_000)
    assert found.file.endswith("data_batch_3.bin")


def test_labels_and_empty_files(tmp_path: Path) -> None:
    found = problem(folder(tmp_path, test_batch=content("test_batch.bin", [1, 2, 10, 255, 0, 0])), "test")
    assert isinstance(found, LabelOutOfRange) and (found.record, found.label_found) == (2, 10)
    assert isinstance(problem(folder(tmp_path, data_batch_1=b"")), NoRecords)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (folder(tmp_path) / "data_batch_2.bin").open("wb") as file:
        file.truncate(2**30 + 1)
    assert isinstance(problem(tmp_path), problems.DataTooLarge)
