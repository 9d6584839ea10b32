"""Looks at files again whenever one of them has changed. Floor 6."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from netspec.cli.lock_files import SUFFIX, lock_path
from netspec.cli.spec_paths import SPEC_SUFFIXES, spec_paths
from netspec.cli.terminal import tell, wants_color, write_text
from netspec.diagnostics.base import Mistake
from netspec.files import read_start
from netspec.limits import LIMITS

PAUSE = 0.3
"""Seconds between two looks at the times of the files: nobody notices them, and a look at a thousand files takes some milliseconds."""
_QUOTED = re.compile(rb'"([^"\\\n]{1,300}\.(?:net|netspec|json))"')
T = TypeVar("T")
State = dict[str, tuple[int, int]]
"""The time in nanoseconds and the size of each file."""


class Standing(Generic[T]):
    """What files of settings ask for, read again when one of them has changed."""

    def __init__(self, places: Sequence[str], read: Callable[[], T], asked: T) -> None:
        self.places, self._ask, self._asked = places, read, asked
        self._seen = state_of([], places)
        self.mistake: Mistake | None = None
        """Of what they say now; until it is mended what they said before holds."""

    def read(self) -> T:
        """What they ask for, or asked for before the mistake."""
        if (now := state_of([], self.places)) != self._seen:
            self._seen = now
            try:
                self._asked, self.mistake = self._ask(), None
            except Mistake as mistake:
                self.mistake = mistake
        return self._asked


def watch(find: Callable[[], Sequence[str]], look: Callable[[], int], pause: float = PAUSE, also: Sequence[str] = ()) -> int:
    """Looks, and again after each change of what is found or of files besides, until Ctrl-C; the exit code of the last look."""
    code, seen = 0, None
    try:
        while True:
            now = state_of(find(), also)
            if now != seen:
                seen = now
                if wants_color(sys.stdout):
                    write_text("\n" * 2)
                code = look()
                tell(f"{time.strftime('%H:%M:%S')}  watching {len(now):,} file{'' if len(now) == 1 else 's'}; Ctrl-C ends")
            time.sleep(pause)
    except KeyboardInterrupt:
        return code


def state_of(files: Sequence[str], also: Sequence[str] = ()) -> State:
    """When the specs were changed that a check looks at, their locks, those beside them and what they import, however far; and files that
    are watched besides."""
    found = {os.path.normpath(path): state for path in also if (state := _look_at(path))}
    named = list(spec_paths(files))
    waiting = [*named, *(lock_path(each) for each in named), *(beside for each in named for beside in specs_beside(each))]
    while waiting:
        path = waiting.pop()
        if (known_as := os.path.normpath(path)) in found or not (state := _look_at(path)):
            continue
        found[known_as] = state
        waiting += specs_named_in(path, *state)
    return found


def _look_at(path: str) -> tuple[int, int] | None:
    """The time and size of a file that is there."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=10_000)
def specs_named_in(path: str, time_of_change: int, size: int) -> tuple[str, ...]:
    """The files whose paths stand in a spec, as those of its imports do; read again when the spec has changed."""
    try:
        content = b"" if path.endswith(SUFFIX) else read_start(path, LIMITS.file_bytes)
    except Mistake:
        return ()
    folder = os.path.dirname(path)
    return tuple(os.path.normpath(os.path.join(folder, os.fsdecode(name))) for name in _QUOTED.findall(content))


def specs_beside(path: str) -> list[str]:
    """The specs in the folder of a file."""
    folder = os.path.dirname(path) or "."
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(SPEC_SUFFIXES)]
    except OSError:
        return []
