"""A disk that takes nothing more, at every write of a training: `python -m tests.soak full_disks --whole`.

Calls of the system fail by number, one of all that a training makes into its folder; the limit of the kernel for the size of a file cuts a
write short before it refuses the next.
"""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.files import WriteFailed

CALLS = ("write", "fsync", "rename", "replace", "mkdir", "open")
"""What a full disk refuses: functions of `os`, of `open` those calls that make a file."""
LARGEST = 30_000
"""Bytes that a limit of the kernel lets a file have at most; a checkpoint's largest has a few thousand."""


@dataclass
class Report:
    """How trainings on full disks ended, and which ended as none should."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {end}" for end, count in sorted(self.ends.items())) + f"; {len(self.wrong)} wrong"


def run(count: int, seed: int) -> Report:
    """Trains on a disk that is full at one of its writes: the checkpoints before stay whole, the problem names path and step, and the run
    goes on to the bits of one that had room."""
    from tests.train.runs import killed_after, train

    report = Report()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        train(home / "whole")
        with killed_after(9):
            train(home / "base")
        for number in range(count):
            end, wrong = try_case(home, random.Random(f"{seed}:{number}"))
            report.ends[end] += 1
            report.wrong += [f"case {number}, seed {seed}: {wrong}"] if wrong else []
            shutil.rmtree(home / "run", ignore_errors=True)
    return report


def try_case(home: Path, rng: random.Random) -> tuple[str, str]:
    """How one training ended, and what was wrong with that."""
    from tests.train.runs import lines, steps, tensors, train

    run, begun = home / "run", rng.random() < 0.6
    if begun:
        shutil.copytree(home / "base", run)
    before = tensors(run) if begun else None
    done, disk = choose_disk(home, run, begun, rng)
    problem: Diagnostic | None = None
    try:
        with disk:
            train(run, resume=True)
    except Mistake as mistake:
        problem = mistake.diagnostic
    except Exception as error:
        return "crash", f"{done}: {type(error).__name__}: {error}"
    if problem is not None and (wrong := judge(problem, run)):
        return "badly told", f"{done}: {wrong}"
    if before is not None and problem is not None and 8 in steps(run) and steps(run)[-1] == 8 and tensors(run) != before:
        return "damage", f"{done}: the checkpoint before is another"
    if before is not None and not steps(run):
        return "loss", f"{done}: no checkpoint is left"
    train(run, resume=True)
    if (lines(run), tensors(run)) != (lines(home / "whole"), tensors(home / "whole")):
        return "difference", f"{done}: what goes on differs"
    return ("told" if problem else "nothing failed"), ""


def judge(problem: Diagnostic, run: Path) -> str:
    """What is wrong with what a person is told."""
    if not isinstance(problem, WriteFailed):
        return f"it is {problem.slug()}: {problem.message()}"
    inside = problem.path.startswith(str(run))
    return "" if inside and problem.step and problem.reason else f"it does not say path, step and reason: {problem.message()}"


def choose_disk(home: Path, run: Path, begun: bool, rng: random.Random) -> tuple[str, Any]:
    """A disk that is full at some moment, in words and as a context."""
    if rng.random() < 0.3:
        size = rng.randrange(LARGEST) if rng.random() < 0.5 else rng.randrange(LARGEST // 15)
        return f"no file over {size:,} bytes", small_files(size)
    name = rng.choice(CALLS)
    number = rng.randrange(count_calls(home, begun)[name])
    return f"call {number} of `os.{name}` into {'a run that goes on' if begun else 'a new run'}", failing(run, name, number)


_COUNTED: dict[bool, Counter[str]] = {}


def count_calls(home: Path, begun: bool) -> Counter[str]:
    """How often a training calls each, into a new folder or one that it goes on with."""
    from tests.train.runs import train

    if begun not in _COUNTED:
        run = home / "counted"
        if begun:
            shutil.copytree(home / "base", run)
        with failing(run, "", 0) as seen:
            train(run, resume=True)
        shutil.rmtree(run)
        _COUNTED[begun] = seen
    return _COUNTED[begun]


@contextmanager
def failing(run: Path, name: str, number: int) -> Iterator[Counter[str]]:
    """The call with this number of a function, counted in this folder alone, says that the disk is full, and so do all behind it."""
    seen: Counter[str] = Counter()

    def counting(call: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            if _is_inside(call, args, run):
                seen[call] += 1
                if call == name and seen[call] > number:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
            return original(*args, **named)

        return called

    with pytest.MonkeyPatch.context() as patch:
        for call in CALLS:
            patch.setattr(os, call, counting(call, getattr(os, call)))
        yield seen


def _is_inside(call: str, args: tuple[Any, ...], run: Path) -> bool:
    """Whether a call changes something in the folder."""
    if call in ("write", "fsync"):
        try:
            return os.readlink(f"/proc/self/fd/{args[0]}").startswith(str(run))
        except OSError:
            return False
    path = os.fsdecode(args[0]) if not isinstance(args[0], int) else ""
    makes = call != "open" or (len(args) > 1 and args[1] & os.O_CREAT)
    return bool(makes) and path.startswith(str(run))


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: a limit of the kernel, which is met as a full disk is.

    It holds for the whole process, for the file that pytest's own output may go to as well: so it stands for one training only.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
