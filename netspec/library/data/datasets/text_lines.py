"""Plain text, one example a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.lazy import np
from netspec.library.base import Dataset, Example, Learned
from netspec.library.data.columns import LENGTH, Ragged, join_columns
from netspec.library.data.datasets.text_file import Files, find_all, text_lines_of
from netspec.shape import TensorType


class TextLines(Dataset):
    """The lines of a text file, one example each: UTF-8, plain, .gz or .zst; several files are one text.

    Fields: `text` u8[B, N], the bytes of the line without its end, and `length` i32[B], how many there are. Empty lines are left out. A
    model of bytes works on `text` as it is; `bpe` and `sentencepiece` make tokens of it. The file is in the data folder, which may have it
    with `.gz` or `.zst` behind its name. Bytes that are no UTF-8 are an error that names the file and the line.
    """

    endings = (".txt", ".text")

    file: Files
    """The file's path in the data folder; several in a list, or by a pattern with `*`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(file="train.txt")), Example(cls(file="books/all.txt.gz")))

    def fields(self) -> dict[str, TensorType]:
        return {"text": TensorType("u8", ("B", "N")), LENGTH: TensorType("i32", ("B",))}

    def load(self, folder: Path | None) -> dict[str, Any]:
        names = (self.file,) if isinstance(self.file, str) else self.file
        lines = join_columns([_full_lines(path) for name in names for path in find_all(folder, name, self.op_name())])
        return {"text": lines, LENGTH: lines.lengths.astype(np.int32)}

    def texts_of(self, field: str, ids: Sequence[Sequence[int]], known: Learned | None = None) -> list[str] | None:
        """Bytes as text, up to a 0, which is what stands behind a line in a batch."""
        if field != "text":
            return None
        return [bytes(min(max(byte, 0), 255) for byte in row).split(b"\0")[0].decode("utf-8", "replace") for row in ids]

    def recognised_by(self, folder: Path) -> dict[str, list[str]]:
        lines = self.load(folder)["text"]
        return {"text": [row.tobytes().decode() for row in lines.rows(np.arange(len(lines)))]}


def _full_lines(path: Path) -> Ragged:
    """The lines of a file that are not empty. Raises `Mistake` where none is."""
    lines = text_lines_of(path)
    found = lines.select(np.flatnonzero(lines.lengths))
    if not len(found):
        raise Mistake(NoRecords(file=str(path)))
    return found
