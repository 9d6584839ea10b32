"""Says which files `--overwrite`, `--force` and `--output-file` replace: what the same command writes, never a part of a run. Floor 6."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from netspec.cli.configuration import NAME as PROJECT
from netspec.cli.lock_files import SUFFIX as LOCK
from netspec.cli.spec_paths import is_spec
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
        instead = f"{finding}, which `{option}` does not replace; choose another name"
        raise Mistake(AlreadyExists(path=path, instead=instead))


def require_report_place(path: str, specs: Sequence[str]) -> None:
    """Raises `Mistake` where `--output-file` would take away what is no earlier report: what is no regular file, a part of a run, a spec, a
    lock, the project's configuration."""
    if not os.path.lexists(path):
        return
    option = "--output-file"
    require_replaceable(path, option)
    if finding := _find_input(path, specs):
        raise Mistake(AlreadyExists(path=path, instead=f"{finding}, which `{option}` does not replace; choose another name"))


def _find_input(path: str, specs: Sequence[str]) -> str:
    """What of a check's inputs a file is, in words; "" for none."""
    if is_spec(path) or any(os.path.exists(spec) and os.path.samefile(path, spec) for spec in specs):
        return "it is a spec"
    if path.endswith(LOCK):
        return "it is a lock"
    return "it holds the project's configuration" if os.path.basename(path) == PROJECT else ""


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
