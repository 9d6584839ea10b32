"""CIFAR's files for Python: read exactly, and nothing that a file names is ever called."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import files as problems
from netspec.diagnostics.data.records import LabelOutOfRange
from netspec.library.data.columns import rows_of
from netspec.library.data.datasets.cifar10 import Cifar10
from netspec.library.data.datasets.cifar100 import Cifar100
from netspec.library.data.datasets.strict_pickle import read_pickle, to_bytes_array

N = 4
RNG = np.random.default_rng(0)
PLANES = RNG.integers(0, 256, (N, 3072), np.uint8)
IMAGES = (PLANES.reshape(N, 3, 32, 32).transpose(0, 2, 3, 1) / 255.0).astype(np.float32)
LABELS = [3, 0, 9, 1]


def text(value: bytes) -> bytes:
    """A text as Python 2 wrote it."""
    return b"T" + struct.pack("<I", len(value)) + value


def old(labels: dict[str, list[int]], data: bytes = PLANES.tobytes(), shape: tuple[int, int] = (N, 3072)) -> bytes:
    """A dict of labels and an array, opcode by opcode as Python 2 wrote the published files."""
    numbers = b"".join(
        b"U" + bytes([len(k)]) + k.encode() + b"](" + b"".join(b"K" + bytes([n]) for n in v) + b"e" for k, v in labels.items()
    )
    made = b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87R"
    kind = b"cnumpy\ndtype\nq\x03U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = (
        made + b"(K\x01J" + struct.pack("<i", shape[0]) + b"J" + struct.pack("<i", shape[1]) + b"\x86" + kind + b"\x89" + text(data) + b"tb"
    )
    return b"\x80\x02}q\x00(U\x0bbatch_labelU\x05batch" + numbers + b"U\x04data" + array + b"u."


def cifar10(folder: Path, content: bytes, name: str = "test_batch") -> dict[str, Any]:
    (folder / "cifar-10-batches-py").mkdir(exist_ok=True)
    (folder / "cifar-10-batches-py" / name).write_bytes(content)
    return Cifar10(part="test").load(folder)


def new() -> bytes:
    """What Python 3 writes today."""
    return pickle.dumps({"labels": LABELS, "data": PLANES, "filenames": ["a.png"] * N}, protocol=4)


@pytest.mark.parametrize("content", [old({"labels": LABELS}), new()], ids=["python 2", "python 3"])
def test_pictures_and_labels_are_those_of_the_file(tmp_path: Path, content: bytes) -> None:
    found = cifar10(tmp_path, content)
    np.testing.assert_array_equal(rows_of(found["image"], np.arange(N)), IMAGES)
    assert found["label"].tolist() == LABELS and found["label"].dtype == np.int32


def test_cifar100_has_classes_and_groups_in_both_versions(tmp_path: Path) -> None:
    fine, coarse = [99, 0, 5, 7], [19, 0, 1, 2]
    (tmp_path / "cifar-100-python").mkdir()
    (tmp_path / "cifar-100-python" / "test").write_bytes(old({"fine_labels": fine, "coarse_labels": coarse}))
    (tmp_path / "b" / "cifar100").mkdir(parents=True)
    records = [bytes([group, label]) + PLANES[k].tobytes() for k, (group, label) in enumerate(zip(coarse, fine, strict=True))]
    (tmp_path / "b" / "cifar100" / "test.bin").write_bytes(b"".join(records))
    for folder in (tmp_path, tmp_path / "b"):
        found = Cifar100(part="test").load(folder)
        assert found["label"].tolist() == fine and found["coarse"].tolist() == coarse
        np.testing.assert_array_equal(rows_of(found["image"], np.arange(N)), IMAGES)
    (tmp_path / "b" / "cifar100" / "test.bin").write_bytes(bytes([20, 0]) + PLANES[0].tobytes())
    with pytest.raises(Mistake) as caught:
        Cifar100(part="test").load(tmp_path / "b")
    assert isinstance(caught.value.diagnostic, LabelOutOfRange)


class Trap:
    """Pickles itself as a call."""

    def __reduce__(self) -> Any:
        return os.system, ("touch netspec-was-here",)


class Other:
    """Pickles itself as an object of a class."""


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"labels": Trap(), "data": PLANES}, protocol=2),
        pickle.dumps(Trap(), protocol=4),
        pickle.dumps({"data": Other()}, protocol=4),
        b"cos\nsystem\n(S'touch netspec-was-here'\ntR.",
        b"cbuiltins\neval\nU\x01182\x85R.",
        b"cnumpy\nndarray\n)R.",
        old({"labels": LABELS}).replace(b"u1", b"O8"),
        old({"labels": LABELS}, shape=(N + 1, 3072)),
        old({"labels": LABELS}, shape=(3072, N)),
        old({"labels": LABELS[:3]}),
        old({"label": LABELS}),
        old({"labels": LABELS}) + b".",
        old({"labels": LABELS})[:-1],
        b"\x80\x02]q\x00h\x00a.",
        b"",
        b"(" * 1000 + b".",
        b"\x80\x09N.",
    ],
)
def test_a_strange_file_is_refused_and_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mistake) as caught:
        cifar10(tmp_path, content)
    assert isinstance(caught.value.diagnostic, problems.StrangePickle) and "test_batch" in caught.value.diagnostic.message()
    assert not (tmp_path / "netspec-was-here").exists()


def test_labels_that_are_no_classes(tmp_path: Path) -> None:
    with pytest.raises(Mistake) as caught:
        cifar10(tmp_path, old({"labels": [1, 2, 10, 3]}))
    assert isinstance(caught.value.diagnostic, LabelOutOfRange) and caught.value.diagnostic.record == 2


def test_every_changed_byte_is_refused_or_harmless() -> None:
    rng, content = np.random.default_rng(1), old({"labels": LABELS}, PLANES[:, :4].tobytes(), (N, 4))
    for trial in range(3000):
        changed = bytearray(content[: int(rng.integers(len(content)))] if trial % 9 == 0 else content)
        for place in rng.integers(0, max(len(changed), 1), 2):
            changed[place : place + 1] = bytes([int(rng.integers(256))])
        try:
            value = read_pickle(bytes(changed))
            array = to_bytes_array(value["data"]) if isinstance(value, dict) and "data" in value else None
        except ValueError as error:
            assert str(error)
        else:
            assert array is None or array.size <= len(content)
