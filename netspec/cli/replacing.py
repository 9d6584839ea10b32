"""Says which files `--overwrite` and `--force` replace: what the same command writes, and never a part of a run. Floor 6."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import NoReturn

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.files import AlreadyExists
from netspec.files import read_start

SETTINGS, SPEC = "settings.json", "spec."
"""What a folder holds that is a run: a file of this name, and one whose name begins so."""


def require_replaceable(path: str, option: str, beginning: bytes = b"", kind: str = "") -> None:
    """Raises `Mistake` where something stands at `path` that is no regular file, lies in a run folder, or begins otherwise than such a
    `kind` of file."""
    if not os.path.lexists(path):
        return
    if finding := _find_other(path, beginning, kind):
        refuse(path, option, finding)


def refuse(path: str, option: str, finding: str) -> NoReturn:
    """Raises `Mistake` for a file that is not to be replaced, for the reason that is found."""
    raise Mistake(AlreadyExists(path=path, instead=f"{finding}, which `{option}` does not replace; choose another name with `-o`"))


def require_no_source(path: str, option: str, sources: Iterable[str]) -> None:
    """Raises `Mistake` where a file is to be replaced that is read, or lies in a folder that is read."""
    for source in sources:
        real, read = os.path.realpath(path), os.path.realpath(source)
        if os.path.lexists(path) and (os.path.exists(read) and os.path.samefile(real, read) or real.startswith(os.path.join(read, ""))):
            refuse(path, option, f"it is read as `{source}`")


def _find_other(path: str, beginning: bytes, kind: str) -> str:
    """Why a file is not to be replaced, in words; "" where it may be."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return "it is no regular file"
    if run := _find_run(path):
        return f"it lies in the run `{run}`"
    try:
        found = read_start(path, len(beginning))
    except Mistake:
        return "it cannot be read"
    return "" if found.lower() == beginning.lower() else f"it is no {kind}"


def _find_run(path: str) -> str:
    """The run folder that a file lies in, however deep; "" for none."""
    folder, inner = os.path.dirname(os.path.realpath(path)), ""
    while folder != inner:
        if os.path.lexists(os.path.join(folder, SETTINGS)) and any(name.startswith(SPEC) for name in os.listdir(folder)):
            return folder
        folder, inner = os.path.dirname(folder), folder
    return ""
