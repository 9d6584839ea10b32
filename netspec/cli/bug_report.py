"""Writes the report that is saved when netspec itself is at fault: it names the place and the versions, and leaves out values, the user's
paths and texts. Floor 6.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from netspec import __version__
from netspec.files import write_all

_PACKAGE = Path(__file__).resolve().parent.parent


def save_report(error: BaseException, command: str) -> str:
    """Write the report to a new file in the temporary folder, readable by its owner only, and return its path."""
    descriptor, path = tempfile.mkstemp(prefix="netspec-bug-", suffix=".txt")
    try:
        write_all(descriptor, text(error, command).encode())
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)
    return path


def text(error: BaseException, command: str) -> str:
    """The exceptions' types and the lines they passed; their messages may quote data and are left out."""
    lines = [f"netspec {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"]
    lines += [f"{name} {sys.modules[name].__version__}" for name in ("jax", "numpy") if hasattr(sys.modules.get(name), "__version__")]
    lines += [f"command: {command}", ""]
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines += [type(cause).__qualname__, *map(_frame, traceback.extract_tb(cause.__traceback__))]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines) + "\n"


def _frame(frame: traceback.FrameSummary) -> str:
    """One line of the trace. Of a path outside netspec only the end is told, which says nothing of the person."""
    path = Path(frame.filename)
    inside = path.is_relative_to(_PACKAGE)
    shown = path.relative_to(_PACKAGE.parent) if inside else Path(*path.parts[-2:])
    return f"  {shown.as_posix()}:{frame.lineno} in {frame.name}"
