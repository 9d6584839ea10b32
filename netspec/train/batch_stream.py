"""Streams training batches without end from any position, and sends them to the device ahead of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import NoMoreBatches
from netspec.lazy import jax
from netspec.limits import LIMITS
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
    """A batch on the device."""

    batch: Any
    after: Position
    """The position once this batch has been learned from."""
    examples: int


def stream(
    feed: Feed,
    start: Position,
    total: int,
    axes: int = 1,
    send: Callable[[Any], Any] = jax.device_put,
    depth: int = LIMITS.prefetched_batches,
) -> Prefetched[tuple[Fields, Position], Fed]:
    """The batches of the steps after `start` up to `total`, `depth` of them ahead on the device; the first `axes` axes of their arrays
    count examples. `send` brings arrays to the device."""
    return Prefetched(islice(_repeat_epochs(feed, start), max(total - start.step, 0)), lambda item: _send(item, axes, send), depth)


def _repeat_epochs(feed: Feed, start: Position) -> Iterator[tuple[Fields, Position]]:
    """Batches without end, each with the position behind it."""
    step, epoch, first = start.step, start.epoch, start.batch
    while True:
        number = first
        for number, batch in enumerate(feed.training(epoch, first), first + 1):
            step += 1
            yield batch, _advance(step, epoch, number, feed.steps_per_epoch)
        if number == first == 0:
            raise Mistake(NoMoreBatches(step=step))
        epoch, first = epoch + 1, 0


def _advance(step: int, epoch: int, batch: int, steps_per_epoch: int | None) -> Position:
    """The position behind a batch; behind the last one of an epoch the next begins."""
    return Position(step, epoch + 1, 0) if batch == steps_per_epoch else Position(step, epoch, batch)


def _send(item: tuple[Fields, Position], axes: int, send: Callable[[Any], Any]) -> Fed:
    """Sends a batch to the device."""
    batch, after = item
    examples = prod(next(iter(batch.values())).shape[:axes])
    return Fed(send(batch), after, examples)
