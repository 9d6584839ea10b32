"""Tells what kind of data a file holds, and looks at it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.looks import NotLookedAt, OptionNotKept
from netspec.files import read_start
from netspec.library.data.datasets.image_folder import ENDINGS
from netspec.library.data.datasets.packed_file import PACKED
from netspec.record import replace
from netspec.tools.data_files.look import Look

KINDS = {
    ".csv": "table_spec:look",
    ".tsv": "table_spec:look",
    ".jsonl": "json_files:look",
    ".ndjson": "json_files:look",
    ".npz": "arrays:look",
    ".npy": "single_arrays:look",
    ".conllu": "texts:look_at_sentences",
    ".conll": "texts:look_at_sentences",
    ".txt": "texts:look_at_lines",
    ".text": "texts:look_at_lines",
}
"""Which function looks at a file, by the end of its name."""
OTHERS = {
    **dict.fromkeys((".parquet", ".pq"), 'declare it by `hf_dataset(file="…", …)`'),
    **dict.fromkeys((".array_record", ".arrayrecord"), "declare it by `array_record(…)`"),
    **dict.fromkeys((".tfrecord", ".tfrecords", ".tf_record"), "declare it by `tf_record(…)`"),
    **dict.fromkeys(sorted(ENDINGS), "look at the folder that has one folder of pictures for each class"),
}
"""What to do about files that are data as well, but are not looked at."""


def kind_of(path: Path) -> str:
    """Which function looks at this file: by its name, else by how it begins; text where nothing else is known."""
    if path.is_dir():
        return "pictures:look"
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    if suffixes and suffixes[-1] in KINDS:
        return KINDS[suffixes[-1]]
    start = read_start(path, 1 << 12)
    if start.startswith(b"PK"):
        return KINDS[".npz"]
    if start.startswith(b"\x93NUMPY"):
        return KINDS[".npy"]
    ending = suffixes[-1] if suffixes else ""
    if ending in OTHERS or b"\0" in start and path.suffix.lower() not in PACKED:
        raise Mistake(NotLookedAt(file=str(path), instead=OTHERS.get(ending, "")))
    return KINDS[".txt"]


SEVERAL = ("table_spec:look", "json_files:look", "single_arrays:look", "texts:look_at_lines", "texts:look_at_sentences")
"""Those whose datasets read several files at once."""


SERIES = ("table_spec:look",)
"""Those that look for a series."""


def look_at(paths: Sequence[Path], tests: Sequence[Path], label: str, horizon: int | None = None) -> Look:
    """What the files hold; `horizon` is how many lines ahead the label is to be predicted. Raises `Mistake` for files that are not as they
    should be."""
    kind = kind_of(paths[0])
    if horizon and kind not in SERIES:
        why = f"only the lines of tables are taken for a series, and `{paths[0].name}` is none"
        raise Mistake(OptionNotKept(option=f"--horizon {horizon}", why=why, instead="leave it out"))
    module, name = kind.split(":")
    read = paths if kind in SEVERAL else paths[:1]
    found = getattr(importlib.import_module(f"netspec.tools.data_files.{module}"), name)(
        read, tests, label, **({"horizon": horizon} if kind in SERIES else {})
    )
    left = [f"`{path}` is left out: one such file is read at a time" for path in paths[len(read) :]]
    left += [f"`{path}` is left out: one file is evaluated" for path in tests[1:]]
    return replace(found, warnings=(*left, *found.warnings)) if left else found
