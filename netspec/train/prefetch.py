"""Makes the next batches, and sends them to the device, while the present one is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar, cast

from netspec.limits import LIMITS

Made = TypeVar("Made")
Ready = TypeVar("Ready")
_END = object()


class Prefetched(Iterator[Ready], Generic[Made, Ready]):
    """`prepare(item)` for each item of the source, in order, computed in one background thread up to `depth` items ahead.

    With depth 0 nothing is ahead: each item is made where it is asked for. An error of the source or of `prepare` is raised here, after the
    items before it. Closing ends the thread.
    """

    def __init__(self, source: Iterator[Made], prepare: Callable[[Made], Ready], depth: int = LIMITS.prefetched_batches) -> None:
        self._source, self._prepare = source, prepare
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="netspec-feed") if depth else None
        self._waiting: deque[Future[Ready | object]] = deque()
        for _ in range(depth):
            self._submit()

    @property
    def ready(self) -> bool:
        """Is the next item made already?"""
        return bool(self._waiting) and self._waiting[0].done()

    def __next__(self) -> Ready:
        try:
            item = self._waiting.popleft().result() if self._thread else self._pull()
        except BaseException:
            self.close()
            raise
        if item is _END:
            self.close()
            raise StopIteration
        self._submit()
        return cast(Ready, item)

    def _submit(self) -> None:
        """Has a further item made."""
        if self._thread:
            self._waiting.append(self._thread.submit(self._pull))

    def _pull(self) -> Ready | object:
        """The next item of the source, prepared."""
        item = next(self._source, _END)
        return item if item is _END else self._prepare(cast(Made, item))

    def close(self) -> None:
        """Ends the thread once the item that it is at is made, and the source."""
        for future in self._waiting:
            future.cancel()
        self._waiting.clear()
        if self._thread:
            self._thread.shutdown()
            self._thread = None
        self._source = iter(())
