"""Has JAX keep what XLA compiles in the user's cache folder, so that the same training starts faster the next time.

A folder holds the programs of one Python, JAX and processor, and of one number of cores, by which XLA divides its sums: a run that goes on
with other cores compiles anew. What lies there is machine code that will run, so that nobody but the user may write there.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import stat
import time
import zlib
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from netspec.files import cache_dir
from netspec.lazy import jax
from netspec.limits import LIMITS

WORTH = 0.2
"""Seconds of compilation from which a program is kept: reading a small one takes a third of that."""
STAMP = "tidied"
"""An empty file; entries older than it were found complete."""
_OFF = ("0", "false", "off", "no", "n", "f")
_said = "not kept"


def keep_programs() -> None:
    """Let JAX keep programs, unless the environment says otherwise or the folder cannot be used."""
    global _said
    _said = foresee_programs()
    if _said or (folder := _prepare(programs_dir())) is None:
        _said = _said or f"not kept: {programs_dir()} cannot be made a folder of this user alone"
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH)
    _said = f"kept in {folder}"


def describe_programs() -> str:
    """What has become of it in this process."""
    return _said


def foresee_programs() -> str:
    """What the environment says of compiled programs; "" where it says nothing."""
    if os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "1").lower() in _OFF:
        return "not kept, as the environment says (JAX_ENABLE_COMPILATION_CACHE)"
    if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return f"kept in {os.environ['JAX_COMPILATION_CACHE_DIR']}, as the environment says (JAX_COMPILATION_CACHE_DIR)"
    return ""


def programs_dir() -> Path:
    """Where commands keep compiled programs; it may not exist."""
    return cache_dir() / "programs"


def _prepare(root: Path) -> Path | None:
    """The folder for this process, tidied; None where it cannot be made, or others could write there."""
    folder = root / _name()
    try:
        for each in (root, folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            about = each.lstat()
            if not stat.S_ISDIR(about.st_mode) or (hasattr(os, "geteuid") and about.st_uid != os.geteuid()):
                return None
            if about.st_mode & 0o077:
                each.chmod(0o700)
        _tidy(root, folder)
    except OSError:
        return None
    return folder


def _name() -> str:
    """What the code of a program depends on beside what JAX puts into its key."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"jax-{version('jax')}-{version('jaxlib')}-py-{platform.python_version()}-{platform.machine()}-{describe_processor()}-{cores}"


def describe_processor() -> str:
    """A short name for what the processor can do; XLA compiles for exactly that."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = [platform.processor()]
    said = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))} or set(lines[:1]))
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:8]


# --- tidying ---------------------------------------------------------------------------------------------------------


def _tidy(root: Path, own: Path) -> None:
    """Delete entries that a killed process left incomplete, which JAX would never write again, the longest unused of too many, and folders
    that nobody has used for long."""
    stamp = own / STAMP
    since = stamp.stat().st_mtime - 1 if stamp.exists() else 0.0
    began = time.time()
    found = _list(own)
    for path, facts in found:
        if _is_foreign(facts) or (facts.st_mtime >= since and not _is_complete(path)):
            path.unlink(missing_ok=True)
    _shrink(sorted((max(facts.st_atime, facts.st_mtime), facts.st_size, path) for path, facts in found))
    stamp.touch()
    os.utime(stamp, (began, began))
    for other in root.iterdir():
        with suppress(OSError):
            if other != own and time.time() - (other / STAMP).stat().st_mtime > LIMITS.unused_program_seconds:
                shutil.rmtree(other, ignore_errors=True)


def _list(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """The entries with what is known of each; another process may delete one meanwhile."""
    found = []
    for path in folder.glob("*-cache"):
        with suppress(FileNotFoundError):
            found.append((path, path.lstat()))
    return found


def _is_foreign(facts: os.stat_result) -> bool:
    """Another user wrote it, or it leads elsewhere: machine code that nobody is to run."""
    return not stat.S_ISREG(facts.st_mode) or (hasattr(os, "geteuid") and facts.st_uid != os.geteuid())


def _shrink(entries: list[tuple[float, int, Path]]) -> None:
    """Delete the first of these down to three quarters of what there may be, once there is more."""
    size = sum(own for _, own, _ in entries)
    if size <= LIMITS.program_bytes:
        return
    for _, own, path in entries:
        path.unlink(missing_ok=True)
        size -= own
        if size <= LIMITS.program_bytes * 3 // 4:
            return


def _is_complete(path: Path) -> bool:
    """Does an entry unpack?"""
    try:
        packed = path.read_bytes()
        if packed[:4] == b"\x28\xb5\x2f\xfd":  # Zstandard, which JAX prefers where it is installed, says at reading what is cut off
            return True
        zlib.decompress(packed)
    except (OSError, zlib.error):
        return False
    return True
