"""Tells what kind of data a file holds, and looks at it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from netspec.files import read_start
from netspec.tools.data_files.look import Look, Wish

KINDS = {
    ".csv": "whole_tables:look",
    ".tsv": "whole_tables:look",
    ".npz": "arrays:look",
    ".npy": "single_arrays:look",
    ".conllu": "texts:look_at_sentences",
    ".conll": "texts:look_at_sentences",
    ".txt": "texts:look_at_lines",
    ".text": "texts:look_at_lines",
}
"""Which function looks at a file, by the end of its name."""
PACKED = (".gz", ".zst")


def kind_of(path: Path) -> str:
    """Which function looks at this file: by its name, else by how it begins; text where nothing else is known."""
    if path.is_dir():
        return "pictures:look"
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    if suffixes and suffixes[-1] in KINDS:
        return KINDS[suffixes[-1]]
    start = read_start(path, 6)
    if start.startswith(b"PK"):
        return KINDS[".npz"]
    return KINDS[".npy"] if start == b"\x93NUMPY" else KINDS[".txt"]


def look_at(paths: Sequence[Path], tests: Sequence[Path], wish: Wish) -> Look:
    """What the files hold. Raises `Mistake` for files that are not as they should be."""
    module, name = kind_of(paths[0]).split(":")
    return getattr(importlib.import_module(f"netspec.tools.data_files.{module}"), name)(paths, tests, wish)
