"""Sends Python values through a pipe: arrays as their bytes, which are not copied once more on either side."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterable
from typing import IO, Any

NUMBER = struct.Struct("<Q")


def send(stream: IO[bytes], value: Any) -> None:
    """Writes a value. Raises OSError where nobody reads."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    _write_all(stream, [NUMBER.pack(len(raw) + 1), *(NUMBER.pack(len(piece)) for piece in (head, *raw)), head, *raw])


def _write_all(stream: IO[bytes], pieces: Iterable[Any]) -> None:
    """Writes one piece after another."""
    for piece in pieces:
        stream.write(piece)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next value. Raises EOFError where the writer is gone."""
    (count,) = NUMBER.unpack(_read(stream, NUMBER.size))
    sizes = [NUMBER.unpack(_read(stream, NUMBER.size))[0] for _ in range(count)]
    head, *buffers = [_read(stream, size) for size in sizes]
    return pickle.loads(head, buffers=buffers)


def _read(stream: IO[bytes], size: int) -> bytearray:
    """So many bytes. Raises EOFError where there are fewer."""
    found = bytearray(size)
    view, place = memoryview(found), 0
    while place < size:
        got = stream.readinto(view[place:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        place += got
    return found
