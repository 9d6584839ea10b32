"""Reads the files of CIFAR-10 and CIFAR-100, in the binary version and in the one for Python, whose pickles are read without trust."""

from __future__ import annotations

import os
from collections.abc import Sequence
from os.path import exists
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, DataTooLarge, MissingData, ShortData, StrangePickle, UnreadableData
from netspec.diagnostics.data.records import LabelOutOfRange, NoRecords
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.data_file import open_data
from netspec.library.data.datasets.pixels import Pixels
from netspec.library.data.datasets.strict_pickle import read_pickle, to_bytes_array
from netspec.limits import LIMITS
from netspec.record import record

SIDE, CHANNELS = 32, 3
POINTS = SIDE * SIDE * CHANNELS
"""Bytes of a picture: the planes red, green and blue, row by row."""


@record
class Archive:
    """The files of one part, in one of the two versions."""

    folders: tuple[str, ...]
    """Where they may lie within the data folder; the first folder that has one of them is used."""
    files: tuple[str, ...]
    labels: tuple[tuple[str, int], ...]
    """Of each label of a record: its key in the version for Python, and how many classes it has. Binary records begin with them."""
    records: int
    """Records of each published file."""
    pickled: bool = False

    @property
    def width(self) -> int:
        """Bytes of a binary record."""
        return len(self.labels) + POINTS


def names_of(archives: Sequence[Archive]) -> tuple[tuple[str, ...], ...]:
    """Of each file the names under which the data folder may have it."""
    places = [[tuple(str(Path(home) / name) for home in archive.folders) for name in archive.files] for archive in archives]
    return tuple(tuple(name for names in alike for name in names) for alike in zip(*places, strict=True))


def load(folder: Path | None, archives: Sequence[Archive], everything: Sequence[str], dataset: str) -> tuple[Pixels, list[Array]]:
    """The pictures, and each label i32[n]. `everything` are the files of all parts. Raises `Mistake` with the file and the record."""
    if folder is None:
        raise Mistake(DataFolderNeeded(dataset=dataset))
    archive, home = _find(folder, archives, everything, dataset)
    parts = [(_unpickle if archive.pickled else _read)(home / name, archive) for name in archive.files]
    planes = np.concatenate([pictures for pictures, _ in parts]).reshape(-1, CHANNELS, SIDE, SIDE)
    labels = [np.concatenate([each[k] for _, each in parts]).astype(np.int32) for k in range(len(archive.labels))]
    return Pixels(np.ascontiguousarray(planes.transpose(0, 2, 3, 1))), labels


def _find(folder: Path, archives: Sequence[Archive], everything: Sequence[str], dataset: str) -> tuple[Archive, Path]:
    """The version that is there, and its folder. Raises `Mistake` when a file is missing."""
    homes = ((archive, folder / place) for archive in archives for place in archive.folders)
    archive, home = next((pair for pair in homes if _holds(*pair, everything)), (archives[0], None))
    for name in archive.files:
        if home is None or not exists(home / name):
            places = (home,) if home is not None else tuple(folder / place for place in archive.folders)
            raise Mistake(MissingData(dataset=dataset, file=name, folders=tuple(map(str, places))))
    assert home is not None
    return archive, home


def _holds(archive: Archive, home: Path, everything: Sequence[str]) -> bool:
    """Does a folder have a file of this version, of whatever part?"""
    return any(exists(home / (name.removesuffix(".bin") if archive.pickled else name)) for name in everything)


def _read(path: Path, archive: Archive) -> tuple[Array, list[Array]]:
    """Pictures u8[n, POINTS] and labels of a binary file. Raises `Mistake` with the file and the record."""
    file, width = str(path), archive.width
    found = np.frombuffer(_content(path, width), np.uint8)
    if not len(found):
        raise Mistake(NoRecords(file=file))
    if len(found) % width:
        whole = len(found) // width
        raise Mistake(ShortData(file=file, record=whole, records=max(whole + 1, archive.records)))
    records = found.reshape(-1, width)
    labels = [records[:, k] for k in range(len(archive.labels))]
    for label, (_, classes) in zip(labels, archive.labels, strict=True):
        _require_classes(label, classes, file)
    return records[:, len(labels) :], labels


def _content(path: Path, width: int) -> bytes:
    """A file's bytes. Raises `Mistake`, for more than are held in memory as well."""
    try:
        with open_data(path) as content:
            size = os.fstat(content.fileno()).st_size
            if size > LIMITS.records_bytes:
                raise Mistake(DataTooLarge(file=str(path), records=size // width, size=size, limit=LIMITS.records_bytes))
            return content.read()
    except OSError as error:
        raise Mistake(UnreadableData(file=str(path), reason=error.strerror or str(error))) from error


def _unpickle(path: Path, archive: Archive) -> tuple[Array, list[Array]]:
    """Pictures u8[n, POINTS] and labels of a file for Python. Raises `Mistake` with the file."""
    try:
        value = read_pickle(_content(path, archive.width))
        pictures = to_bytes_array(_entry(value, "data"))
        if pictures.ndim != 2 or pictures.shape[1] != POINTS:
            raise ValueError(f"its pictures are {list(pictures.shape)}, not [n, {POINTS}]")
        labels = [_whole_numbers(_entry(value, key), len(pictures)) for key, _ in archive.labels]
    except ValueError as error:
        raise Mistake(StrangePickle(file=str(path), reason=str(error))) from None
    if not len(pictures):
        raise Mistake(NoRecords(file=str(path)))
    for label, (_, classes) in zip(labels, archive.labels, strict=True):
        _require_classes(label, classes, str(path))
    return pictures, labels


def _entry(value: Any, key: str) -> Any:
    """What a dict has under a key, which Python 2 wrote as bytes. Raises ValueError."""
    if not isinstance(value, dict) or (key not in value and key.encode() not in value):
        raise ValueError(f"it is no dict with `{key}`")
    return value[key] if key in value else value[key.encode()]


def _whole_numbers(value: Any, count: int) -> Array:
    """A list of so many numbers of classes. Raises ValueError."""
    if not isinstance(value, list) or len(value) != count or not all(type(number) is int for number in value):
        raise ValueError(f"its labels are no {count:,} whole numbers")
    return np.array(value, np.int64)


def _require_classes(labels: Array, classes: int, file: str) -> None:
    """Raises `Mistake` with the first record whose label is no class."""
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        first = int(wrong[0])
        raise Mistake(LabelOutOfRange(file=file, record=first, label_found=int(labels[first]), classes=classes))
