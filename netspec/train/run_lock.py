"""Locks a run folder for one process. The operating system takes the lock back when the process dies, however it dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunInUse
from netspec.diagnostics.running.files import WriteFailed

try:
    import fcntl
except ImportError:  # Windows: two processes on one folder are the user's own risk
    fcntl = None

NAME = ".lock"


@contextmanager
def hold_lock(run: Path) -> Iterator[None]:
    """Hold the run's lock. Raises `Mistake` with `RunInUse` when another process holds it; file systems without locks let everyone in."""
    try:
        descriptor = os.open(run / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise Mistake(WriteFailed(path=str(run / NAME), step="locking the run folder", reason=error.strerror or "")) from error
    try:
        _acquire(descriptor, run)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, run: Path) -> None:
    """Takes the lock at once or raises `Mistake`; a file system that knows none lets everyone in."""
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Mistake(RunInUse(run=str(run))) from None
    except OSError:
        return
