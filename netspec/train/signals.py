"""Handles Ctrl-C and SIGTERM: the first asks the run to save and leave, the second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether the run was asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 without a signal."""
        return 128 + self.signal if self.signal is not None else 0

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """A signal arrived. The second one ends the process here and now; checkpoints are whole at any moment."""
        if self:
            os._exit(128 + number)
        self.signal = number


@contextmanager
def listen() -> Iterator[Stop]:
    """Signals are noted in the `Stop` that this gives. Outside the main thread, where Python cannot listen, it stays silent."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
