"""Where batches come from: arrays in memory, or an iterable of batches. What an epoch of arrays holds depends on (seed, epoch) only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, cast

from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.stream import batch_count, batch_generator, batches, epoch_order
from netspec.library.transforms import Batch, Partial, Shuffle
from netspec.train.fields import WEIGHT, checked

Fields = dict[str, Array]
"""One batch: arrays by field, their leading axis counting examples, and optionally `weight` f32[B], 0 for padding."""


class Feed(Protocol):
    """A source of batches that can start at any batch of any epoch."""

    @property
    def steps_per_epoch(self) -> int | None:
        """Batches of one training epoch; None when only running through it would tell."""
        ...

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        """The batches of an epoch (counted from 0) from the batch `start` on."""
        ...

    def evaluation(self) -> Iterator[Fields]:
        """Batches in which every example counts exactly once."""
        ...


@dataclass(frozen=True)
class ArrayFeed:
    """All examples in memory; the plan's transforms run on each batch."""

    arrays: Mapping[str, Array]
    plan: DataPlan
    seed: int

    @property
    def examples(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def steps_per_epoch(self) -> int:
        return batch_count(self.examples, self.plan.batch, self.partial)

    @property
    def partial(self) -> Partial:
        found: list[Partial] = [t.partial for t in self.plan.transforms if isinstance(t, Batch)]
        return found[0] if found else "drop"

    @property
    def shuffle(self) -> Shuffle | None:
        return next((t for t in self.plan.transforms if isinstance(t, Shuffle)), None)

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        order = epoch_order(self.seed, epoch, self.examples, self.shuffle)
        parts = enumerate(batches(order, self.plan.batch, self.partial))
        for number, (indices, weight) in islice(parts, start, None):
            batch = self._rows(indices)
            for transform in self.plan.transforms:
                batch = transform.apply(batch, batch_generator(self.seed, epoch, number))
            yield _weighted(batch, weight) if self.partial == "pad" or WEIGHT in batch else batch

    def evaluation(self) -> Iterator[Fields]:
        """In the order of the data; the last batch is filled up with examples of weight 0."""
        for indices, weight in batches(np.arange(self.examples), self.plan.batch, "pad"):
            batch = self._rows(indices)
            for transform in self.plan.transforms:
                batch = transform.apply_eval(batch)
            yield _weighted(batch, weight)

    def _rows(self, indices: Array) -> Fields:
        return {name: array[indices] for name, array in self.arrays.items()}


def _weighted(batch: Fields, weight: Array) -> Fields:
    return {**batch, WEIGHT: (batch[WEIGHT] * weight if WEIGHT in batch else weight).astype(np.float32)}


@dataclass(frozen=True)
class BatchFeed:
    """Batches made elsewhere, used as they are; each epoch starts the iterable again, and so does each evaluation.

    Arrays are copied, since JAX may share their memory and the iterable may use it for its next batch.
    """

    source: Iterable[Mapping[str, Any]]
    plan: DataPlan

    @property
    def steps_per_epoch(self) -> int | None:
        return len(self.source) if isinstance(self.source, Sized) else None

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        return (_copied(checked(batch, self.plan.fields)) for batch in islice(iter(self.source), start, None))

    def evaluation(self) -> Iterator[Fields]:
        """A batch of another size than the first is filled up or costs another compilation; batches get a weight either way."""
        size = 0
        for batch in self.training(0):
            count = len(next(iter(batch.values())))
            size = max(size, count)
            yield _padded(_weighted(batch, np.ones(count, np.float32)), size - count)


def _copied(batch: Fields) -> Fields:
    return {name: np.array(array) for name, array in batch.items()}


def _padded(batch: Fields, missing: int) -> Fields:
    """The batch with copies of its first example at weight 0 appended."""
    if not missing:
        return batch
    more = {name: np.concatenate([a, np.repeat(a[:1], missing, axis=0)]) for name, a in batch.items()}
    return {**more, WEIGHT: np.concatenate([batch[WEIGHT], np.zeros(missing, np.float32)])}


def feed_of(data: Mapping[str, Any] | Iterable[Mapping[str, Any]], plan: DataPlan, seed: int) -> Feed:
    """A dict of arrays (fields as the dataset has them, before the plan's transforms), or an iterable of batches (after them)."""
    if isinstance(data, Mapping):
        return ArrayFeed(checked(cast(Mapping[str, Any], data), plan.dataset.fields()), plan, seed)
    return BatchFeed(data, plan)


def feed_from(folder: Path | None, plan: DataPlan, seed: int) -> ArrayFeed:
    """The plan's own dataset, read from the data folder. Raises `Mistake` or `SpecError` for files that are not as they should be."""
    return ArrayFeed(checked(plan.dataset.load(folder), plan.dataset.fields()), plan, seed)
