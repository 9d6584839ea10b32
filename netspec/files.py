"""Finds netspec's own files (grammar, models, docs), reads files, and writes them so that either the old file or the whole new one is left.
Floor 0.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.files import AlreadyExists, BrokenInstallation, NoSuchFile, NotAFile, ReadFailed, WriteFailed
from netspec.diagnostics.running.limits import FileRefused
from netspec.record import replace

if TYPE_CHECKING:
    from pathlib import Path  # which `check` has no use for

_PACKAGE = os.path.dirname(os.path.realpath(__file__))

PathLike = str | os.PathLike[str]
_NO_NAME = "no file can have this name"


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


def open_file(path: PathLike, *, links: bool = True) -> BinaryIO:
    """A file that a person or a spec names, to be read: every one is opened here. Raises `Mistake` with `NoSuchFile`, `ReadFailed` or
    `NotAFile`.

    Only a regular file is opened: a pipe that nobody writes to would be waited for without end, and a device has none. Without `links`
    a symbolic link is no file either.
    """
    try:
        descriptor = os.open(path, _HOW if links else _HOW | getattr(os, "O_NOFOLLOW", 0))
        _require_regular(descriptor, path)
        return open(descriptor, "rb")
    except FileNotFoundError:
        raise Mistake(describe_missing(path)) from None
    except OSError as error:
        if not links and os.path.islink(path):
            raise Mistake(NotAFile(path=os.fspath(path), kind="a symbolic link")) from None
        raise Mistake(ReadFailed(path=os.fspath(path), reason=_reason(error))) from error
    except ValueError:  # half a character, or a zero byte
        raise Mistake(ReadFailed(path=os.fspath(path), reason=_NO_NAME)) from None


_HOW = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def _require_regular(descriptor: int, path: PathLike) -> None:
    """Closes what is no regular file. Raises `Mistake` with `NotAFile`, and OSError for a folder, as the system itself does."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise Mistake(_describe_device(path, mode))


def _describe_device(path: PathLike, mode: int) -> NotAFile:
    return NotAFile(path=os.fspath(path), kind="a named pipe" if stat.S_ISFIFO(mode) else "a device")


def refuse_device(path: PathLike) -> None:
    """Raise `Mistake` with `NotAFile` for what is neither a file nor a folder; what is not there is left to whoever reads it."""
    with suppress(OSError, ValueError):
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise Mistake(_describe_device(path, mode))


def read_bytes(path: PathLike) -> bytes:
    """The content of a file. Raises `Mistake` as `open_file` does."""
    with open_file(path) as file, _reading(path):
        return file.read()


def read_start(path: PathLike, size: int) -> bytes:
    """The first bytes of a file. Raises `Mistake` as `open_file` does."""
    with open_file(path) as file, _reading(path):
        return file.read(size)


def read_plain(path: PathLike, limit: int) -> bytes:
    """The content of a regular file with one name, at most `limit` bytes and one: no link is followed.

    Raises `Mistake` as `read_bytes` does, or with `FileRefused`.
    """
    try:
        file = open_file(path, links=False)
    except Mistake as mistake:
        if isinstance(mistake.diagnostic, NotAFile):
            raise Mistake(FileRefused(path=os.fspath(path), why=f"it is {mistake.diagnostic.kind}, not a regular file")) from None
        raise
    with file, _reading(path):
        if os.fstat(file.fileno()).st_nlink > 1:
            raise Mistake(FileRefused(path=os.fspath(path), why="it has several names (hard links)"))
        return file.read(limit + 1)


@contextmanager
def _reading(path: PathLike) -> Iterator[None]:
    """What fails while a file is read is reported with its name."""
    try:
        yield
    except OSError as error:
        raise Mistake(ReadFailed(path=os.fspath(path), reason=_reason(error))) from error


def describe_missing(path: PathLike) -> NoSuchFile:
    """The problem of a missing file, with the files beside it that have a similar name; its own is a link that leads nowhere."""
    from netspec.diagnostics.suggestions.nearest import nearest

    folder, name = os.path.split(os.fspath(path))
    try:
        beside = sorted(other for other in os.listdir(folder or ".") if other != name)
    except (OSError, ValueError):
        beside = []
    return NoSuchFile(path=os.fspath(path), near=tuple(os.path.join(folder, n) for n in nearest(name, beside, aliases={})))


def is_text(name: str) -> bool:
    """Can a name be written as UTF-8? A file's may hold half characters, which stand for other bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def sha256_file(path: PathLike) -> str:
    """The SHA-256 of a file's bytes in hex, read in pieces. Raises `Mistake` as `read_bytes` does."""
    import hashlib  # 5 ms that `check` need not pay

    with open_file(path) as file, _reading(path):
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


# --- writing ---------------------------------------------------------------------------------------------------------


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Every byte that netspec writes to disk itself goes through here (tests put a full disk in its place)."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_atomic(path: PathLike, data: bytes | str) -> None:
    """Write a file (text as UTF-8) so that a crash at any moment leaves the old one or the whole new one, and no other trace.

    The content goes to a temporary name in the same folder, is flushed to the disk, renamed, and the folder flushed. Raises `Mistake` with
    `WriteFailed`; the temporary file is then gone. A device or a pipe is left alone: whoever may write to its folder would take it away.
    """
    target = os.fspath(path)
    _require_no_device(target)
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.tmp")
    content = data.encode() if isinstance(data, str) else data
    try:
        _write_new(temporary, target, [content])
        with _step(target, "renaming it into place"):
            os.replace(temporary, target)
    except BaseException:
        with suppress(OSError, ValueError):
            os.unlink(temporary)
        raise
    sync_folder(os.path.dirname(target))


def _require_no_device(target: str) -> None:
    """Raises `Mistake` with `WriteFailed` for what is neither a file nor a folder, or a link to such a thing (`/dev/stdout`)."""
    try:
        refuse_device(target)
    except Mistake as mistake:
        found = mistake.diagnostic
        assert isinstance(found, NotAFile)
        reason, repair = f"it is {found.kind}, not a file", "give the name of a file"
        raise Mistake(WriteFailed(path=target, step="looking at what stands there", reason=reason, repair=repair)) from None


def rewrite(path: PathLike, before: bytes, after: str) -> None:
    """Gives a person's file other content, and leaves everything else as it was: the links to it, its mode, its owner.

    `before` is what was read: a file that has changed since is left alone. As with `write_atomic` a crash leaves the old file or the whole
    new one; where the file has several names, which renaming would part, the new one may then lie beside it under its temporary name.
    Raises `Mistake` with `WriteFailed`.
    """
    import shlex  # which `check` has no use for

    target = os.path.realpath(path)
    with _step(target, "looking at the file"):
        about = os.stat(target)
    if not about.st_mode & 0o222:
        how = f"make it writable: chmod u+w {shlex.quote(target)}"
        raise Mistake(WriteFailed(path=target, step="looking at the file", reason="it is read-only", repair=how))
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.tmp")
    try:
        _write_new(temporary, target, [after.encode()], about)
        if read_bytes(target) != before:
            reason, again = "somebody else has changed it meanwhile", "run the command again: it reads the file anew"
            raise Mistake(WriteFailed(path=target, step="comparing it once more", reason=reason, repair=again))
        with _step(target, "renaming it into place"):
            _fill(target, after.encode()) if about.st_nlink > 1 else os.replace(temporary, target)
    finally:
        with suppress(OSError, ValueError):
            os.unlink(temporary)
    sync_folder(os.path.dirname(target))


def _fill(target: str, content: bytes) -> None:
    """Overwrites a file in its place, so that all its names keep it."""
    descriptor = os.open(target, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    try:
        write_all(descriptor, content)
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: PathLike, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file of these pieces and flush it to the disk, in a folder that is under a name of its own still: nobody looks at the file
    before the folder is renamed, so that neither a temporary name nor a flush of the folder is needed here. Raises `Mistake` with
    `WriteFailed`."""
    _write_new(os.fspath(path), os.fspath(path), pieces)


def _write_new(temporary: str, target: str, pieces: Iterable[bytes | memoryview], like: os.stat_result | None = None) -> None:
    """Writes and syncs the temporary file, so that renaming it is all that remains; `like` has the mode and the owner that it gets."""
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with _step(target, "creating the file"):
        descriptor = os.open(temporary, how, 0o666 if like is None else 0o600)
    try:
        if like is not None:
            with _step(target, "giving it its owner and mode"):
                _liken(descriptor, like)
        with _step(target, "writing the content"):
            for piece in pieces:
                write_all(descriptor, piece)
        with _step(target, "flushing it to the disk"):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _liken(descriptor: int, like: os.stat_result) -> None:
    """Gives a new file the owner and the mode of another. Raises OSError where the owner is somebody else, who would lose the file."""
    if hasattr(os, "fchown"):  # Windows has neither
        about = os.fstat(descriptor)
        if (about.st_uid, about.st_gid) != (like.st_uid, like.st_gid):
            os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))


def append_line(path: PathLike, line: str) -> None:
    """Add a line to a log file (`metrics.jsonl`), in one write. Raises `Mistake` with `WriteFailed`."""
    target = os.fspath(path)
    with _step(target, "opening the file"):
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), 0o666)
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


@contextmanager
def new_folder(path: PathLike) -> Iterator[Path]:
    """A folder to fill, which is given its name `path` once all is in it; where that fails, no trace of it stays.

    Nothing, or an empty folder, stands at `path`. Until then all lies beside that, or inside, under a temporary name. Raises `Mistake` with
    `WriteFailed`, which names the files as they would be.
    """
    import shutil
    from pathlib import Path

    target = Path(path)
    home = target if os.path.isdir(target) else target.parent
    temporary = home / f".{os.path.basename(os.path.abspath(target))}.{os.getpid()}.tmp"
    missing = [folder for folder in (home, *home.parents) if not os.path.exists(folder)]
    moved: list[Path] = []
    try:
        with _naming_final(temporary, target):
            shutil.rmtree(temporary, ignore_errors=True)
            make_folder(temporary)
            yield temporary
            with _step(os.fspath(target), "renaming it into place"):
                _move_folder(temporary, target, moved)
    except BaseException:
        remove_paths([temporary, *moved])
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise
    sync_folder(os.fspath(home))


def _move_folder(temporary: Path, target: Path, moved: list[Path]) -> None:
    """Gives a folder its name; where an empty one has it, which may be a disk of its own, what is inside moves there, and is noted."""
    if temporary.parent != target:
        os.rename(temporary, target)
        moved.append(target)
        return
    for name in sorted(os.listdir(temporary)):
        os.rename(temporary / name, target / name)
        moved.append(target / name)
    os.rmdir(temporary)


def remove_paths(paths: Iterable[PathLike]) -> None:
    """Removes files, and folders with all that is in them, as far as that goes."""
    import shutil

    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            os.unlink(path)


@contextmanager
def _naming_final(temporary: Path, target: Path) -> Iterator[None]:
    """A failed write inside of a temporary folder is told by the name that the file would have had."""
    try:
        yield
    except Mistake as mistake:
        problem, begin = mistake.diagnostic, os.fspath(temporary)
        if not isinstance(problem, WriteFailed) or not problem.path.startswith(begin):
            raise
        raise Mistake(replace(problem, path=os.fspath(target) + problem.path[len(begin) :])) from mistake


def refuse_existing(path: PathLike, instead: str = "choose another name") -> None:
    """Raise `Mistake` with `AlreadyExists` when something (an empty folder does not count) stands at `path`, and with `WriteFailed` when
    nothing can.
    """
    with _step(os.fspath(path), "looking at what stands there"), suppress(NotADirectoryError, FileNotFoundError):
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
    except ValueError:  # half a character, or a zero byte
        raise Mistake(WriteFailed(path=path, step=step, reason=_NO_NAME)) from None


def _fail(path: str, step: str, error: OSError) -> NoReturn:
    problem = WriteFailed(path=path, step=step, reason=_reason(error))
    repair = _REPAIRS.get(error.errno or 0)
    raise Mistake(problem if repair is None else replace(problem, repair=repair)) from error


_REPAIRS = {errno.EROFS: "choose a folder on a disk that is not read-only"}
_REPAIRS |= {errno.ENOENT: "make the folder first, or choose another one"}
_REPAIRS |= dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "a file stands in the place of a folder: choose another one")
_REPAIRS |= {errno.EISDIR: "a folder stands there: choose another name"}
_REPAIRS |= dict.fromkeys((errno.EACCES, errno.EPERM), "get the right to write there, or choose another folder")
"""What to do about what the operating system says, where making room is no help."""


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
