"""Look at this machine and installation: Python, JAX and its devices, cores, disk, netspec's own files."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from netspec import __version__
from netspec.cli.terminal import write_line
from netspec.diagnostics.base import Mistake
from netspec.record import record

HELP = "look at this machine and installation"
MIN_PYTHON = (3, 11)
JAX_FROM, JAX_BEFORE = (0, 10), (0, 13)
"""The range that `pyproject.toml` asks for."""
MIN_DISK = 1 << 30
"""Bytes; a checkpoint of a small model and the compiler's temporary files fit."""
EXTRAS = {
    "image": ("PIL",),
    "grain": ("grain",),
    "hf": ("datasets", "tokenizers"),
    "text": ("sentencepiece",),
    "zst": ("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd",),
    "tensorboard": ("tensorboardX",),
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
    "report": ("plotly",),
    "onnx": ("onnx",),
    "export": ("flatbuffers", "msgpack"),
    "lsp": ("pygls",),
    "cuda12": ("jax_cuda12_plugin",),
    "cuda13": ("jax_cuda13_plugin",),
    "tpu": ("libtpu",),
    "oracle-torch": ("torch",),
    "test": ("pytest", "hypothesis", "flax", "optax"),
}
"""Extra -> the modules by which it is known: it is there where all of them are."""


@record
class Finding:
    """One line of the report."""

    name: str
    text: str
    ok: bool = True


def add_arguments(parser: ArgumentParser) -> None:
    pass


def run(args: Namespace) -> int:
    findings = [_look_safely(name, look) for name, look in LOOKS.items()]
    for finding in findings:
        write_line(f"{'ok    ' if finding.ok else 'BROKEN'}  {finding.name:<10}  {finding.text}")
    return 0 if all(f.ok for f in findings) else 2


def _look_safely(name: str, look: Callable[[], tuple[bool, str]]) -> Finding:
    """A look that fails is a finding too."""
    try:
        ok, text = look()
    except Mistake as mistake:
        ok, text = False, mistake.diagnostic.message()
    except Exception as error:
        ok, text = False, ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
    return Finding(name, text, ok)


def _netspec() -> tuple[bool, str]:
    """The version of netspec."""
    return True, __version__


def _python() -> tuple[bool, str]:
    """Whether Python is new enough, and its version."""
    import platform

    return sys.version_info >= MIN_PYTHON, f"{platform.python_version()} (needs {'.'.join(map(str, MIN_PYTHON))} or newer)"


def _jax() -> tuple[bool, str]:
    """Whether JAX is of a version that netspec is made for, and which."""
    import jax

    text = f"{jax.__version__} (needs at least {_version_text(JAX_FROM)}, below {_version_text(JAX_BEFORE)})"
    return JAX_FROM <= numbers(jax.__version__) < JAX_BEFORE, text


def numbers(version: str) -> tuple[int, int]:
    """The first two numbers of a version: (0, 10) of "0.10.2"."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def _version_text(version: tuple[int, int]) -> str:
    """`0.10` of (0, 10)."""
    return ".".join(map(str, version))


def _devices() -> tuple[bool, str]:
    """Fails where JAX finds none."""
    import jax

    kinds = [d.device_kind for d in jax.devices()]
    return bool(kinds), ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))


def _cores() -> tuple[bool, str]:
    """How many processor cores this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return True, f"{usable} usable of {os.cpu_count()}"


def _disk() -> tuple[bool, str]:
    """Fails where a checkpoint and the compiler's files may find no room."""
    from shutil import disk_usage

    free = disk_usage(".").free
    return free >= MIN_DISK, f"{free / (1 << 30):.1f} GiB free here (at least {MIN_DISK >> 30} GiB is wise)"


def _grammar() -> tuple[bool, str]:
    """The place of the grammar, which is missing in a broken installation."""
    from netspec.files import data_file

    return True, str(data_file("grammar/netspec.lark"))


def _models() -> tuple[bool, str]:
    """How many specs the zoo holds, and where."""
    from netspec.files import models_dir

    folder = models_dir()
    return True, f"{len(list(folder.glob('*.net')))} specs in {folder}"


def _cache() -> tuple[bool, str]:
    """Compiled programs are kept there; it need not exist yet, but must be possible to make."""
    from netspec.train.kept_programs import foresee_programs, programs_dir

    if asked := foresee_programs():
        return True, asked
    folder = programs_dir()
    existing = next(f for f in (folder, *folder.parents) if f.exists())
    return existing.is_dir() and os.access(existing, os.W_OK), f"{folder}{'' if existing == folder else ' (not made yet)'}"


def _memory() -> tuple[bool, str]:
    """What `train`, `eval` and `predict` have the C library do with memory that is freed."""
    from netspec.train.kept_memory import foresee_memory

    return True, foresee_memory()


def _extras() -> tuple[bool, str]:
    """Which optional packages are there, and which are not; none is needed."""
    present = [extra for extra, modules in EXTRAS.items() if all(map(_is_installed, modules))]
    missing = [extra for extra in EXTRAS if extra not in present]
    return True, (", ".join(present) or "none") + (f"; not installed: {', '.join(missing)}" if missing else "")


def _is_installed(module: str) -> bool:
    """Whether a module could be imported."""
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of `a.b` where there is no `a`
        return False


LOOKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "netspec": _netspec,
    "python": _python,
    "jax": _jax,
    "devices": _devices,
    "cores": _cores,
    "disk": _disk,
    "grammar": _grammar,
    "models": _models,
    "cache": _cache,
    "memory": _memory,
    "extras": _extras,
}
