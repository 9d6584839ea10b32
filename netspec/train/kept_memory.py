"""Has the C library keep the memory that a step of training frees.

XLA's CPU asks for the buffers of a step and frees them behind it. The GNU C library gives large ones back to the kernel at once, which
fills them with zeros, page by page, when the next step asks again: 11,000 pages and 19 ms of the 47 that a step of a small convnet takes a
processor. The settings are the process's own: commands make them, before JAX starts its threads, and an import of netspec never does.

What the compiler has used does go back, behind each program: with the settings alone a process is nearly half as large again, with this a
quarter.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from netspec.lazy import jax

SETTINGS = {-8: 1, -4: 0, -1: 2**31 - 1, -2: 64 << 20}
"""Parameters of `mallopt`: one arena, no mmap, no trimming of the heap's end, and 64 MiB more than is asked for. Without any one of them
the memory still goes back."""
KEPT = "kept by mallopt: one arena, no mmap, no trimming, 64 MiB of padding"
COMPILED = "/jax/core/compile/backend_compile_duration"
"""JAX's name for the end of a compilation."""
WORTH = 0.1
"""Seconds of compilation behind which memory is given back, which takes some milliseconds."""
_OWN = ("MALLOC_", "GLIBC_TUNABLES")
"""Beginnings of the names of environment variables by which a person says what malloc does."""
LEFT = "as the C library has it"
_said = LEFT


def keep_memory() -> None:
    """Make the settings for this process, unless something speaks against it. Must come before JAX looks for devices."""
    global _said
    _said = _obstacle(os.environ) or _set()


def describe_memory() -> str:
    """What has become of the settings in this process."""
    return _said


def foresee_memory() -> str:
    """What a training of this environment would say."""
    return _obstacle(os.environ) or KEPT


def _obstacle(environment: Mapping[str, str]) -> str:
    """Why malloc stays as it is; "" where nothing speaks against the settings."""
    own = next((name for name in sorted(environment) if name.startswith(_OWN)), "")
    if own:
        return f"as the environment says ({own})"
    if not is_glibc():
        return "as the C library has it, which is not the GNU one"
    if not computes_on_cpu(environment):
        return "as the C library has it, since an accelerator has memory of its own"
    return ""


def is_glibc() -> bool:
    """Is malloc that of the GNU C library on Linux?"""
    try:
        return sys.platform == "linux" and (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False


def computes_on_cpu(environment: Mapping[str, str]) -> bool:
    """Will JAX compute on the CPU? It cannot be asked: that starts its threads."""
    wanted = environment.get("JAX_PLATFORMS")
    return wanted.split(",")[0] == "cpu" if wanted else not any(map(find_spec, ("jax_plugins", "libtpu")))


def _set() -> str:
    """The settings, and whether they were taken."""
    library = ctypes.CDLL(None)
    taken = [library.mallopt(parameter, value) for parameter, value in SETTINGS.items()]
    if not all(taken):
        return "as the C library has it, which refuses the settings"

    def give_back(event: str, duration_secs: float, **_: object) -> None:
        if event == COMPILED and duration_secs > WORTH:
            library.malloc_trim(0)

    jax.monitoring.register_event_duration_secs_listener(give_back)
    return KEPT
