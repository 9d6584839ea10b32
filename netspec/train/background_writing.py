"""Runs one write at a time in a thread of its own, so that training goes on while a checkpoint reaches the disk."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread


class Background:
    """The write that is on its way, if any. What it failed with is raised to whoever trains, by `raise_failure` or `finish`.

    Its thread is no daemon: a process that ends by itself ends behind the write.
    """

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._failure: BaseException | None = None

    def start(self, write: Callable[[], None]) -> None:
        """Begin a write, behind the one that is on its way. Raises what that one failed with, and begins nothing then."""
        self.finish()
        self._thread = Thread(target=self._run, args=(write,), name="checkpoint")
        self._thread.start()

    def wait(self) -> None:
        """Until no write is on its way. What it failed with is kept for `raise_failure`."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def raise_failure(self) -> None:
        """Raise what the last write failed with, once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def finish(self) -> None:
        """Wait for the write that is on its way. Raises what it failed with."""
        self.wait()
        self.raise_failure()

    def _run(self, write: Callable[[], None]) -> None:
        try:
            write()
        except BaseException as failure:  # carried to the thread that trains
            self._failure = failure
