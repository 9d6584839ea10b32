"""Runs checks in a process of their own, whose memory and processor time the system limits. Floor 6.

The process is a copy of this one (`fork`), so it starts in a few milliseconds, and one checks all files as long as it lives. Where the
system has no such limits, the files are checked in this process, by netspec's own look at the clock.
"""

from __future__ import annotations

import errno
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import BinaryIO

from netspec.cli.guard import note_file
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.limits import MemoryLimit, TimeLimit
from netspec.files import read_start, write_all
from netspec.limits import LIMITS
from netspec.source import Source, Span

Check = Callable[[str], Sequence[Diagnostic]]
Found = list[Diagnostic]


def check_isolated(paths: Sequence[str], check: Check) -> Iterator[Found]:
    """The problems of each file. A check that dies costs only its own file: the next ones go to a new process."""
    if not limits_exist():
        yield from (list(check(path)) for path in paths)
        return
    left = list(paths)
    while left:
        for found in _check_in_child(left, check):
            yield found
            left = left[1:]


def limits_exist() -> bool:
    """Whether the system has processes whose memory and time can be limited."""
    return hasattr(os, "fork") and find_spec("resource") is not None


def _check_in_child(paths: Sequence[str], check: Check) -> Iterator[Found]:
    """The problems of the files up to the first whose check kills the process, that one included."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(paths, check, writing)
    os.close(writing)
    done = 0
    try:
        with os.fdopen(reading, "rb") as answers:
            for answer in _read_answers(answers):
                if isinstance(answer, BaseException):
                    raise answer
                done += 1
                yield answer
    finally:
        status = os.waitpid(child, 0)[1]
    if done < len(paths):
        yield [_explain_death(paths[done], os.waitstatus_to_exitcode(status))]


def _read_answers(pipe: BinaryIO) -> Iterator[Found | BaseException]:
    """What the child has sent, until it ends, in the middle of an answer or behind one."""
    while True:
        try:
            yield pickle.load(pipe)
        except (EOFError, pickle.UnpicklingError):
            return


def _child(paths: Sequence[str], check: Check, pipe: int) -> None:
    """Check the files one by one and send what is found. Never returns."""
    import resource

    try:
        most = _count_held() + LIMITS.untrusted_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        for path in paths:
            used = resource.getrusage(resource.RUSAGE_SELF)
            seconds = int(used.ru_utime + used.ru_stime + LIMITS.untrusted_seconds) + LIMITS.untrusted_grace_seconds
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
            write_all(pipe, _answer(path, check))
    finally:
        os._exit(0)


def _count_held() -> int:
    """Bytes of the address space that this process has, as far as the system says; a command of its own has a few, a process that has
    loaded JAX more than a check may take."""
    import resource

    try:
        return int(read_start("/proc/self/statm", 64).split()[0]) * resource.getpagesize()
    except (Mistake, ValueError, IndexError):
        return 0


def _answer(path: str, check: Check) -> bytes:
    """The problems of one file as the child sends them; an error of netspec's own, that they cannot be sent among them, becomes one that
    can."""
    try:
        return pickle.dumps(list(check(path)), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps([memory_limit(path)])
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return pickle.dumps([memory_limit(path)])
        import traceback

        bug = RuntimeError(f"{type(error).__name__}: {error}")
        bug.add_note(traceback.format_exc())
        note_file(bug, path)
        return pickle.dumps(bug)


def _explain_death(path: str, code: int) -> Diagnostic:
    """Why the process ended: a negative code is the signal that ended it. Raises RuntimeError where no limit explains it."""
    if -code == signal.SIGXCPU:
        return TimeLimit(
            at=Span(Source(path, ""), 0, 0), seconds=LIMITS.untrusted_seconds, doing="doing something that does not look at the clock"
        )
    if -code == signal.SIGKILL or code == 0:  # 0: there was not even memory for the answer
        return memory_limit(path)
    raise RuntimeError(f"the process that checked {path} ended with {code}")


def memory_limit(path: str) -> MemoryLimit:
    """The problem of a check that needs more memory than it may have."""
    return MemoryLimit(at=Span(Source(path, ""), 0, 0), limit=f"{LIMITS.untrusted_bytes >> 30} GiB")
