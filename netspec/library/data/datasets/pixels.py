"""Keeps pictures as bytes, a quarter of the memory, and gives them to batches as floats in 0..1."""

from __future__ import annotations

from netspec.lazy import np
from netspec.library.base import Array
from netspec.record import record


@record(eq=False)
class Pixels:
    """A column of images u8[n, H, W, C], in batches f32[B, H, W, C] in 0..1."""

    values: Array

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, indices: Array) -> Array:
        return to_floats(self.values[indices])

    def select(self, indices: Array) -> Pixels:
        return Pixels(self.values[indices])


def to_floats(values: Array) -> Array:
    """Bytes 0..255 as f32 in 0..1."""
    return np.divide(values, np.float32(255), dtype=np.float32)
