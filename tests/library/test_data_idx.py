"""Files in MNIST's format: read exactly, and when damaged refused with the file and the record."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import files as problems
from netspec.diagnostics.data import records
from netspec.library.data.datasets.mnist import Mnist

N = 20
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 28, 28), np.uint8)
LABELS = (np.arange(N) % 10).astype(np.uint8)


def image_file(images=IMAGES, magic=2051, count=None, side=28):
    return struct.pack(">4I", magic, len(images) if count is None else count, side, side) + images.tobytes()


def label_file(labels=LABELS, magic=2049, count=None):
    return struct.pack(">2I", magic, len(labels) if count is None else count) + labels.tobytes()


def folder(tmp_path: Path, images=None, labels=None, end="", names=("train-images-idx3-ubyte", "train-labels-idx1-ubyte")) -> Path:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / (names[0] + end)).write_bytes(image_file() if images is None else images)
    (tmp_path / (names[1] + end)).write_bytes(label_file() if labels is None else labels)
    return tmp_path


def problem(path, part="train"):
    with pytest.raises(Mistake) as caught:
        Mnist(part=part).load(path)
    return caught.value.diagnostic


def check(data):
    assert data["image"].dtype == np.float32 and data["label"].dtype == np.int32
    np.testing.assert_array_equal(data["image"][..., 0], (IMAGES / 255.0).astype(np.float32))
    np.testing.assert_array_equal(data["label"], LABELS)


@pytest.mark.parametrize("place", ["", "mnist", "fashion-mnist"])
@pytest.mark.parametrize("pack", [lambda b: b, gzip.compress])
def test_plain_and_packed_in_each_folder(tmp_path, place, pack):
    folder(tmp_path / place, pack(image_file()), pack(label_file()), ".gz" if pack is gzip.compress else "")
    check(Mnist().load(tmp_path))


def test_other_names_and_wrong_endings(tmp_path):
    """A dot instead of the hyphen; a packed file without .gz and an unpacked one with it, as browsers leave them."""
    check(Mnist().load(folder(tmp_path / "a", names=("train-images.idx3-ubyte", "train-labels.idx1-ubyte"))))
    check(Mnist().load(folder(tmp_path / "b", gzip.compress(image_file()), gzip.compress(label_file()))))
    check(Mnist().load(folder(tmp_path / "c", end=".gz")))


def test_test_part(tmp_path):
    folder(tmp_path, names=("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"))
    test = Mnist().test()
    assert test is not None and test.test() is None
    check(test.load(tmp_path))
    assert isinstance(problem(tmp_path), problems.MissingData)


def test_no_folder_and_no_files(tmp_path):
    assert isinstance(problem(None), problems.DataFolderNeeded)
    missing = problem(tmp_path / "nowhere")
    assert missing.file == "train-images-idx3-ubyte" and len(missing.folders) == 3 and "train-images-idx3-ubyte.gz" in missing.help()


def test_wrong_magic_names_what_it_is(tmp_path):
    found = problem(folder(tmp_path, images=label_file()))
    assert isinstance(found, problems.WrongMagic)
    assert found.file.endswith("train-images-idx3-ubyte") and found.found == "00000801" and "labels" in found.help()
    assert problem(folder(tmp_path, labels=b"\x89PNG....")).found == "89504e47"
    assert problem(folder(tmp_path, labels=b"")).found == ""


@pytest.mark.parametrize(("cut", "record"), [(1, 19), (784, 19), (785, 18), (784 * 20, 0)])
def test_short_images(tmp_path, cut, record):
    found = problem(folder(tmp_path, images=image_file()[:-cut]))
    assert isinstance(found, problems.ShortData) and (found.record, found.records) == (record, N)


def test_short_header_and_long_file(tmp_path):
    short = problem(folder(tmp_path, images=image_file()[:10]))
    assert isinstance(short, problems.ShortData) and short.record is None
    assert isinstance(problem(folder(tmp_path, labels=label_file() + b"\0")), problems.LongData)


def test_label_out_of_range_names_the_first_record(tmp_path):
    labels = LABELS.copy()
    labels[[7, 12]] = 10, 255
    found = problem(folder(tmp_path, labels=label_file(labels)))
    assert isinstance(found, records.LabelOutOfRange) and (found.record, found.label_found) == (7, 10)
    assert "record 7 (counted from 0)" in found.message() and "train-labels-idx1-ubyte" in found.message()


def test_counts_sizes_and_emptiness(tmp_path):
    assert problem(folder(tmp_path, labels=label_file(LABELS[:-1]))).other_records == N - 1
    assert problem(folder(tmp_path, images=image_file(IMAGES[:, :14, :14], side=14))).found == (14, 14)
    assert isinstance(problem(folder(tmp_path, image_file(IMAGES[:0]), label_file(LABELS[:0]))), records.NoRecords)
    assert isinstance(problem(folder(tmp_path, images=image_file(count=0xFFFFFFFF))), problems.DataTooLarge)


@pytest.mark.parametrize("keep", [5, 100, 5000, -9, -1])
def test_cut_gzip(tmp_path, keep):
    found = problem(folder(tmp_path, gzip.compress(image_file())[:keep], gzip.compress(label_file()), ".gz"))
    assert isinstance(found, problems.CorruptData) and found.file.endswith(".gz")
    whole = len(gzip.decompress(gzip.compress(image_file())))
    assert found.record is None or found.record * 784 < whole


def test_cut_gzip_names_the_record_it_reached(tmp_path):
    packed = gzip.compress(image_file(), compresslevel=0)
    assert problem(folder(tmp_path, packed[: len(packed) - 10 - 784 * 5], gzip.compress(label_file()), ".gz")).record in (14, 15)


def test_every_flipped_byte_of_a_gzip_is_noticed(tmp_path):
    packed = bytearray(gzip.compress(label_file(), mtime=0))
    images = gzip.compress(image_file())
    header = range(10)  # the gzip header holds a time and flags that change nothing
    for i in range(len(packed)):
        packed[i] ^= 0xFF
        try:
            check(Mnist().load(folder(tmp_path, images, bytes(packed), ".gz")))
            assert i in header
        except Mistake as mistake:
            assert mistake.diagnostic.message()
        packed[i] ^= 0xFF


def test_a_bomb_is_not_unpacked(tmp_path):
    """What follows the promised records is never held in memory: one byte more is enough to refuse it."""
    bomb = gzip.compress(label_file() + bytes(50_000_000))
    assert isinstance(problem(folder(tmp_path, gzip.compress(image_file()), bomb, ".gz")), problems.LongData)


def test_unreadable_file(tmp_path):
    folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    (tmp_path / "train-labels-idx1-ubyte").mkdir()
    assert isinstance(problem(tmp_path), problems.UnreadableData)


@pytest.mark.skipif("NETSPEC_DATA" not in os.environ, reason="NETSPEC_DATA names no folder with real data")
@pytest.mark.parametrize("place", ["", "fashion-mnist"])
def test_fashion_mnist(place):
    data = Mnist(part="test").load(Path(os.environ["NETSPEC_DATA"]) / place)
    assert data["image"].shape == (10000, 28, 28, 1) and data["image"].max() == 1.0
    assert np.bincount(data["label"]).tolist() == [1000] * 10
