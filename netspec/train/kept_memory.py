"""Has the C library keep the memory that a step of training frees, and take it in large pages.

XLA's CPU asks for the buffers of a step and frees them behind it. The GNU C library gives large ones back to the kernel at once, which
fills them with zeros, 4 KiB by 4 KiB, when the next step asks again: 11,000 pages and 19 ms of the 47 that a step of a small convnet takes
a processor. Pages of 2 MiB can be asked for only before a process begins: a command starts itself once more with the variable set, and
takes it out of its environment. An import of netspec never sets anything.

What the compiler has used does go back, behind each program.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from netspec.lazy import jax

VARIABLE = "GLIBC_TUNABLES"
TUNABLES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=134217728"
"""Large pages, no mapping of single buffers, and nothing given back to the kernel below 128 MiB at the heap's end. With one arena as well,
threads that compile wait for each other, and without trimming a process is up to twice as large."""
AGAIN = "netspec_again"
"""The `-X` option of the second start. No environment, however it is changed on the way, makes a third of it."""
KEPT = "kept by the C library, in large pages; 128 MiB before any goes back"
COMPILED = "/jax/core/compile/backend_compile_duration"
"""JAX's name for the end of a compilation."""
WORTH = 0.1
"""Seconds of compilation behind which memory is given back, which takes some milliseconds."""
_OWN = ("MALLOC_", VARIABLE)
"""Beginnings of the names of environment variables by which a person says what malloc does."""
LEFT = "as the C library has it"
_said = LEFT


def start_again() -> None:
    """Become the same command with the variable set, unless it is set or something speaks against it: JAX that is there already is some
    other program's. Must come before anything is read or written."""
    if AGAIN in sys._xoptions or _obstacle(os.environ) or not sys.executable or _is_watched() or "jax" in sys.modules:
        return
    try:
        os.execve(sys.executable, [sys.executable, "-X", AGAIN, *sys.orig_argv[1:]], os.environ | {VARIABLE: TUNABLES})
    except (OSError, ValueError):
        return  # not allowed to, or an environment that nothing can be started with: memory stays as the C library has it


def _is_watched() -> bool:
    """Somebody looks into this very process, or talks to it: a debugger, a profiler, an interpreter that stays."""
    return sys.gettrace() is not None or sys.getprofile() is not None or bool(sys.flags.interactive)


def keep_memory() -> None:
    """Give back what compilations leave, let processes that are started from here have their own way, and know what became of it."""
    global _said
    kept = os.environ.get(VARIABLE) == TUNABLES
    if AGAIN in sys._xoptions:
        os.environ.pop(VARIABLE, None)  # also where it arrived changed, as a process with other rights has it
    if not kept:
        _said = _obstacle(os.environ) or LEFT
        return
    os.environ.pop(VARIABLE, None)
    library = ctypes.CDLL(None)

    def give_back(event: str, duration_secs: float, **_: object) -> None:
        if event == COMPILED and duration_secs > WORTH:
            library.malloc_trim(0)

    jax.monitoring.register_event_duration_secs_listener(give_back)
    _said = KEPT


def describe_memory() -> str:
    """What has become of it in this process."""
    return _said


def foresee_memory() -> str:
    """What a training of this environment would say."""
    return _obstacle(os.environ) or KEPT


def _obstacle(environment: Mapping[str, str]) -> str:
    """Why malloc stays as it is; "" where nothing speaks against the settings."""
    own = next((name for name in sorted(environment) if name.startswith(_OWN)), "")
    if own:
        return f"as the environment says ({own})"
    if "alloc" in environment.get("LD_PRELOAD", ""):
        return "as the environment says (LD_PRELOAD)"
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
