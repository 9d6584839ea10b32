"""Writes small pictures as PNG files within a page, and other values of an example as a line of numbers."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from netspec.lazy import np
from netspec.limits import LIMITS
from netspec.report.markup import Html, tag, void

MOST_NUMBERS = 12
"""Numbers of a field that is no picture."""
MOST_LETTERS = 600
"""Letters of a text."""


def draw(name: str, value: Any, words: str | None = None) -> Html:
    """A field of one example: its text where it stands for one, a picture where it looks like one, else its first numbers."""
    array = np.asarray(value)
    if words is not None:
        return tag("p", tag("code", f"{name} = "), words[:MOST_LETTERS] + ("…" if len(words) > MOST_LETTERS else ""), class_="text")
    if array.ndim == 3 and array.shape[-1] in (1, 3) and min(array.shape[:2]) >= 4 and array.dtype.kind in "fiu":
        return void("img", src=f"data:image/png;base64,{base64.b64encode(png(array)).decode()}", alt=name)
    flat = array.reshape(-1)
    shown = ", ".join(_number(x) for x in flat[:MOST_NUMBERS].tolist())
    return tag("code", f"{name} = {shown}" + (f", … ({array.size:,} numbers)" if array.size > MOST_NUMBERS else ""))


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def png(array: Any) -> bytes:
    """A picture [H, W, 1 or 3] as a PNG file: of a large one every second, third … pixel, its values from the darkest to the brightest
    where they are not 0 to 1 (floats) or 0 to 255 (integers)."""
    step = max(1, -(-max(array.shape[:2]) // LIMITS.reported_picture))
    pixels = _bytes_of(array[::step, ::step])
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + pixels[row].tobytes() for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    """A part of a PNG file: length, name, content, checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _bytes_of(array: Any) -> Any:
    """The values as bytes."""
    values = np.nan_to_num(array.astype(np.float64))
    top = 1.0 if array.dtype.kind == "f" else 255.0
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > top:
        values, top = values - low, (high - low) or 1.0
    return np.round(values * (255 / top)).astype(np.uint8)
