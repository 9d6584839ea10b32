"""Sequences of different length, and feeds of them, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netspec.ir import DataPlan
from netspec.library.base import Dataset, Transform
from netspec.library.data.columns import Ragged
from netspec.library.data.transforms.sequences import BucketByLength
from netspec.library.data.transforms.steps import Batch
from netspec.shape import TensorType
from netspec.train.feed import ArrayFeed, feed_from

BUCKETS = BucketByLength(bounds=(4, 9, 30))


class Sequences(Dataset):
    """Sequences of these lengths; the elements of number i are all i + 1, and `index` says which it is."""

    lengths: tuple[int, ...]

    def fields(self) -> dict[str, TensorType]:
        sequence = TensorType("i32", ("B", "T"))
        return {"tokens": sequence, "index": TensorType("i32", ("B",)), "length": TensorType("i32", ("B",))}

    def load(self, folder: Path | None) -> dict[str, Any]:
        rows = [np.full(length, i + 1) for i, length in enumerate(self.lengths)]
        index = np.arange(len(rows), dtype=np.int32)
        return {"tokens": Ragged.of(rows, np.int32), "index": index, "length": np.array(self.lengths, np.int32)}


def plan(dataset: Dataset, *transforms: Transform) -> DataPlan:
    size = next((t.size for t in transforms if isinstance(t, Batch)), None)
    return DataPlan(dataset, transforms, {}, size)


def feed(lengths: tuple[int, ...], *transforms: Transform, seed: int = 0) -> ArrayFeed:
    return feed_from(None, plan(Sequences(lengths=lengths), *transforms), seed)


def counted(batches: Any) -> list[int]:
    """The indices of the examples that count."""
    return [int(i) for b in batches for i, w in zip(b["index"], b.get("example weights", np.ones(len(b["index"]))), strict=True) if w]
