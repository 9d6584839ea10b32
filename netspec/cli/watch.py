"""Looks at files again whenever one of them has changed. Floor 6."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

from netspec.cli.spec_paths import SPEC_SUFFIXES, spec_paths
from netspec.cli.terminal import tell, wants_color, write_text

PAUSE = 0.3
"""Seconds between two looks at the times of the files: nobody notices them, and a look at a thousand files takes some milliseconds."""
State = dict[str, tuple[int, int]]
"""The time in nanoseconds and the size of each file."""


def watch(files: Sequence[str], look: Callable[[], int], pause: float = PAUSE) -> int:
    """Looks, and again after each change, until Ctrl-C; the exit code of the last look."""
    code, seen = 0, None
    try:
        while True:
            now = state_of(files)
            if now != seen:
                seen = now
                if wants_color(sys.stdout):
                    write_text("\n" * 2)
                code = look()
                tell(f"{time.strftime('%H:%M:%S')}  watching {len(now):,} file{'' if len(now) == 1 else 's'}; Ctrl-C ends")
            time.sleep(pause)
    except KeyboardInterrupt:
        return code


def state_of(files: Sequence[str]) -> State:
    """When the specs were changed that a check looks at, and those beside them, which they may import."""
    found: State = {}
    named = list(spec_paths(files))
    for path in {*named, *(beside for each in named for beside in specs_beside(each))}:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


def specs_beside(path: str) -> list[str]:
    """The specs in the folder of a file."""
    folder = os.path.dirname(path) or "."
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(SPEC_SUFFIXES)]
    except OSError:
        return []
