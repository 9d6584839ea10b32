"""Turns SIGTERM and Ctrl-C into exceptions that end a command, and rings again where Python loses one. Floor 6.

Python runs a handler wherever the main thread happens to be. Inside a callback of the garbage collector or a finalizer nobody can catch
what is raised: Python says "Exception ignored in …" and goes on, so there the signal is sent once more, a moment later.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AGAIN = 0.02
"""Seconds until a signal that was lost is sent again."""


class Terminated(BaseException):
    """SIGTERM arrived. `train` has a handler of its own that saves first."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C was pressed."""


_ENDINGS: dict[int, type[BaseException]] = {signal.SIGTERM: Terminated, signal.SIGINT: Interrupted}
_STANDARD = (signal.SIG_DFL, signal.default_int_handler)
"""What handles the two signals where nobody else has asked for them."""


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raises `Terminated` and `Interrupted` inside, so that files are closed and locks given back; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in _ENDINGS if number == signal.SIGTERM or signal.getsignal(number) in _STANDARD]
    before = {number: signal.signal(number, _raise) for number in heard}
    try:
        with _ring_again():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> None:
    """Ends the command by an exception, so that it unwinds."""
    raise _ENDINGS[number]


@contextmanager
def _ring_again() -> Iterator[None]:
    """Sends a signal again whose exception Python could raise to nobody, until somebody is told."""
    before = sys.unraisablehook
    bells: list[threading.Timer] = []

    def notice(lost: Any) -> None:
        number = next((number for number, ending in _ENDINGS.items() if lost.exc_type is ending), None)
        if number is None:
            return before(lost)
        bells.append(threading.Timer(AGAIN, os.kill, (os.getpid(), number)))
        bells[-1].daemon = True
        bells[-1].start()

    sys.unraisablehook = notice
    try:
        yield
    finally:
        sys.unraisablehook = before
        for bell in bells:
            bell.cancel()
