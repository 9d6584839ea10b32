"""Handles Ctrl-C and SIGTERM while a run is written: the first asks it to save and leave; the second is for whoever listened before."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from netspec.library.shelf.plugin_guard import leave_process

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether the run was asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.before: Any = {}
        """The handlers that it stands in for, by signal."""

    def __bool__(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 without a signal."""
        return 128 + self.signal if self.signal is not None else 0

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """A signal arrived. The second one is not waited with; checkpoints are whole at any moment."""
        if self:
            self.leave(number)
        self.signal = number

    def hears(self, number: int) -> bool:
        """Whether it listens to a signal: a command listens to each, also where it runs in the background."""
        return True

    def leave(self, number: int) -> None:
        """A signal arrived again: a command ends here and now."""
        leave_process(128 + number)


class PoliteStop(Stop):
    """The stop of a call from Python, whose process is not ours to end: signals go on to those who handled them before."""

    def hears(self, number: int) -> bool:
        """A signal that the process ignores stays ignored."""
        return signal.getsignal(number) is not signal.SIG_IGN

    def leave(self, number: int) -> None:
        """A signal arrived again: it does at once what it would do without us, Ctrl-C raises `KeyboardInterrupt`."""
        signal.signal(number, self.before[number])
        signal.raise_signal(number)

    def pass_on(self) -> None:
        """Now that all is saved and our handlers are gone, the signal does what it would have done."""
        if self.signal is not None:
            signal.raise_signal(self.signal)


@contextmanager
def listen(stop: Stop | None = None) -> Iterator[Stop]:
    """Signals are noted in the `Stop` that is given or made. Outside the main thread, where Python cannot listen, it stays silent."""
    stop = Stop() if stop is None else stop
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS if stop.hears(number)}
    stop.before = before
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
