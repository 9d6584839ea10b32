"""Makes the next batches, and sends them to the device, while the present one is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

from netspec.limits import LIMITS

Made = TypeVar("Made")
Ready = TypeVar("Ready")
_END = object()


def prefetch(
    source: Iterator[Made], prepare: Callable[[Made], Ready], depth: int = LIMITS.prefetched_batches
) -> Generator[Ready, None, None]:
    """`prepare(item)` for each item of the source, in order, computed in one background thread up to `depth` items ahead.

    An error of the source or of `prepare` is raised here, after the items before it. Closing the iterator ends the thread.
    """

    def pull() -> Ready | object:
        item = next(source, _END)
        return item if item is _END else prepare(cast(Made, item))

    waiting: deque[Future[Ready | object]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="netspec-feed") as thread:
        try:
            waiting.extend(thread.submit(pull) for _ in range(depth))
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(thread.submit(pull))
                yield cast(Ready, item)
        finally:
            for future in waiting:
                future.cancel()
