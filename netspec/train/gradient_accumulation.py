"""Puts several batches together to make one step: `accumulate = 4`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import EpochShorterThanStep
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.objective import EXAMPLE_WEIGHTS
from netspec.train.data_preparation import Knowledge
from netspec.train.feed import Feed, Fields


@dataclass(frozen=True)
class Grouped:
    """A feed whose training batches are `count` of another's, along a first axis of their own. What is left of an epoch is dropped."""

    feed: Feed
    count: int

    @property
    def learned(self) -> Knowledge:
        return self.feed.learned

    @property
    def steps_per_epoch(self) -> int | None:
        """Raises `Mistake` when an epoch has less batches than a step."""
        batches = self.feed.steps_per_epoch
        if batches is not None and batches < self.count:
            raise Mistake(EpochShorterThanStep(batches=batches, accumulate=self.count))
        return None if batches is None else batches // self.count

    @property
    def constant(self) -> bool:
        """One step of several batches is never taken for one of a single batch."""
        return False

    def training(self, epoch: int, start: int = 0) -> Iterator[Fields]:
        """Whole groups only: a step with fewer batches would be another one."""
        batches = self.feed.training(epoch, start * self.count)
        while len(group := list(islice(batches, self.count))) == self.count:
            yield stack_batches(group)

    def evaluation(self) -> Iterator[Fields]:
        return self.feed.evaluation()


def group_batches(feed: Feed, count: int) -> Feed:
    """The feed of a training whose steps take `count` batches each."""
    return feed if count == 1 else Grouped(feed, count)


def stack_batches(batches: Sequence[Fields]) -> Fields:
    """The batches along a new first axis. Shorter sequences are padded with 0, missing examples with copies of weight 0."""
    sizes = [len(next(iter(batch.values()))) for batch in batches]
    if len(set(sizes)) > 1 or len({EXAMPLE_WEIGHTS in batch for batch in batches}) > 1:
        batches = [fill_batch(batch, max(sizes)) for batch in batches]
    return {name: np.stack(pad_to_one_shape([batch[name] for batch in batches])) for name in batches[0]}


def fill_batch(batch: Fields, size: int) -> Fields:
    """The batch with a weight for each example, and copies of the first one at weight 0 up to a size."""
    count = len(next(iter(batch.values())))
    weight = batch.get(EXAMPLE_WEIGHTS, np.ones(count, np.float32))
    full = {name: np.concatenate([array, np.repeat(array[:1], size - count, axis=0)]) for name, array in batch.items()}
    return {**full, EXAMPLE_WEIGHTS: np.concatenate([weight, np.zeros(size - count, np.float32)])}


def pad_to_one_shape(arrays: Sequence[Array]) -> list[Array]:
    """Arrays of equal shape, padded with 0 behind their ends where they were not."""
    largest = [max(sizes) for sizes in zip(*(array.shape for array in arrays), strict=True)]
    missing = [[(0, size - own) for size, own in zip(largest, array.shape, strict=True)] for array in arrays]
    return [np.pad(array, pads) if any(map(any, pads)) else array for array, pads in zip(arrays, missing, strict=True)]
