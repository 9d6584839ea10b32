"""Shares the files of a check among processes, which are copies of this one. Floor 6.

A process more costs a few milliseconds to begin and what its problems cost to be sent, so a few files are checked here. The answers come in
the order of the files, whoever found them. A file whose check fails there, or whose answer cannot be sent, is checked again here: what goes
wrong does so as in one process, with its place and whose code it was.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO

from netspec.diagnostics.base import Diagnostic

Check = Callable[[str], Sequence[Diagnostic]]
FILES_PER_JOB = 8
"""So many files pay for a process: a file of a hundred lines takes some 25 ms."""


def choose_jobs(files: int, asked: int | None) -> int:
    """How many processes look at so many files: as many as were asked for, else no more than there are processors and than pay."""
    if not hasattr(os, "fork") or files < 2:
        return 1
    if asked is not None:
        return min(asked, files)
    return max(1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, files // FILES_PER_JOB))


def check_shared(paths: Sequence[str], check: Check, jobs: int) -> Iterator[list[Diagnostic]]:
    """The problems of each file in their order. RuntimeError where a process ends without an answer."""
    import netspec.compile  # noqa: F401  before the copies are made, or each of them imports it

    with ExitStack() as open_ends:
        ends: list[BinaryIO] = []
        for part in range(jobs):
            reading, child = _start(paths[part::jobs], check, [end.fileno() for end in ends])
            open_ends.callback(os.waitpid, child, 0)
            ends.append(open_ends.enter_context(os.fdopen(reading, "rb")))
        for number, path in enumerate(paths):
            found = _receive(ends[number % jobs], path)
            yield list(check(path)) if found is None else found


def _start(paths: Sequence[str], check: Check, others: Sequence[int]) -> tuple[int, int]:
    """Begins a process that checks these files; where its answers can be read, and its number."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        for descriptor in (reading, *others):
            os.close(descriptor)
        _work(paths, check, writing)
    os.close(writing)
    return reading, child


def _work(paths: Sequence[str], check: Check, pipe: int) -> None:
    """Checks files and sends what is found, until the reader is gone. Never returns."""
    try:
        with os.fdopen(pipe, "wb") as answers:
            for path in paths:
                pickle.dump(_answer(path, check), answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
    finally:
        os._exit(0)


def _answer(path: str, check: Check) -> bytes:
    """The problems of a file as they are sent; nothing where that fails."""
    try:
        return pickle.dumps(list(check(path)), pickle.HIGHEST_PROTOCOL)
    except (Exception, SystemExit):
        return b""


def _receive(pipe: BinaryIO, path: str) -> list[Diagnostic] | None:
    """The answer about a file; None where there is none that can be read."""
    try:
        found = pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError):
        raise RuntimeError(f"the process that checked {path} ended without an answer") from None
    try:
        return pickle.loads(found) if found else None
    except Exception:  # whatever the classes of what was sent make of it
        return None
