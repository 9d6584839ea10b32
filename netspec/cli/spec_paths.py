"""Finds the specs that a command line means: files as they are named, and what of a folder is a spec. Floor 6."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from netspec.diagnostics.base import Diagnostic, Mistake

SPEC_SUFFIXES = (".net", ".netspec")
TWIN = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*(?:"\$schema"\s*:\s*"[^"]*"\s*,\s*)?"netspec"\s*:')


def spec_paths(files: Iterable[str]) -> Iterator[str]:
    """The files as given, each once; a folder stands for the specs in it at any depth, in alphabetical order."""
    seen: set[tuple[str, str]] = set()
    folder_of = lru_cache(maxsize=None)(_real)
    for path in _find(files):
        folder, name = os.path.split(path)
        if (place := (folder_of(folder), name)) not in seen:
            seen.add(place)
            yield path


def find_empty(files: Iterable[str]) -> list[Diagnostic]:
    """The folders among them in which there is no spec."""
    from netspec.diagnostics.running.files import NoSpecs

    return [NoSpecs(path=file) for file in dict.fromkeys(files) if os.path.isdir(file) and next(_find_specs(file), None) is None]


def _real(folder: str) -> str:
    """Where a folder lies, whatever it is called; as it is called where it cannot be one."""
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):
        return folder


def _find(files: Iterable[str]) -> Iterator[str]:
    for file in files:
        if os.path.isdir(file):
            yield from _find_specs(file)
        else:
            yield file


def _find_specs(folder: str) -> Iterator[str]:
    """The specs of a folder and of those in it, in the order of their names; hidden folders are left out. A folder that cannot be looked
    into stands for itself: whoever reads it says why not."""
    closed: list[str] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: closed.append(error.filename)):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        yield from (path for f in sorted(files) if is_spec(path := os.path.join(here, f)))
    yield from closed


def is_spec(path: str) -> bool:
    """A file of a folder is a spec by its suffix; a `.json`, which may be anything, by its first key: `"netspec"`, behind a `"$schema"`."""
    return path.endswith(SPEC_SUFFIXES) or (path.endswith(".json") and TWIN.match(_read_beginning(path)) is not None)


def _read_beginning(path: str) -> bytes:
    """What a file begins with, which tells whether it is a spec; nothing of one that cannot be read."""
    from netspec.files import read_start

    try:
        return read_start(path, 4096)
    except Mistake:
        return b""
