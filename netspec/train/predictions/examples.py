"""Holds what was read to be predicted: the fields of the run's dataset, and what a person knows the examples by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.library.data.columns import Table
from netspec.record import record


class Elements(list[Any]):
    """What an answer says of each element of a sequence, such as the tags of the words of a sentence: a line each in a table."""


@record(eq=False)
class Examples:
    """The examples of one file, or the pictures of several."""

    table: Table
    """The fields of the dataset that the model's inputs are made of."""
    beside: Mapping[str, Sequence[Any]]
    """Columns that stand before the answers: the file, the number of the row or line, the text."""
    file: str = ""
    """The one that they come from; "": each from its own."""

    def __len__(self) -> int:
        return len(next(iter(self.table.values())))

    def place(self, index: int) -> tuple[str, str]:
        """The file of an example, and where in it, as `row 3`."""
        named = ((name, self.beside[name][index]) for name in ("row", "line") if name in self.beside)
        where = next((f"{name} {number}" for name, number in named), "")
        return self.file or str(self.beside["file"][index]), where
