"""Makes batches of arrays in memory, or takes them from an iterable. What an epoch of arrays holds depends on (seed, epoch) only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

from netspec.diagnostics.running.weights import ArrayMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.files import refuse_device
from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import LENGTH, Table, rows_of
from netspec.library.data.example_order import batch_count, batch_generator, batches, bucket_batches, bucket_count, epoch_order, mix_batches
from netspec.library.data.transforms.sequences import BucketByLength
from netspec.library.data.transforms.steps import Batch, Partial, Shuffle
from netspec.lower.objective import EXAMPLE_WEIGHTS
from netspec.lower.precision import FULL, Precision
from netspec.train.collation import collate
from netspec.train.data_preparation import Knowledge, Loaded, apply_whole, load_dataset, prepare_part
from netspec.train.example_weights import require_some_weight, require_weights
from netspec.train.field_checks import check_fields

Fields = dict[str, Array]
"""One batch: arrays by field, their leading axis counting examples, and besides how much each counts, where some only fill the batch up."""
Part: TypeAlias = tuple[Array | None, Array | None]
"""Indices and weights of a batch's examples."""


class Feed(Protocol):
    """A source of batches that can start at any batch of any epoch."""

    @property
    def learned(self) -> Knowledge:
        """What the data chain has learned from its data."""
        ...

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
    """All examples, behind the plan's transforms of whole data; the others run on each batch."""

    arrays: Table
    plan: DataPlan
    seed: int
    learned: Knowledge = field(default_factory=dict)
    """What the chain has learned from its data."""
    handed: Table | None = None
    """The examples as a person handed them over, where no dataset read them."""

    @property
    def examples(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def steps_per_epoch(self) -> int:
        return self._steps

    @cached_property
    def _steps(self) -> int:
        """How many batches an epoch has."""
        size, buckets = self.plan.batch, self._buckets
        if size is None:
            return 1
        return batch_count(self.examples, size, self.partial) if buckets is None else bucket_count(buckets, size, self.partial)

    @property
    def partial(self) -> Partial:
        """What happens to the examples that do not fill a batch."""
        found: list[Partial] = [t.partial for t in self.plan.transforms if isinstance(t, Batch)]
        return found[0] if found else "drop"

    @property
    def shuffle(self) -> Shuffle | None:
        return next((t for t in self.plan.transforms if isinstance(t, Shuffle)), None)

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        """The batches of an epoch from one on. Each is made from its number alone, so that a resumed run sees the same."""
        for number, (indices, weight) in islice(enumerate(self._epoch(epoch)), start, None):
            batch = self._rows(indices)
            for position, transform in enumerate(self.plan.transforms):
                batch = transform.apply(batch, batch_generator(self.seed, epoch, number, position))
            yield self._finished(batch, weight, self.partial == "pad", indices)

    def evaluation(self) -> Iterator[Fields]:
        """In the order of the data; the last batch (of each bucket) is filled up with examples of weight 0."""
        for indices, weight in self._cut(np.arange(self.examples), "pad"):
            batch = self._rows(indices)
            for transform in self.plan.transforms:
                batch = transform.apply_eval(batch)
            yield self._finished(batch, weight, True, indices)

    def _epoch(self, epoch: int) -> Iterable[Part]:
        """The batches of an epoch in their order; with `shuffle` those of buckets are mixed as well."""
        parts = self._cut(epoch_order(self.seed, epoch, self.examples, self.shuffle), self.partial)
        if self._buckets is None or self.shuffle is None:
            return parts
        found = list(parts)
        return (found[index] for index in mix_batches(self.seed, epoch, len(found)).tolist())

    def _cut(self, order: Array, partial: Partial) -> Iterable[Part]:
        """Indices of each batch, and the weights of its examples; None for data that are one whole."""
        size = self.plan.batch
        if size is None:
            return [(None, None)]
        return batches(order, size, partial) if self._buckets is None else bucket_batches(order, self._buckets, size, partial)

    @cached_property
    def _bounds(self) -> tuple[int, ...]:
        """The lengths at which the plan groups sequences."""
        return next((t.bounds for t in self.plan.transforms if isinstance(t, BucketByLength)), ())

    @cached_property
    def _buckets(self) -> Array | None:
        """The bucket of each example, where batches hold examples of one bucket."""
        return np.searchsorted(self._bounds, self.arrays[LENGTH]) if self._bounds else None

    def _rows(self, indices: Array | None) -> dict[str, Any]:
        """The examples with these indices; all where there are no batches."""
        if indices is None:
            return dict(self.arrays)
        return {name: rows_of(values, indices) for name, values in self.arrays.items()}

    def _finished(self, batch: dict[str, Any], weight: Array | None, weighed: bool, indices: Array | None) -> Fields:
        """A batch as arrays, `weighed` with what its examples count."""
        made = require_weights(collate(batch, self._bounds, self.plan.longest), self.plan.weights, indices)
        return _add_weights(made, weight) if weight is not None and weighed else made


def _add_weights(batch: Fields, weight: Array) -> Fields:
    """A batch whose examples count so much."""
    return {**batch, EXAMPLE_WEIGHTS: weight.astype(np.float32)}


@dataclass(frozen=True)
class BatchFeed:
    """Batches made elsewhere, used as they are; each epoch starts the iterable again, and so does each evaluation.

    Arrays are copied, since JAX may share their memory and the iterable may use it for its next batch.
    """

    source: Iterable[Mapping[str, Any]]
    plan: DataPlan
    learned: Knowledge = field(default_factory=dict)
    precision: Precision = FULL

    @property
    def steps_per_epoch(self) -> int | None:
        return len(self.source) if isinstance(self.source, Sized) else None

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        """The batches from one on; an iterable of Python knows no epochs."""
        return (self._copied(check_fields(batch, self.plan.fields, self.precision)) for batch in islice(iter(self.source), start, None))

    def _copied(self, batch: dict[str, Any]) -> Fields:
        """Lists of sequences are padded as those of a chain."""
        lists = {name: array if isinstance(array, np.ndarray) else rows_of(array, np.arange(len(array))) for name, array in batch.items()}
        made = {name: np.array(array) for name, array in collate(lists, longest=self.plan.longest).items()}
        return require_weights(made, self.plan.weights, None)

    def evaluation(self) -> Iterator[Fields]:
        """A batch of another size than the first is filled up or costs another compilation; batches get a weight either way."""
        size = 0
        for batch in self.training(0):
            count = len(next(iter(batch.values())))
            size = max(size, count)
            yield _pad_batch(_add_weights(batch, np.ones(count, np.float32)), size - count)


def _pad_batch(batch: Fields, missing: int) -> Fields:
    """The batch with copies of its first example at weight 0 appended."""
    if not missing:
        return batch
    more = {name: np.concatenate([a, np.repeat(a[:1], missing, axis=0)]) for name, a in batch.items()}
    return {**more, EXAMPLE_WEIGHTS: np.concatenate([batch[EXAMPLE_WEIGHTS], np.zeros(missing, np.float32)])}


def feed_of(
    data: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    plan: DataPlan,
    seed: int,
    known: Knowledge | None = None,
    precision: Precision = FULL,
) -> Feed:
    """A dict of arrays (fields as the dataset has them, before the plan's transforms), or an iterable of batches (after them).

    `known` is what the chain of training has learned.
    """
    if isinstance(data, Mapping):
        handed = check_fields(cast(Mapping[str, Any], data), plan.dataset.batch_types(), precision)
        table, learned = apply_whole(handed, plan, None, known or {})
        require_some_weight(table, plan)
        return ArrayFeed(table, plan, seed, learned, handed)
    if not isinstance(data, Iterable):
        expected = "a dict of arrays by field, or an iterable of such dicts"
        raise SpecError([ArrayMismatch(field="data", expected=expected, found=f"a value of {type(data).__name__}")])
    if isinstance(data, Sized) and len(data) == 0:
        raise SpecError([NO_BATCHES])
    return BatchFeed(data, plan, precision=precision)


NO_BATCHES = ArrayMismatch(field="data", expected="a dict of arrays by field, or an iterable of batches", found="one of no batches")


def feed_from(folder: Path | None, plan: DataPlan, seed: int, known: Knowledge | None = None, loaded: Loaded | None = None) -> ArrayFeed:
    """The plan's own dataset, read from the data folder unless it is `loaded` already. Raises `Mistake` or `SpecError` for files that are
    not as they should be."""
    loaded = loaded or load_from(folder, plan, known, seed)
    table, learned = prepare_part(loaded, plan, folder, known or {}, seed)
    require_some_weight(table, plan)
    return ArrayFeed(table, plan, seed, learned)


def load_from(folder: Path | None, plan: DataPlan, known: Knowledge | None, seed: int) -> Loaded:
    """All examples of the plan's dataset."""
    if folder is not None:
        refuse_device(folder)
    return load_dataset(plan, folder, known or {}, seed)
