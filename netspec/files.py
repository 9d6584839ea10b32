"""Finds netspec's own files (grammar, models, docs), reads files, and writes them so that either the old file or the whole new one is left.
Floor 0.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.files import AlreadyExists, BrokenInstallation, NoSuchFile, ReadFailed, WriteFailed
from netspec.diagnostics.running.limits import FileRefused

if TYPE_CHECKING:
    from pathlib import Path  # which `check` has no use for

_PACKAGE = os.path.dirname(os.path.realpath(__file__))

PathLike = str | os.PathLike[str]


# --- netspec's own files ---------------------------------------------------------------------------------------------


def data_file(name: str) -> Path:
    """A file or folder shipped with netspec (`grammar/netspec.lark`, `models`): inside the package in a wheel, beside it in a checkout."""
    for folder in _homes():
        if (folder / name).exists():
            return folder / name
    raise Mistake(BrokenInstallation(path=name, looked=tuple(map(str, _homes()))))


def models_dir() -> Path:
    """The folder of the model zoo."""
    return data_file("models")


def cache_dir() -> Path:
    """Where compiled programs may be kept: `$NETSPEC_CACHE`, else `netspec` in the user's cache folder. It may not exist."""
    from pathlib import Path

    own = os.environ.get("NETSPEC_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "netspec"


def _homes() -> list[Path]:
    """A folder beside the package counts only in a checkout: in site-packages `models` may be somebody else's."""
    from pathlib import Path

    package = Path(_PACKAGE)
    checkout = package.parent
    return [package, checkout] if (checkout / "pyproject.toml").is_file() else [package]


# --- reading ---------------------------------------------------------------------------------------------------------


def read_bytes(path: PathLike) -> bytes:
    """The content of a file. Raises `Mistake` with `NoSuchFile` (and files of similar name) or `ReadFailed`."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise Mistake(describe_missing(path)) from None
    except OSError as error:
        raise Mistake(ReadFailed(path=os.fspath(path), reason=_reason(error))) from error


def read_plain(path: PathLike, limit: int) -> bytes:
    """The content of a regular file with one name, at most `limit` bytes and one: no link is followed, no pipe waited for.

    Raises `Mistake` as `read_bytes` does, or with `FileRefused`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise Mistake(describe_missing(path)) from None
    except OSError as error:
        if os.path.islink(path):
            raise Mistake(FileRefused(path=os.fspath(path), why="it is a symbolic link")) from None
        raise Mistake(ReadFailed(path=os.fspath(path), reason=_reason(error))) from error
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise Mistake(FileRefused(path=os.fspath(path), why="it is not a regular file"))
        if about.st_nlink > 1:
            raise Mistake(FileRefused(path=os.fspath(path), why="it has several names (hard links)"))
        return file.read(limit + 1)


def describe_missing(path: PathLike) -> NoSuchFile:
    """The problem of a missing file, with the files beside it that have a similar name."""
    from netspec.diagnostics.suggestions.nearest import nearest

    folder, name = os.path.split(os.fspath(path))
    try:
        beside = sorted(os.listdir(folder or "."))
    except OSError:
        beside = []
    return NoSuchFile(path=os.fspath(path), near=tuple(os.path.join(folder, n) for n in nearest(name, beside, aliases={})))


def sha256_file(path: PathLike) -> str:
    """The SHA-256 of a file's bytes in hex, read in pieces. Raises `Mistake` as `read_bytes` does."""
    import hashlib  # 5 ms that `check` need not pay

    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Mistake(describe_missing(path)) from None
    except OSError as error:
        raise Mistake(ReadFailed(path=os.fspath(path), reason=_reason(error))) from error


# --- writing ---------------------------------------------------------------------------------------------------------


def write_all(descriptor: int, data: bytes) -> None:
    """Every byte that netspec writes to disk itself goes through here (tests put a full disk in its place)."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_atomic(path: PathLike, data: bytes | str) -> None:
    """Write a file (text as UTF-8) so that a crash at any moment leaves the old one or the whole new one, and no other trace.

    The content goes to a temporary name in the same folder, is flushed to the disk, renamed, and the folder flushed. Raises `Mistake` with
    `WriteFailed`; the temporary file is then gone.
    """
    target = os.fspath(path)
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.tmp")
    content = data.encode() if isinstance(data, str) else data
    try:
        _write_new(temporary, target, content)
        with _step(target, "renaming it into place"):
            os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(os.path.dirname(target))


def _write_new(temporary: str, target: str, content: bytes) -> None:
    """Writes and syncs the temporary file, so that renaming it is all that remains."""
    with _step(target, "creating the file"):
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        with _step(target, "writing the content"):
            write_all(descriptor, content)
        with _step(target, "flushing it to the disk"):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: PathLike, line: str) -> None:
    """Add a line to a log file (`metrics.jsonl`), in one write. Raises `Mistake` with `WriteFailed`."""
    target = os.fspath(path)
    with _step(target, "opening the file"):
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        with _step(target, "adding a line"):
            write_all(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def make_folder(path: PathLike) -> Path:
    """A folder and its parents, which may exist. Raises `Mistake` with `WriteFailed`."""
    from pathlib import Path

    with _step(os.fspath(path), "making the folder"):
        os.makedirs(path, exist_ok=True)
    return Path(path)


def refuse_existing(path: PathLike, instead: str = "choose another name") -> None:
    """Raise `Mistake` with `AlreadyExists` when something (an empty folder does not count) stands at `path`."""
    with suppress(NotADirectoryError, FileNotFoundError):
        if not os.listdir(path):
            return
    if os.path.lexists(path):
        raise Mistake(AlreadyExists(path=os.fspath(path), instead=instead))


def sync_folder(folder: str) -> None:
    """Flush a folder's entries to the disk, where the system can (Windows cannot)."""
    with suppress(OSError):
        descriptor = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _step(path: str, step: str) -> Iterator[None]:
    """A step of writing; what fails in it is reported with its name."""
    try:
        yield
    except OSError as error:
        _fail(path, step, error)


def _fail(path: str, step: str, error: OSError) -> NoReturn:
    raise Mistake(WriteFailed(path=path, step=step, reason=_reason(error))) from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
