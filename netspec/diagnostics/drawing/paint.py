"""Writes ANSI colours for diagnostics and tables without a terminal library, because `check` must start fast. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from netspec.record import field, record

ANSI: Mapping[str, str] = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "strong": "1",
    "gutter": "1;34",
    "second": "1;34",
}

Cell = tuple[str, str]
"""A drawn character and the name of its style ("" for none)."""


@record
class Paint:
    """Wraps text in the escape codes of a named style; with an empty table text stays plain."""

    codes: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, style: str, text: str) -> str:
        code = self.codes.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text

    def cells(self, cells: Iterable[Cell]) -> str:
        """Styled characters as text, with trailing blanks removed."""
        trimmed = list(cells)
        while trimmed and trimmed[-1][0] == " ":
            trimmed.pop()
        runs = groupby(trimmed, key=lambda c: c[1])
        return "".join(self(style, "".join(c for c, _ in run)) for style, run in runs)


PLAIN = Paint()
COLOR = Paint(ANSI)
