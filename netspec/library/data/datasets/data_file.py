"""Opens the files of a dataset: what is no regular file, or cannot be read, is a problem of the data."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import BinaryIO

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import UnreadableData
from netspec.diagnostics.running.files import NotAFile, ReadFailed
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.files import PathLike, open_file
from netspec.limits import LIMITS


def describe_damage(error: Exception) -> str:
    """What is wrong with a compressed file that cannot be unpacked, in words of ours."""
    if isinstance(error, EOFError):
        return "the compressed file ends too early"
    words = str(error)
    if "CRC" in words or "hecksum" in words:
        return "its content is not what its check sum says"
    if "length" in words:
        return "its content has another length than it says"
    return "what follows its compressed content is none" if "Not a gzipped" in words else "its compressed content cannot be unpacked"


def open_data(path: PathLike) -> BinaryIO:
    """A file of data, to be read. Raises `Mistake` with its name where it is a folder, a pipe or a device, or the system refuses it."""
    try:
        return open_file(path)
    except Mistake as mistake:
        match mistake.diagnostic:
            case NotAFile(kind=kind):
                reason = f"it is {kind}, not a file"
            case ReadFailed(reason=reason):
                pass
            case _:
                reason = "there is no such file"
        raise Mistake(UnreadableData(file=str(path), reason=reason)) from None


def find_beside(folder: Path, name: str) -> tuple[str, ...]:
    """What lies in a folder where a file of that name does not: names like it first, else those of the same kind, if they are few."""
    try:
        present = sorted(entry.name for entry in islice(folder.iterdir(), LIMITS.compared_names) if not entry.name.startswith("."))
    except OSError:
        return ()
    alike = {other.split(".")[0]: other for other in present if Path(other).suffixes == Path(name).suffixes}
    near = nearest(name.split(".")[0], alike) or (alike if len(alike) <= LIMITS.suggestions else ())
    return tuple(alike[stem] for stem in near)
