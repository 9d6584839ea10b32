"""Pictures that are made when a batch needs them, by classes that worker processes can import."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.images import CorruptImage
from netspec.library.data.columns import Lazy

COUNT = 23


@dataclass(frozen=True)
class Made:
    """Draws a picture of the size that its number says. Those of the numbers in `broken` cannot be read."""

    broken: tuple[int, ...] = ()
    side: int | None = None

    def __call__(self, index: int) -> Any:
        if index in self.broken:
            raise Mistake(CorruptImage(file=f"{index}.png", reason="it is cut"))
        size = (20 + index % 7, 20 + index % 5) if self.side is None else (self.side, self.side)
        return np.random.default_rng(index).random((*size, 3)).astype(np.float32)


@dataclass(frozen=True)
class Place:
    """A picture that tells which process made it, and whether JAX is there."""

    def __call__(self, index: int) -> Any:
        return np.full((2, 2, 3), [os.getpid() % 2**20, "jax" in sys.modules, index], np.float32)


def pictures(read: Any) -> dict[str, Any]:
    """The fields of some pictures."""
    return {"image": Lazy(COUNT, read), "label": np.arange(COUNT, dtype=np.int32) % 3}
