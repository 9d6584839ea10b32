"""CIFAR-10, in the binary form that its makers publish."""

from __future__ import annotations

import os
from os.path import exists
from pathlib import Path
from typing import Any, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, DataTooLarge, MissingData, ShortData, UnreadableData
from netspec.diagnostics.data.records import LabelOutOfRange, NoRecords
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example
from netspec.library.data.datasets.data_file import open_data
from netspec.library.data.datasets.pixels import Pixels
from netspec.limits import LIMITS
from netspec.shape import TensorType

SIDE, CHANNELS, CLASSES = 32, 3, 10
RECORD = 1 + SIDE * SIDE * CHANNELS
"""Bytes of a record: the label, then the planes red, green and blue, row by row."""
RECORDS = 10_000
"""Records of each published file."""
FOLDERS = ("", "cifar-10-batches-bin", "cifar10")
"""Where the files may lie within the data folder; the first folder that has one of them is used."""
FILES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}


class Cifar10(Dataset):
    """CIFAR-10: photographs of 32 by 32 points in 10 classes, 50,000 for training and 10,000 for test.

    Fields: `image` f32[B, 32, 32, 3] in 0..1 (red, green, blue) and `label` i32[B]: airplane, automobile, bird, cat, deer, dog, frog,
    horse, ship, truck. The files `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` of the binary version
    (`cifar-10-binary.tar.gz`, unpacked) lie in the data folder, or in `cifar-10-batches-bin` or `cifar10` within it. A damaged file is an
    error that names the file and the record, counted from 0. The version for Python holds pickles, which netspec does not read.
    """

    origin = "https://www.cs.toronto.edu/~kriz/cifar.html (the binary version, unpacked)"
    pictures = True
    source = "Krizhevsky 2009, Learning multiple layers of features from tiny images"

    part: Literal["train", "test"] = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(part="test")))

    def fields(self) -> dict[str, TensorType]:
        return {"image": TensorType("f32", ("B", SIDE, SIDE, CHANNELS)), "label": TensorType("i32", ("B",))}

    def class_counts(self) -> dict[str, int]:
        return {"label": CLASSES}

    def load(self, folder: Path | None) -> dict[str, Any]:
        if folder is None:
            raise Mistake(DataFolderNeeded(dataset=self.op_name()))
        records = np.concatenate([_read(path) for path in self._find(Path(folder))])
        planes = records[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE)
        return {"image": Pixels(np.ascontiguousarray(planes.transpose(0, 2, 3, 1))), "label": records[:, 0].astype(np.int32)}

    def test(self) -> Dataset | None:
        return Cifar10(part="test") if self.part == "train" else None

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The files of this part; each of `FOLDERS` may have them."""
        return tuple(tuple(str(Path(home) / name) for home in FOLDERS) for name in FILES[self.part])

    def _find(self, folder: Path) -> list[Path]:
        """The files of this part. Raises `Mistake` when one is missing."""
        everything = [name for names in FILES.values() for name in names]
        home = next((folder / name for name in FOLDERS if any(exists(folder / name / file) for file in everything)), None)
        for name in FILES[self.part]:
            if home is None or not exists(home / name):
                places = (home,) if home is not None else tuple(folder / place for place in FOLDERS)
                raise Mistake(MissingData(dataset=self.op_name(), file=name, folders=tuple(map(str, places))))
        return [home / name for name in FILES[self.part] if home is not None]


def _read(path: Path) -> Array:
    """The records of a file, u8[n, RECORD]. Raises `Mistake` with the file and the record."""
    file = str(path)
    try:
        with open_data(path) as content:
            size = os.fstat(content.fileno()).st_size
            if size > LIMITS.records_bytes:
                raise Mistake(DataTooLarge(file=file, records=size // RECORD, size=size, limit=LIMITS.records_bytes))
            found = np.frombuffer(content.read(), np.uint8)
    except OSError as error:
        raise Mistake(UnreadableData(file=file, reason=error.strerror or str(error))) from error
    if not len(found):
        raise Mistake(NoRecords(file=file))
    if len(found) % RECORD:
        whole = len(found) // RECORD
        raise Mistake(ShortData(file=file, record=whole, records=max(whole + 1, RECORDS)))
    records = found.reshape(-1, RECORD)
    wrong = np.flatnonzero(records[:, 0] >= CLASSES)
    if len(wrong):
        first = int(wrong[0])
        raise Mistake(LabelOutOfRange(file=file, record=first, label_found=int(records[first, 0]), classes=CLASSES))
    return records
