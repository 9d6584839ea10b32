"""Reads IDX files of bytes, plain or compressed with gzip.

A file is a magic number (two zero bytes, 8 for "unsigned bytes", the number of axes), the axes' sizes as big-endian 32-bit numbers, then
the bytes. The header says how long the rest must be, and no more than that is ever unpacked.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import CorruptData, DataTooLarge, LongData, ShortData, UnreadableData, WrongMagic
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.data_file import describe_damage, open_data
from netspec.limits import LIMITS
from netspec.record import record

CHUNK = 2**20


@record
class Content:
    """A kind of IDX file."""

    name: str
    axes: int

    @property
    def magic(self) -> bytes:
        """The first bytes of such a file."""
        return bytes((0, 0, 8, self.axes))


IMAGES, LABELS = Content("images", 3), Content("labels", 1)


def read_idx(path: Path, content: Content) -> Array:
    """The bytes of an IDX file as a uint8 array, the first axis counting records. Raises `Mistake` with the file and the record."""
    try:
        with open_data(path) as plain:
            compressed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if not compressed:
                return _Reader(str(path), content, plain).read()
            with gzip.GzipFile(fileobj=plain) as unpacked:
                return _Reader(str(path), content, unpacked).read()
    except OSError as error:
        raise Mistake(UnreadableData(file=str(path), reason=error.strerror or str(error))) from error


class _Reader:
    """Reads one open file, remembering how far it came."""

    def __init__(self, file: str, content: Content, stream: Any) -> None:
        self.file, self.content, self.stream = file, content, stream
        self.records, self.width = 0, 0
        """How many records there should be, and the bytes of one; known once the header is read."""
        self.data = bytearray()

    def read(self) -> Array:
        """The records, once the header says how many there must be."""
        self.records, *shape = self._header()
        self.width = math.prod(shape)
        size = self.records * self.width
        if size > LIMITS.records_bytes or self.records > LIMITS.records_bytes:
            raise Mistake(DataTooLarge(file=self.file, records=self.records, size=size, limit=LIMITS.records_bytes))
        self._body(size)
        if len(self.data) < size:
            raise Mistake(ShortData(file=self.file, record=len(self.data) // self.width, records=self.records))
        if len(self.data) > size:
            raise Mistake(LongData(file=self.file, records=self.records))
        return np.frombuffer(bytes(self.data), np.uint8).reshape(self.records, *shape)

    def _header(self) -> tuple[int, ...]:
        """The sizes. Raises `Mistake` for another kind of file."""
        magic = self._take(4)
        if magic != self.content.magic:
            meant = {IMAGES.magic: "an IDX file of images", LABELS.magic: "an IDX file of labels"}.get(magic)
            expected = self.content.magic.hex()
            raise Mistake(WrongMagic(file=self.file, content=self.content.name, found=magic.hex(), expected=expected, meant=meant))
        sizes = self._take(4 * self.content.axes)
        if len(sizes) < 4 * self.content.axes:
            raise Mistake(ShortData(file=self.file, record=None, records=0))
        return struct.unpack(f">{self.content.axes}I", sizes)

    def _body(self, size: int) -> None:
        """Fills `data` with at most one byte more than there should be, which also makes gzip verify its check sum."""
        while len(self.data) <= size:
            piece = self._piece(min(CHUNK, size + 1 - len(self.data)))
            if not piece:
                return
            self.data += piece

    def _take(self, count: int) -> bytes:
        """The next `count` bytes; fewer only at the end."""
        taken = b""
        while len(taken) < count and (piece := self._piece(count - len(taken))):
            taken += piece
        return taken

    def _piece(self, count: int) -> bytes:
        """Some bytes, at most `count`; none only at the end. Raises `Mistake` where a compressed file is damaged."""
        try:
            return self.stream.read1(count)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self._corrupt(describe_damage(error)) from None

    def _corrupt(self, reason: str) -> Mistake:
        """The problem of a file that is damaged, with the record that was being read."""
        record = len(self.data) // self.width if self.width else self.records
        return Mistake(CorruptData(file=self.file, record=record if record < self.records else None, reason=reason))
