"""Unpacks files of data that gzip or Zstandard compressed, as far as a limit: what such a file holds is known only once it is unpacked."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import CorruptData
from netspec.diagnostics.data.texts import UnpacksTooFar
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.library.data.datasets.data_file import describe_damage

PACKED = (".gz", ".zst")
"""Endings of compressed files."""
MARK_BYTES = 4
"""How many bytes at its beginning tell how a file is compressed."""


def names(name: str) -> tuple[str, ...]:
    """A file's name, and those that would do as well: the same with the ending of a compressed file."""
    return (name,) if name.endswith(PACKED) else (name, *(name + ending for ending in PACKED))


def without_packing(name: str) -> str:
    """A file's name without the ending of a compressed file."""
    return next((name.removesuffix(ending) for ending in PACKED if name.endswith(ending)), name)


def unpacker_of(start: bytes) -> Callable[[Path, BinaryIO, int], bytes] | None:
    """What unpacks a file that begins so; None for a plain one."""
    return next((unpack for mark, unpack in UNPACKERS.items() if start.startswith(mark)), None)


def _unpack_gzip(path: Path, packed: BinaryIO, limit: int) -> bytes:
    """The content of a gzip file. Raises `Mistake` for a damaged one, and for one that grows without end."""
    import gzip
    import zlib

    try:
        with gzip.GzipFile(fileobj=packed) as file:
            return _read(path, file, limit)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Mistake(CorruptData(file=str(path), record=None, reason=describe_damage(error))) from None


def _unpack_zstd(path: Path, packed: BinaryIO, limit: int) -> bytes:
    """The content of a Zstandard file; its package is Python's own from 3.14 on. Raises `Mistake`."""
    zstd = _zstd(path)
    try:
        with zstd.ZstdFile(packed) as file:
            return _read(path, file, limit)
    except (EOFError, zstd.ZstdError) as error:
        raise Mistake(CorruptData(file=str(path), record=None, reason=describe_damage(error))) from None


def _zstd(path: Path) -> Any:
    """The package that unpacks Zstandard. Raises `Mistake` with how to install it."""
    for package in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(package)
        except ImportError:
            continue
    raise Mistake(PackageNeeded(op=path.name, package="backports.zstd", extra="zst"))


def _read(path: Path, file: Any, limit: int) -> bytes:
    """All of a file. Raises `Mistake` where it is more than the limit."""
    found = file.read(limit + 1)
    if len(found) > limit:
        raise Mistake(UnpacksTooFar(file=str(path), limit=limit))
    return found


UNPACKERS = {b"\x1f\x8b": _unpack_gzip, b"\x28\xb5\x2f\xfd": _unpack_zstd}
"""By how a file begins."""
