"""Makes batches of arrays in memory, or takes them from an iterable. What an epoch of arrays holds depends on (seed, epoch) only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

from netspec.diagnostics.running.weights import ArrayMismatch
from netspec.diagnostics.spec_error import SpecError
from netspec.files import refuse_device
from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import LENGTH, Table, is_decoded, number_records, rows_of
from netspec.library.data.datasets.mix import SOURCE
from netspec.library.data.example_order import (
    Order,
    batch_count,
    batches,
    bucket_batches,
    bucket_count,
    mix_batches,
    mix_order,
    repeat_order,
)
from netspec.library.data.transforms.kept import Repeat
from netspec.library.data.transforms.sequences import BucketByLength
from netspec.library.data.transforms.steps import Batch, Partial, Shuffle
from netspec.limits import LIMITS
from netspec.lower.objective import EXAMPLE_WEIGHTS
from netspec.lower.precision import FULL, Precision
from netspec.train.chain_steps import Job, Steps, make_job
from netspec.train.collation import collate
from netspec.train.data_preparation import Knowledge, Loaded, apply_whole, load_dataset, prepare_part
from netspec.train.example_weights import require_some_weight, require_weights
from netspec.train.field_checks import check_fields
from netspec.train.workers import Workers

Fields = dict[str, Array]
"""One batch: arrays by field, their leading axis counting examples, and besides how much each counts, where some only fill the batch up."""
Part: TypeAlias = tuple[Array | None, Array | None]
"""Places in the order of a batch's examples, and their weights."""


@dataclass(frozen=True, eq=False)
class Visit:
    """Which examples make a batch, and when."""

    indices: Array | None
    """i64[n + further ones that those are changed by]; None: all, for data that are one whole."""
    weight: Array | None
    """f32[n]: how much each counts; None where nothing is cut into batches."""
    epochs: Array | None = None
    """i64[n + further ones]: how often each was seen before; None in an evaluation."""


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

    @property
    def constant(self) -> bool:
        """Whether every epoch is the same single batch."""
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
    workers: Workers | None = None
    """The processes that decode what must be decoded; None: that is done here."""

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
        order = self._order(0).indices if buckets is not None or self._times > 1 else None
        if buckets is not None and order is not None:
            return bucket_count(buckets[order], size, self.partial)
        return batch_count(self.examples if order is None else len(order), size, self.partial)

    @property
    def partial(self) -> Partial:
        """What happens to the examples that do not fill a batch."""
        found: list[Partial] = [t.partial for t in self.plan.transforms if isinstance(t, Batch)]
        return found[0] if found else "drop"

    @property
    def constant(self) -> bool:
        """Nothing is drawn, neither which examples a batch has, nor in which order, nor what becomes of them."""
        drawn = self.shuffle is not None or self.plan.dataset.mixture() is not None
        return not drawn and self.steps_per_epoch == 1 and not any(t.random for t in self.plan.transforms)

    @property
    def shuffle(self) -> Shuffle | None:
        return next((t for t in self.plan.transforms if isinstance(t, Shuffle)), None)

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        """The batches of an epoch from one on. What an example is depends on (seed, epoch, its index) alone, so that a resumed run sees the
        same, and so does one with other batches."""
        order, parts = self._epoch(epoch)
        return self._made((self._visit(order, part) for part in islice(parts, start, None)), self.partial == "pad")

    def evaluation(self) -> Iterator[Fields]:
        """In the order of the data; the last batch (of each bucket) is filled up with examples of weight 0."""
        parts = self._cut(np.arange(self.examples), "pad")
        return self._made((Visit(places, weight) for places, weight in parts), True)

    def _made(self, visits: Iterator[Visit], weighed: bool) -> Iterator[Fields]:
        """A batch of each visit. Worker processes are asked for some ahead."""
        ahead = 0 if self._number is None else LIMITS.prefetched_batches
        waiting: deque[tuple[Visit, Callable[[], dict[str, Any]]]] = deque()
        for visit in visits:
            waiting.append((visit, self._ask(visit)))
            if len(waiting) > ahead:
                yield self._finished(*waiting.popleft(), weighed)
        while waiting:
            yield self._finished(*waiting.popleft(), weighed)

    def _ask(self, visit: Visit) -> Callable[[], dict[str, Any]]:
        """What gives the examples of a visit behind the transforms of single examples: worker processes, where there are any."""
        job, indices, epochs = self._job[0], visit.indices, visit.epochs
        if indices is None:
            return lambda: job.behind.change(dict(self.arrays), None, epochs)
        given = {name: rows_of(values, indices) for name, values in self.arrays.items() if name not in job.columns}
        if self._number is None or self.workers is None:
            return lambda: job.run(given, indices, epochs)
        return self.workers.ask(self._number, given, indices, epochs).result

    @cached_property
    def _job(self) -> tuple[Job, Steps]:
        """What makes single examples, and the transforms behind it that need others."""
        columns = {name: values for name, values in self.arrays.items() if is_decoded(values)}
        return make_job(columns, tuple(self.arrays), self.plan.transforms, self.seed)

    @cached_property
    def _number(self) -> int | None:
        """The job's number among those of the worker processes; None where there is nothing to decode, or nobody else to do it."""
        return self.workers.add(self._job[0]) if self.workers is not None and self._job[0].columns else None

    def _visit(self, order: Order, part: Part) -> Visit:
        """A batch of training: its places in the order, and so many more behind them as its transforms look ahead."""
        places, weight = part
        if places is None or weight is None:
            return Visit(None, None, order.epochs[:1])
        ahead = sum(t.successors for t in self.plan.transforms)
        if ahead:
            real = places[: np.count_nonzero(weight)]
            behind = (real[-1] + 1 + np.arange(len(places) - len(real) + ahead)) % len(order.indices)
            places = np.concatenate([real, behind])
        return Visit(order.indices[places], weight, order.epochs[places])

    def _epoch(self, epoch: int) -> tuple[Order, Iterable[Part]]:
        """The order of the examples in an epoch, and the places in it of each batch; with `shuffle` those of buckets are mixed too."""
        order = self._order(epoch)
        parts = self._cut(order.indices, self.partial)
        if self._buckets is None or self.shuffle is None:
            return order, parts
        found = list(parts)
        return order, (found[index] for index in mix_batches(self.seed, epoch, len(found)).tolist())

    def _order(self, epoch: int) -> Order:
        """Which examples an epoch has, one after another, and how often each was seen before."""
        weights = self.plan.dataset.mixture()
        if weights is None:
            return repeat_order(self.seed, epoch, self.examples, self.shuffle, self._times)
        return mix_order(self.seed, epoch, np.asarray(self.arrays[SOURCE]), weights, self.shuffle, self._times)

    @property
    def _times(self) -> int:
        """How often an epoch goes through the data."""
        return prod(t.times for t in self.plan.transforms if isinstance(t, Repeat))

    def _cut(self, order: Array, partial: Partial) -> Iterable[Part]:
        """The places in the order of each batch, and the weights of its examples; None for data that are one whole."""
        size, places = self.plan.batch, np.arange(len(order))
        if size is None:
            return [(None, None)]
        return batches(places, size, partial) if self._buckets is None else bucket_batches(places, self._buckets[order], size, partial)

    @cached_property
    def _bounds(self) -> tuple[int, ...]:
        """The lengths at which the plan groups sequences."""
        return next((t.bounds for t in self.plan.transforms if isinstance(t, BucketByLength)), ())

    @cached_property
    def _buckets(self) -> Array | None:
        """The bucket of each example, where batches hold examples of one bucket."""
        return np.searchsorted(self._bounds, self.arrays[LENGTH]) if self._bounds else None

    def _finished(self, visit: Visit, single: Callable[[], dict[str, Any]], weighed: bool) -> Fields:
        """A batch as arrays, `weighed` with what its examples count."""
        batch = self._job[1].change(single(), visit.indices, visit.epochs)
        with number_records(self.arrays):
            made = require_weights(collate(batch, self._bounds, self.plan.longest), self.plan.weights, visit.indices)
        return _add_weights(made, visit.weight) if visit.weight is not None and weighed else made


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
    constant: bool = field(default=False, init=False)

    @property
    def steps_per_epoch(self) -> int | None:
        return len(self.source) if isinstance(self.source, Sized) else None

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        """The batches from one on; an iterable of Python knows no epochs."""
        return (self._copied(check_fields(batch, self.plan.fields, self.precision)) for batch in islice(iter(self.source), start, None))

    def _copied(self, batch: Table) -> Fields:
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


def with_workers(feed: Feed, workers: Workers | None) -> Feed:
    """The feed with processes that decode its examples, where it has any to be decoded."""
    return replace(feed, workers=workers) if isinstance(feed, ArrayFeed) else feed


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
        with number_records(table):
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
    with number_records(table):
        require_some_weight(table, plan)
    return ArrayFeed(table, plan, seed, learned)


def load_from(folder: Path | None, plan: DataPlan, known: Knowledge | None, seed: int) -> Loaded:
    """All examples of the plan's dataset."""
    if folder is not None:
        refuse_device(folder)
    return load_dataset(plan, folder, known or {}, seed)
