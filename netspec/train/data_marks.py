"""Keeps in `data.json` of a run by what its data can be known again: size, time of change and SHA-256 of each file, or of each array.

A run that goes on with other data is no run of either, so `--resume` compares them. Contents are read as long as all files together have no
more than `LIMITS.digest_bytes`; of what is larger, each file behind that has its size and its time of change alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import DataChanged
from netspec.files import sha256_file, write_atomic
from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.data.columns import Narrow, Ragged
from netspec.library.data.datasets.text_file import matching
from netspec.limits import LIMITS
from netspec.lower.input_arrays import shape_of
from netspec.train.feed import ArrayFeed, BatchFeed, Feed
from netspec.train.strict_json import AsTuple, Digest, FileName, Size, Strict, read_form

NAME = "data.json"
GIVEN_FILE = "--data"
"""The name of the only file where the data folder is none: `arrays` read from an .npz file."""


class Mark(NamedTuple):
    """By what a file or an array is known again."""

    size: int
    time: int | None
    """When the file was changed, in nanoseconds; None for an array."""
    digest: str | None
    """SHA-256 of the content; None for a file behind the limit."""


Marks = Mapping[str, Mark]


class Form(Strict):
    """What stands in the file."""

    format: Literal[1]
    data: dict[FileName, Annotated[tuple[Size, int | None, Digest | None], AsTuple]]


# --- of files --------------------------------------------------------------------------------------------------------


def mark_files(plans: Iterable[DataPlan], folder: Path | None) -> dict[str, Mark]:
    """The marks of every file that the chains of these plans read from the data folder."""
    if folder is None:
        return {}
    paths = {GIVEN_FILE: folder} if folder.is_file() else {n: folder / n for plan in plans for n in _names(plan, folder)}
    found: dict[str, Mark] = {}
    left = LIMITS.digest_bytes
    for name, path in sorted(paths.items()):
        about = path.stat()
        left -= about.st_size
        found[name] = Mark(about.st_size, about.st_mtime_ns, sha256_file(path) if left >= 0 else None)
    return found


def file_sizes(plans: Iterable[DataPlan], folder: Path) -> int:
    """Bytes of all files together that the chains of these plans read."""
    paths = {folder} if folder.is_file() else {folder / name for plan in plans for name in _names(plan, folder)}
    return sum(path.stat().st_size for path in paths)


def _names(plan: DataPlan, folder: Path) -> Iterator[str]:
    """The files of a chain that are there, relative to the data folder; of a folder all in it but hidden ones."""
    for op in (plan.dataset, *plan.transforms):
        for names in op.needs():
            if "*" in names[0]:
                yield from (path.relative_to(folder).as_posix() for path in matching(folder, names[0]))
            name = next((name for name in names if (folder / name).exists()), None)
            if name is not None:
                yield from _below(folder, name) if (folder / name).is_dir() else (name,)


def _below(folder: Path, name: str) -> Iterator[str]:
    """All files in a folder and in those in it."""
    for here, folders, files in os.walk(folder / name):
        folders[:] = [inner for inner in folders if not inner.startswith(".")]
        for file in files:
            path = Path(here) / file
            if not file.startswith(".") and path.is_file():
                yield path.relative_to(folder).as_posix()


# --- of arrays -------------------------------------------------------------------------------------------------------


def is_handed(feed: Feed | None) -> bool:
    """Whether a person handed the data over, so that no file was read for them."""
    return feed is None or isinstance(feed, BatchFeed) or (isinstance(feed, ArrayFeed) and feed.handed is not None)


def mark_arrays(feed: Feed | None, prefix: str = "") -> dict[str, Mark]:
    """The marks of arrays that a person handed over; of an iterable, which would have to be run through, only that it is one."""
    if isinstance(feed, ArrayFeed) and feed.handed is not None:
        return {prefix + name: _mark([values]) for name, values in feed.handed.items()}
    if isinstance(feed, BatchFeed) and isinstance(feed.source, Sequence) and all(isinstance(batch, Mapping) for batch in feed.source):
        names = {name for batch in feed.source for name in batch}
        return {prefix + name: _mark([batch[name] for batch in feed.source if name in batch]) for name in sorted(names)}
    return {f"{prefix}batches": Mark(0, None, None)} if isinstance(feed, BatchFeed) else {}


def _mark(parts: Sequence[Any]) -> Mark:
    """The mark of values that follow one another: their types, shapes and the bytes of the first `LIMITS.digest_bytes`."""
    digest, size = hashlib.sha256(), 0
    for array in (array for part in parts for array in _arrays(part)):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8) if array.size else np.zeros(0, np.uint8)
        digest.update(flat.data[: max(LIMITS.digest_bytes - size, 0)])
        size += array.nbytes
    return Mark(size, None, digest.hexdigest())


def _arrays(values: Any) -> tuple[Any, ...]:
    """The arrays that a column of a table is made of."""
    if isinstance(values, Ragged):
        return values.values, values.starts, values.lengths
    if isinstance(values, list | tuple) and any(shape_of(row) != shape_of(values[0]) for row in values):
        return tuple(inner for row in values for inner in _arrays(row))
    try:
        array = np.asarray(values.values if isinstance(values, Narrow) else values)
    except (ValueError, TypeError, OverflowError):  # no array, as training will say
        return ()
    return (array if array.dtype.kind != "O" else np.frombuffer(repr(values).encode(), np.uint8),)


# --- kept in a run ---------------------------------------------------------------------------------------------------


def keep_marks(run: Path, marks: Marks) -> None:
    """Write the marks of a run's data, or compare them with those that stand there. Raises `Mistake` with `DataChanged`."""
    path = run / NAME
    if not os.path.lexists(path):
        write_atomic(path, json.dumps({"format": 1, "data": marks}) + "\n")
    elif found := compare(read_marks(run), marks):
        raise Mistake(DataChanged(run=str(run), file=str(path), differences=found))


def read_marks(run: Path) -> dict[str, Mark]:
    """The marks of a run's data; none where they were not kept. Raises `Mistake` for a damaged file."""
    if not os.path.lexists(run / NAME):
        return {}
    return {name: Mark(*mark) for name, mark in read_form(run / NAME, Form).data.items()}


def compare(before: Marks, now: Marks) -> tuple[str, ...]:
    """What is another now, one line each."""
    gone = [f"{name}: it is not there any more" for name in before if name not in now]
    new = [f"{name}: it was not there" for name in now if name not in before]
    both = ((name, before[name], mark) for name, mark in now.items() if name in before)
    return (*gone, *new, *(f"{name}: {why}" for name, old, mark in both if (why := _difference(old, mark))))


def _difference(before: Mark, now: Mark) -> str:
    """Why two marks are not of the same content; nothing where they are."""
    if before.size != now.size:
        return f"it has {now.size:,} bytes, and had {before.size:,}"
    if before.digest is not None and now.digest is not None:
        return "" if before.digest == now.digest else "its content is another"
    if before.time == now.time:
        return ""
    return "it was changed or copied (data as large as these are known by their sizes and times alone)"
