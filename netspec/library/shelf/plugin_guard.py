"""Keeps what a plugin's code does from ending netspec: it may not leave the process, nor say that somebody pressed Ctrl-C. Floor 1.

`sys.exit(0)` in a plugin would end `netspec check` with success and not a word, and `os._exit(0)` without even unwinding. Both are faults
of the plugin, as is whatever else it raises.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class LeftProcess(BaseException):
    """Code asked the system to end the process here and now, with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"it called `os._exit({status})`")
        self.status = status


class Signals:
    """Whether the system has sent one that ends the process, such as Ctrl-C."""

    def __init__(self) -> None:
        self.arrived = False

    def sent(self, error: BaseException) -> bool:
        """Whether an exception that passes through a plugin is not its own: a signal can arrive wherever the code is."""
        return isinstance(error, GeneratorExit) or (self.arrived and not isinstance(error, Exception))


@contextmanager
def stay() -> Iterator[Signals]:
    """Inside, code of this process cannot end it without unwinding; gives what is known of signals."""
    signals = Signals()
    with _refuse_exit(), _notice(signal.SIGINT, signals), _notice(signal.SIGTERM, signals):
        yield signals


@contextmanager
def _refuse_exit() -> Iterator[None]:
    """`os._exit` raises here; in a process that a plugin starts for itself it does what it always does."""
    real, owner = os._exit, os.getpid()

    def leave(status: int = 0) -> Any:
        if os.getpid() != owner:
            real(status)
        raise LeftProcess(status)

    leave.real = getattr(real, "real", real)  # type: ignore[attr-defined]
    os._exit = leave  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = real


def leave_process(status: int) -> None:
    """Ends the process here and now: netspec may, also where code of plugins may not, and where nobody could catch an exception."""
    getattr(os._exit, "real", os._exit)(status)


@contextmanager
def _notice(number: int, signals: Signals) -> Iterator[None]:
    """Notes a signal, then handles it as before. Outside the main thread none arrives."""
    before = signal.getsignal(number)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return

    def note(number: int, frame: FrameType | None) -> Any:
        signals.arrived = True
        return before(number, frame)

    signal.signal(number, note)
    try:
        yield
    finally:
        if signal.getsignal(number) is note:
            signal.signal(number, before)
