"""What a test process holds: JAX's compiled programs are most of it, and are forgotten between modules and whenever they are many."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

GROWTH = 400.0
"""Megabytes that may be added before programs are forgotten within a module."""
STATM = Path("/proc/self/statm")

_after = 0.0
"""Megabytes that were held after the last `forget`."""


def held() -> float:
    """Megabytes that this process holds now; 0 where the system does not say."""
    return int(STATM.read_text("ascii").split()[1]) * resource.getpagesize() / 1e6 if STATM.exists() else 0.0


def peak() -> float:
    """The most megabytes that this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def grown() -> bool:
    """Has much been added since programs were forgotten?"""
    return held() - _after > GROWTH


def forget() -> None:
    """Drop what JAX has compiled, if it is awake, and give the memory back to the system; functions are compiled again when called."""
    global _after
    if jax := sys.modules.get("jax"):
        jax.clear_caches()
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
    _after = held()
