"""Streams training batches without end from any position, and sends them to the device ahead of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import NoMoreBatches
from netspec.lazy import jax, np
from netspec.limits import LIMITS
from netspec.lower.several_steps import AT_ONCE
from netspec.train.feed import Feed, Fields
from netspec.train.prefetch import Prefetched


@dataclass(frozen=True)
class Position:
    """How far a run is: finished updates, and the batch that comes next."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    """Within the epoch, from 0."""


@dataclass(frozen=True)
class Fed:
    """A batch on the device, or those of several steps."""

    batch: Any
    after: Position
    """The position once this has been learned from."""
    examples: int
    """Of all steps together."""
    steps: int = 1
    stacked: bool = False
    """The batches stand along a first axis, the first `steps` of it; else every step has the same batch."""

    @property
    def last(self) -> Any:
        """The batch of the last step."""
        return {name: x[self.steps - 1] for name, x in self.batch.items()} if self.stacked else self.batch


def stream(
    feed: Feed,
    start: Position,
    total: int,
    axes: int = 1,
    send: Callable[[Any], Any] = jax.device_put,
    depth: int = LIMITS.prefetched_batches,
    ends: Callable[[int], int] | None = None,
) -> Prefetched[Any, Fed]:
    """The batches of the steps after `start` up to `total`, `depth` of them ahead on the device; the first `axes` axes of their arrays
    count examples. `send` brings arrays to the device. With `ends` those of several steps come together: behind a step as many as there are
    until the one that it says, as long as their shapes are the same."""
    batches = islice(_repeat_epochs(feed, start), max(total - start.step, 0))
    sender = _Sender(send, axes)
    if ends is None:
        return Prefetched(batches, sender.send_one, depth)
    if feed.constant:
        return Prefetched(_repeat_batch(feed, start, total, ends), sender.send_again, depth)
    return Prefetched(gather_steps(batches, start.step, ends), sender.send_stacked, depth)


def _repeat_batch(feed: Feed, start: Position, total: int, ends: Callable[[int], int]) -> Iterator[tuple[Fields, int, Position]]:
    """The one batch of a constant feed, for how many steps, and the position behind them: each of them is an epoch."""
    batch = next(feed.training(start.epoch))
    while start.step < total:
        count = min(ends(start.step), total) - start.step
        start = Position(start.step + count, start.epoch + count)
        yield batch, count, start


def _repeat_epochs(feed: Feed, start: Position) -> Iterator[tuple[Fields, Position]]:
    """Batches without end, each with the position behind it."""
    step, epoch, first = start.step, start.epoch, start.batch
    made = feed.training(epoch, first)
    known = list(made) if feed.constant else None
    while True:
        number = first
        for number, batch in enumerate(made if known is None else known, first + 1):
            step += 1
            yield batch, _advance(step, epoch, number, feed.steps_per_epoch)
        if number == first == 0:
            raise Mistake(NoMoreBatches(step=step))
        epoch, first = epoch + 1, 0
        made = feed.training(epoch) if known is None else made


def _advance(step: int, epoch: int, batch: int, steps_per_epoch: int | None) -> Position:
    """The position behind a batch; behind the last one of an epoch the next begins."""
    return Position(step, epoch + 1, 0) if batch == steps_per_epoch else Position(step, epoch, batch)


def gather_steps(
    source: Iterator[tuple[Fields, Position]], step: int, ends: Callable[[int], int]
) -> Iterator[tuple[list[Fields], Position]]:
    """The batches of several steps together, with the position behind them. Those before an error come first."""
    held, after, end = list[Fields](), Position(step), ends(step)
    failure: Exception | None = None
    while True:
        try:
            item = next(source, None)
        except Exception as error:  # raised again behind the batches before it
            item, failure = None, error
        if held and (item is None or not _are_alike(item[0], held[-1])):
            yield held, after
            held, end = [], ends(after.step)
        if failure is not None:
            raise failure
        if item is None:
            return
        held.append(item[0])
        after = item[1]
        if after.step == end:
            yield held, after
            held, end = [], ends(end)


def _are_alike(one: Fields, other: Fields) -> bool:
    """Have two batches the same fields, shapes and dtypes?"""
    return one is other or {n: (x.shape, x.dtype) for n, x in one.items()} == {n: (x.shape, x.dtype) for n, x in other.items()}


class _Sender:
    """Sends batches to the device; one that comes again is there already."""

    def __init__(self, send: Callable[[Any], Any], axes: int) -> None:
        self._send, self._axes = send, axes
        self._sent: tuple[Fields, Any] | None = None

    def send_one(self, item: tuple[Fields, Position]) -> Fed:
        batch, after = item
        return Fed(self._place(batch), after, self._count(batch))

    def send_again(self, item: tuple[Fields, int, Position]) -> Fed:
        """One batch for several steps."""
        batch, count, after = item
        return Fed(self._place(batch), after, count * self._count(batch), count)

    def send_stacked(self, item: tuple[list[Fields], Position]) -> Fed:
        """A batch for each of several steps, along a first axis that is always as long."""
        batches, after = item
        return Fed(self._send(stack_fields(batches)), after, sum(map(self._count, batches)), len(batches), True)

    def _place(self, batch: Fields) -> Any:
        if self._sent is None or self._sent[0] is not batch:
            self._sent = batch, self._send(batch)
        return self._sent[1]

    def _count(self, batch: Fields) -> int:
        return prod(next(iter(batch.values())).shape[: self._axes])


def stack_fields(batches: list[Fields]) -> Fields:
    """Batches along a first axis that is as long as there may be steps in one call; behind them stands 0."""
    found = {name: np.zeros((AT_ONCE, *x.shape), x.dtype) for name, x in batches[0].items()}
    for place, batch in enumerate(batches):
        for name, x in batch.items():
            found[name][place] = x
    return found
