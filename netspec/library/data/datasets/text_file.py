"""Reads text files of the data folder, plain or compressed (gzip, Zstandard), checks that they are UTF-8 and finds their lines.

A plain file is mapped into memory, not read, so that one of many gigabytes costs no more than its lines' places.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, MissingData, UnreadableData
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.texts import BadText
from netspec.diagnostics.drawing.cells import escape
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.base.field_bounds import AfterValidator
from netspec.library.data.columns import Ragged
from netspec.library.data.datasets.data_file import find_beside, open_data
from netspec.library.data.datasets.packed_file import MARK_BYTES, names, unpacker_of
from netspec.limits import LIMITS

BLOCK = 1 << 24
"""Bytes looked at together."""
NEWLINE, RETURN, MARK = 10, 13, b"\xef\xbb\xbf"


def require_inside(path: str) -> str:
    """A path that cannot leave the folder it starts from."""
    parts = path.replace("\\", "/").split("/")
    if not path or parts[0] == "" or ":" in parts[0] or ".." in parts or escape(path) != path:
        raise ValueError('a path inside the data folder, such as "train.txt"')
    return path


DataPath = Annotated[str, AfterValidator(require_inside)]
"""A file's path relative to the data folder."""


def find(folder: Path | None, name: str, op: str) -> Path:
    """The file of that name in the data folder, or the one with `.gz` or `.zst` behind it. Raises `Mistake` when there is none."""
    if folder is None:
        raise Mistake(DataFolderNeeded(dataset=op))
    for path in map(folder.joinpath, names(name)):
        if path.exists():
            return path
    beside = find_beside(folder, name)
    raise Mistake(MissingData(dataset=op, file=name, folders=(str(folder),), accepted=names(name)[1:], beside=beside))


def find_all(folder: Path | None, name: str, op: str) -> list[Path]:
    """The files that a name with `*` stands for, in the order of their names; else the one of `find`. Raises `Mistake` for none."""
    if "*" not in name or folder is None:
        return [find(folder, name, op)]
    found = matching(folder, name)
    if not found:
        raise Mistake(MissingData(dataset=op, file=name, folders=(str(folder),)))
    return found


def matching(folder: Path, name: str) -> list[Path]:
    """The files that a name with `*` stands for, hidden ones left out."""
    found = (path for path in folder.glob(name) if path.is_file() and not path.name.startswith("."))
    return sorted(islice(found, LIMITS.compared_names))


def read_content(path: Path) -> Array:
    """All bytes of a file as u8[n]. Raises `Mistake`."""
    try:
        with open_data(path) as file:
            size = os.fstat(file.fileno()).st_size
            unpack = unpacker_of(file.read(MARK_BYTES))
            if unpack is not None:
                file.seek(0)
                return np.frombuffer(unpack(path, file, LIMITS.text_ratio * size + BLOCK), np.uint8)
            return np.asarray(np.memmap(file, np.uint8, "r", 0, (size,))) if size else np.zeros(0, np.uint8)
    except OSError as error:
        raise Mistake(UnreadableData(file=str(path), reason=error.strerror or str(error))) from error


def text_lines_of(path: Path) -> Ragged:
    """Every line's bytes (u8), empty ones among them, without line ends and byte-order mark. Raises `Mistake` for bad files."""
    data = read_content(path)
    _require_utf8(data, str(path))
    ends = np.concatenate([np.flatnonzero(part == NEWLINE) + start for start, part in _blocks(data)] or [np.zeros(0, np.int64)])
    if len(data) and data[-1] != NEWLINE:
        ends = np.append(ends, len(data))
    if not len(ends):
        raise Mistake(NoRecords(file=str(path)))
    starts = np.concatenate([[0], ends[:-1] + 1])
    starts[0] = len(MARK) if data[:3].tobytes() == MARK else 0
    lengths = ends - starts
    lengths -= (lengths > 0) & (data[np.maximum(ends - 1, 0)] == RETURN)
    return Ragged(data, starts, lengths)


def _blocks(data: Array) -> Iterator[tuple[int, Array]]:
    """A file piece by piece, each with the place where it begins."""
    for start in range(0, len(data), BLOCK):
        yield start, data[start : start + BLOCK]


def _require_utf8(data: Array, file: str) -> None:
    """Blocks are decoded one by one; a character cut by the end of a block is left to the next."""
    rest = b""
    for start, part in _blocks(data):
        piece = rest + part.tobytes()
        begin = start - len(rest)
        try:
            piece.decode()
            rest = b""
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data" or start + BLOCK >= len(data):
                raise Mistake(_describe_bad_text(data, begin + error.start, file)) from None
            rest = piece[error.start :]


def _describe_bad_text(data: Array, place: int, file: str) -> BadText:
    """Where the first byte is that is no UTF-8."""
    line = 1 + sum(int(np.count_nonzero(part == NEWLINE)) for _, part in _blocks(data[:place]))
    return BadText(file=file, line=line, byte=int(data[place]))
