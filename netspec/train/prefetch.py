"""Makes the next batches, and sends them to the device, while the present one is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, Generic, TypeVar, cast
from weakref import finalize

from netspec.limits import LIMITS

Made = TypeVar("Made")
Ready = TypeVar("Ready")
_END = object()


class Prefetched(Iterator[Ready], Generic[Made, Ready]):
    """`prepare(item)` for each item of the source, in order, computed in one background thread up to `depth` items ahead.

    With depth 0 nothing is ahead: each item is made where it is asked for. An error of the source or of `prepare` is raised here, after the
    items before it. Closing ends the thread. Two plain queues, one of requests and one of items, cost a third of an executor's futures,
    and this happens in every step.
    """

    def __init__(self, source: Iterator[Made], prepare: Callable[[Made], Ready], depth: int = LIMITS.prefetched_batches) -> None:
        self._pull: Callable[[], Ready | object] = partial(_pull, source, prepare)
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        """A request for each item; False: none follows."""
        self._made: SimpleQueue[tuple[Ready | object, BaseException | None]] = SimpleQueue()
        closed, queues = Event(), (self._wanted, self._made)
        self._end = finalize(self, _end, closed, self._wanted)
        self._thread = Thread(target=_run, args=(self._pull, *queues, closed), name="netspec-feed", daemon=True) if depth else None
        for _ in range(depth):
            self._wanted.put(True)
        if self._thread:
            self._thread.start()

    @property
    def ready(self) -> bool:
        """Is the next item made already?"""
        return not self._made.empty()

    def __next__(self) -> Ready:
        try:
            item = self._take() if self._thread else self._pull()
        except BaseException:
            self.close()
            raise
        if item is _END:
            self.close()
            raise StopIteration
        self._wanted.put(True)
        return cast(Ready, item)

    def _take(self) -> Ready | object:
        """The next item, or what it failed with."""
        item, failure = self._made.get()
        if failure is not None:
            raise failure
        return item

    def close(self) -> None:
        """Ends the thread once the item that it is at is made, and the source."""
        self._end()
        if self._thread:
            self._thread.join()
            self._thread = None
        self._pull = lambda: _END


def _run(pull: Callable[[], Any], wanted: SimpleQueue[bool], made: SimpleQueue[Any], closed: Event) -> None:
    """What the thread does: an item for each request, until the first that fails. It does not know who asks, who may be forgotten."""
    while wanted.get() and not closed.is_set():
        try:
            made.put((pull(), None))
        except BaseException as failure:  # carried to whoever asks for the item
            made.put((_END, failure))
            return


def _pull(source: Iterator[Made], prepare: Callable[[Made], Ready]) -> Ready | object:
    """The next item of the source, prepared."""
    item = next(source, _END)
    return item if item is _END else prepare(cast(Made, item))


def _end(closed: Event, wanted: SimpleQueue[bool]) -> None:
    """Has the thread end."""
    closed.set()
    wanted.put(False)
