"""Reads `tf.train.Example` messages: features by name, each a list of whole numbers, of floats or of bytes. Nothing else is decoded.

The wire format is that of protocol buffers: a field is a varint (number · 8 + type), then a varint (type 0), 8 bytes (1), a length and
so many bytes (2), or 4 bytes (5). Example { Features features = 1 }, Features { map<string, Feature> feature = 1 }, where an entry of a
map has its key as 1 and its value as 2; Feature { BytesList = 1 | FloatList = 2 | Int64List = 3 }, each of them { repeated value = 1 }.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.lazy import np

VARINT, WIDE, BYTES, NARROW = 0, 1, 2, 5
BYTES_LIST, FLOAT_LIST, INT_LIST = 1, 2, 3


def read_example(data: bytes) -> dict[str, Any]:
    """The features of a message: list[bytes], f32[n] or i64[n] by name. Raises ValueError for what is none."""
    found: dict[str, Any] = {}
    for features in _messages(data, 1):
        for entry in _messages(features, 1):
            parts = {number: value for number, _, value in _fields(entry)}
            name, feature = parts.get(1, b""), parts.get(2, b"")
            if not isinstance(name, bytes) or not isinstance(feature, bytes):
                raise ValueError("a feature without a name")
            found[name.decode()] = _feature(feature)
    return found


def _feature(data: bytes) -> Any:
    """The values of a feature; none at all are no bytes."""
    made: Any = []
    for number, wire, value in _fields(data):
        if wire != BYTES or not isinstance(value, bytes) or number not in (BYTES_LIST, FLOAT_LIST, INT_LIST):
            raise ValueError("a feature that is no list")
        made = [_bytes, _floats, _integers][number - 1](value)
    return made


def _bytes(data: bytes) -> list[bytes]:
    return list(_messages(data, 1))


def _floats(data: bytes) -> Any:
    """Packed or one by one, as f32."""
    pieces = [
        value if isinstance(value, bytes) else b"" for number, wire, value in _fields(data) if number == 1 and wire in (BYTES, NARROW)
    ]
    return np.frombuffer(b"".join(pieces), "<f4")


def _integers(data: bytes) -> Any:
    """Packed or one by one, as i64; negative ones stand as their complement in 64 bits."""
    values: list[int] = []
    for number, wire, value in _fields(data):
        if number == 1 and wire == VARINT and isinstance(value, int):
            values.append(value)
        elif number == 1 and isinstance(value, bytes) and wire == BYTES:
            place = 0
            while place < len(value):
                one, place = _varint(value, place)
                values.append(one)
    return np.array(values, np.uint64).astype(np.int64)


def _messages(data: bytes, wanted: int) -> Iterator[bytes]:
    """What stands under a number, where it is bytes."""
    for number, wire, value in _fields(data):
        if number == wanted and wire == BYTES and isinstance(value, bytes):
            yield value


def _fields(data: bytes) -> Iterator[tuple[int, int, bytes | int]]:
    """Number, type and content of each field. Raises ValueError where the message ends too early, or has a type that there is not."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        wire = key & 7
        if wire == VARINT:
            value, place = _varint(data, place)
            yield key >> 3, wire, value
            continue
        if wire not in (WIDE, BYTES, NARROW):
            raise ValueError(f"a field of the type {wire}")
        length = 8 if wire == WIDE else 4
        if wire == BYTES:
            length, place = _varint(data, place)
        if length > len(data) - place:
            raise ValueError("it ends too early")
        yield key >> 3, wire, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the low ones first, and the place behind it. Raises ValueError for more than 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ValueError("it ends too early")
        value |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            if value >= 2**64:
                break
            return value, place
    raise ValueError("a number of more than 64 bits")
