"""Gives recursion the room that the limits of a spec ask for. Floor 0."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from netspec.limits import LIMITS


@contextmanager
def room_for_depth() -> Iterator[None]:
    """Inside, Python allows as many calls inside one another as a spec within the limits needs, a few times what it allows by itself."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, LIMITS.frames))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
