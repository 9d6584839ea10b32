"""Writes and reads `processes.jsonl`: what each process that trained into a run was, one JSON object per line.

A number that cannot be had again is looked for here first: other versions, other devices, another revision, other settings of JAX. A run
that was interrupted has several lines. They are for people: nothing is made of them, and what cannot be read of them is left out.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from netspec import __version__
from netspec.files import append_line
from netspec.lazy import jax
from netspec.train.git_revision import find_revision
from netspec.train.kept_memory import describe_memory
from netspec.train.kept_programs import describe_programs
from netspec.train.recipe import Recipe
from netspec.train.strict_json import read_file

NAME = "processes.jsonl"
PACKAGES = ("jax", "jaxlib", "numpy", "orbax-checkpoint", "pillow", "grain", "datasets", "tokenizers", "sentencepiece")
"""Packages that a run's numbers may depend on."""
VARIABLES = ("JAX_", "XLA_", "NETSPEC_", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MALLOC_", "GLIBC_TUNABLES")
"""Beginnings of the names of environment variables that change what is computed, or where."""


def describe_process(recipe: Recipe, seed: int, step: int) -> dict[str, Any]:
    """This process, which trains from a step on. Raises nothing that a missing package or repository could cause."""
    devices = [device.device_kind for device in jax.devices()]
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "step": step,
        "seed": seed,
        "command": [os.path.basename(sys.argv[0]) if sys.argv else "", *sys.argv[1:]],
        "host": platform.node(),
        "pid": os.getpid(),
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "devices": {kind: devices.count(kind) for kind in dict.fromkeys(devices)},
        "versions": {"netspec": __version__, "python": platform.python_version(), **_versions(PACKAGES)},
        "environment": {name: value for name, value in sorted(os.environ.items()) if name.startswith(VARIABLES)},
        "memory": describe_memory(),
        "programs": describe_programs(),
        "plugins": list(recipe.plugins),
        "revision": find_revision(Path(recipe.path).parent),
    }


def _versions(names: Iterable[str]) -> dict[str, str]:
    """The versions of those of some packages that are installed."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def keep_process(run: Path, recipe: Recipe, seed: int, step: int) -> None:
    """Adds this process to a run's record. Raises `Mistake` with `WriteFailed`."""
    append_line(run / NAME, json.dumps(describe_process(recipe, seed, step), ensure_ascii=True))


def read_processes(run: Path) -> list[dict[str, Any]]:
    """What is known of the processes that trained into a run, the first one first; of a run of an older netspec nothing."""
    path = run / NAME
    if not path.exists():
        return []
    return [line for text in read_file(path).split(b"\n") if (line := _read_line(text)) is not None]


def _read_line(text: bytes) -> dict[str, Any] | None:
    """A line as it was written; None for what is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
