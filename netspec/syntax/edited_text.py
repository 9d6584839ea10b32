"""Reads a text as it would be after edits, with every place in the text as it is.

A statement in another language's form is read as what it means here, so that nothing behind it is wrong because of it; its words carry the
places of what was written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from netspec.diagnostics.base import Edit
from netspec.source import Source


class EditedText:
    """The text of a source after edits that do not overlap."""

    def __init__(self, source: Source, edits: Iterable[Edit]) -> None:
        self.source = source
        parts: list[str] = []
        self._begins: list[int] = [0]
        """Where each piece begins in the new text: one that stays, one that is put in, and so on by turns."""
        self._places: list[tuple[int, int]] = [(0, 0)]
        """Where the piece stands in the source; of one that stays only the start is asked for."""
        length = end = 0
        for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
            stays = source.text[end : edit.span.start]
            parts += [stays, edit.text]
            length += len(stays)
            self._piece(length, (edit.span.start, edit.span.end))
            length += len(edit.text)
            end = edit.span.end
            self._piece(length, (end, end))
        self.text = "".join([*parts, source.text[end:]])

    def _piece(self, begin: int, place: tuple[int, int]) -> None:
        self._begins.append(begin)
        self._places.append(place)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters [start, end) of the new text stand in the source; of new words what they stand for."""
        first, last = bisect_right(self._begins, start) - 1, bisect_right(self._begins, max(end - 1, start)) - 1
        if first % 2 == 0 and last == first:
            shift = self._places[first][0] - self._begins[first]
            return start + shift, end + shift
        begin = self._places[first][0] + (0 if first % 2 else start - self._begins[first])
        close = self._places[last][1] + (0 if last % 2 else end - self._begins[last])
        return begin, max(begin, close)
