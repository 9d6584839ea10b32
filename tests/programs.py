"""How test runs compile: what XLA made is kept in a folder of their own in the user's cache, and loaded by the next run.

`keep` names the folder to JAX before JAX is imported; every process of a test run calls it. The folder's name holds all that the code
depends on beside what JAX itself puts into a program's key: versions, the processor's features, and the number of cores, by which XLA
divides its sums. JAX takes an entry that does not unpack for missing, with a warning that test runs ignore (`UNREAD`); `tidy` deletes
those, which a killed process leaves. The variable NETSPEC_TESTS_CACHE names another folder, or is empty for none.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from netspec.train.kept_programs import describe_processor

LARGEST = 2_000_000_000
"""Bytes that the programs of one folder may take."""
UNUSED = 30 * 24 * 3600
"""Seconds after which a folder of other versions, or of another processor, is deleted."""
PLAIN_EMITTERS = "--xla_cpu_use_fusion_emitters=false"
"""Has XLA make code for fused operations without the detour through MLIR, which takes longer than all the rest."""
UNREAD = "Error reading persistent compilation cache entry"
"""How JAX's warning of an entry begins that another process is just writing, or never finished. It compiles instead."""
STAMP = "tidied"
"""An empty file; entries older than it were found complete."""


def root() -> Path | None:
    """The folder of all test runs, or None where they keep nothing."""
    given = os.environ.get("NETSPEC_TESTS_CACHE")
    if given is not None:
        return Path(given) if given else None
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netspec-tests"


def name(cores: int | None = None) -> str:
    """Of the folder for processes that run on so many cores, or on those of this one: versions and processor."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = f"jax-{version('jax')}-jaxlib-{version('jaxlib')}-py-{platform.python_version()}"
    return f"{versions}-{platform.machine()}-{describe_processor()}-{cores or own}"


def environment(cores: int | None = None) -> dict[str, str]:
    """The variables by which JAX keeps every program: also the smallest is read in a tenth of the time that compiling it takes."""
    folder = root()
    if folder is None:
        return {}
    return {
        "JAX_COMPILATION_CACHE_DIR": str(folder / name(cores)),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def keep() -> None:
    """Have JAX, imported after this, keep programs in this process and in those that it starts."""
    os.environ.update(environment())


def tidy() -> None:
    """Delete entries that are incomplete, the longest unused where there are too many, and folders that nobody uses any more."""
    folder = root()
    if folder is None:
        return
    try:
        (folder / name()).mkdir(parents=True, exist_ok=True)
        for own in [path for path in folder.iterdir() if path.is_dir()]:
            if time.time() - _used(own) > UNUSED:
                shutil.rmtree(own, ignore_errors=True)
            elif own.name.startswith(name().rpartition("-")[0]):
                _tidy(own)
    except OSError:  # without a home that can be written, programs are compiled and not kept
        return


def _tidy(own: Path) -> None:
    stamp = own / STAMP
    since = stamp.stat().st_mtime - 1 if stamp.exists() else 0.0
    stamp.touch()
    found = [(path, path.stat()) for path in own.glob("*-cache")]
    for path, facts in found:
        if facts.st_mtime >= since and not is_complete(path):
            path.unlink(missing_ok=True)
    _shrink([(max(facts.st_atime, facts.st_mtime), facts.st_size, path) for path, facts in found])


def _shrink(entries: list[tuple[float, int, Path]]) -> None:
    """Delete the longest unused down to three quarters of what there may be, once there is more."""
    size = sum(entry[1] for entry in entries)
    if size <= LARGEST:
        return
    for _, own, path in sorted(entries):
        path.unlink(missing_ok=True)
        size -= own
        if size <= LARGEST * 3 // 4:
            return


def _used(folder: Path) -> float:
    stamp = folder / STAMP
    return (stamp if stamp.exists() else folder).stat().st_mtime


def is_complete(path: Path) -> bool:
    """Does an entry unpack? What was being written when its process was killed does not."""
    try:
        packed = path.read_bytes()
        if packed[:4] == b"\x28\xb5\x2f\xfd":  # Zstandard, which JAX prefers where it is installed, says at reading what is cut off
            return True
        zlib.decompress(packed)
    except (OSError, zlib.error):
        return False
    return True


def hurry() -> None:
    """Have XLA, not yet awake, make slow machine code quickly: a program of a quick test runs once, and this halves what it costs."""
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
    if plain_emitters():
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {PLAIN_EMITTERS}".strip()


def plain_emitters() -> bool:
    """Does this XLA have the flag? It ends a process that gives one it does not know, so another is asked, and the answer is kept."""
    folder = root()
    answer = folder / name() / "plain_emitters" if folder else None
    if answer and answer.exists():
        return answer.read_text("ascii") == "yes"
    asked = {**os.environ, "XLA_FLAGS": PLAIN_EMITTERS, "JAX_PLATFORMS": "cpu"}
    known = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], env=asked, capture_output=True).returncode == 0
    if answer and answer.parent.is_dir():
        answer.write_text("yes" if known else "no", "ascii")
    return known


@contextmanager
def compiled_anew() -> Iterator[None]:
    """Inside, nothing is loaded, so that what is counted or timed as compiled is compiled."""
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    before = jax.config.values["jax_compilation_cache_dir"]
    compilation_cache.reset_cache()
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        yield
    finally:
        compilation_cache.reset_cache()
        jax.config.update("jax_compilation_cache_dir", before)
