"""Draws lines of a source with marks under them. Floor 0.

A `Mark` is a span with words; marks are cut into `Piece`s, one per line; `draw_line` draws a source line, the row of carets
and dashes under it, and the words, as `rustc` users know it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.drawing.cells import cell, visible, width
from netspec.diagnostics.drawing.paint import Cell
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import Source, Span


@record
class Mark:
    span: Span
    text: str
    style: str
    """ "error" or "warning" for the guilty place (drawn with carets), "second" for others (drawn with dashes)."""


@record
class Piece:
    """The part of a mark on one line: characters [start, end) of line `line`, counted from 0; the last piece has the words."""

    line: int
    start: int
    end: int
    text: str
    style: str


def cut_pieces(mark: Mark) -> list[Piece]:
    """One piece per line that the mark is drawn on."""
    source, start = mark.span.source, mark.span.start
    end = max(start, _without_line_end(mark.span))
    (first, _), (last, _) = source.position(start), source.position(end)
    lines = range(first, last + 1)
    if len(lines) > LIMITS.marked_lines:
        lines = (first, last)
    found = [_piece(mark, line, start, end) for line in lines]
    return [p for i, p in enumerate(found) if i == 0 or p.text or p.end > p.start]


def _without_line_end(span: Span) -> int:
    end = span.end
    while end > span.start and span.source.text[end - 1 : end] == "\n":
        end -= 1
    return end


def _piece(mark: Mark, line: int, start: int, end: int) -> Piece:
    source = mark.span.source
    offset, text = source.starts[line - 1], source.line(line)
    indent = len(text) - len(text.lstrip())
    left = max(start - offset, 0) if start >= offset else indent
    right = min(end - offset, len(text))
    is_last = end <= offset + len(text)
    return Piece(line, left, max(left, right), mark.text if is_last else "", mark.style)


def merge_pieces(found: Iterable[Piece]) -> list[Piece]:
    """Pieces that cover exactly the same characters become one; the guilty style wins."""
    groups: dict[tuple[int, int, int], list[Piece]] = {}
    for piece in found:
        groups.setdefault((piece.line, piece.start, piece.end), []).append(piece)
    return [_merge(group) for _, group in sorted(groups.items())]


def _merge(group: Sequence[Piece]) -> Piece:
    first = group[0]
    texts = dict.fromkeys(p.text for p in group if p.text)
    style = next((p.style for p in group if p.style != "second"), "second")
    return Piece(first.line, first.start, first.end, "; ".join(texts), style)


@record
class View:
    """The drawn part of a line: `text`, and `columns[i]` the column of character `first + i` (one more than characters)."""

    text: str
    first: int
    columns: tuple[int, ...]

    def column(self, character: int) -> int:
        """The column where a character is drawn; those cut off stand at the nearer edge."""
        if character < self.first:
            return 0
        return self.columns[min(character - self.first, len(self.columns) - 1)]


def view(line: str, guilty: Piece, room: int) -> View:
    """The line as drawn, cut with `…` around the guilty piece where it is wider than `room` columns."""
    if len(line) <= room and width(text := "".join(map(cell, line))) <= room:
        return View(text, 0, _columns(line, 0))
    first = _first_character(line, guilty, room)
    lead = 1 if first else 0
    columns = _columns(line[first : first + room], lead)
    fit = sum(c <= room - 1 for c in columns) - 1
    shown = "".join(map(cell, line[first : first + fit]))
    cut_right = first + fit < len(line)
    return View("…" * lead + shown + "…" * cut_right, first, columns[: fit + 1])


def _first_character(line: str, guilty: Piece, room: int) -> int:
    end = min(guilty.end, guilty.start + room // 2)
    if end < room and _columns(line[:end], 0)[-1] < room - 1:
        return 0
    first, columns = guilty.start, 0
    behind = width("".join(map(cell, line[first : first + room])))
    while first > 0 and columns < max(room // 4, room - 2 - behind):
        first -= 1
        columns += width(cell(line[first]))
    return first


def _columns(text: str, lead: int) -> tuple[int, ...]:
    columns = [lead]
    for character in text:
        columns.append(columns[-1] + width(cell(character)))
    return tuple(columns)


def draw_line(source: Source, found: Sequence[Piece], room: int) -> list[list[Cell]]:
    """The source line, the row of marks under it, and the rows of words, as styled characters."""
    guilty = next((p for p in found if p.style != "second"), found[0])
    seen = view(source.line(guilty.line), guilty, room)
    spots = [_Spot(seen.column(p.start), max(seen.column(p.end), seen.column(p.start) + 1), visible(p.text), p.style) for p in found]
    return [[(c, "") for c in seen.text], *_mark_rows(spots)]


@record
class _Spot:
    """A piece in columns of the drawn line."""

    left: int
    right: int
    text: str
    style: str


def _mark_rows(spots: Sequence[_Spot]) -> list[list[Cell]]:
    """A mark inside another one is drawn over it; the guilty one keeps at least its first caret."""
    row: list[Cell] = []
    for spot in sorted(spots, key=lambda s: (s.left - s.right, s.style != "second")):
        sign = "-" if spot.style == "second" else "^"
        for column in range(spot.left, spot.right):
            _put(row, column, sign, spot.style)
    for spot in (s for s in spots if s.style != "second"):
        _put(row, spot.left, "^", spot.style)
    waiting = sorted((s for s in spots if s.text), key=lambda s: (s.left, s.right))
    beside = next((s for s in reversed(waiting) if s.right == len(row)), None)
    if beside:
        waiting.remove(beside)
        _put(row, len(row) + 1, beside.text, beside.style)
    return [row, *_words_below(waiting)]


def _words_below(waiting: list[_Spot]) -> list[list[Cell]]:
    """Words that do not fit beside their mark hang below it on a bar, the rightmost first."""
    rows = [_bars(waiting)] if waiting else []
    while waiting:
        spot = waiting.pop()
        row = _bars(s for s in waiting if s.left < spot.left)
        _put(row, spot.left, spot.text, spot.style)
        rows.append(row)
    return rows


def _bars(spots: Iterable[_Spot]) -> list[Cell]:
    row: list[Cell] = []
    for spot in spots:
        _put(row, spot.left, "|", spot.style)
    return row


def _put(row: list[Cell], column: int, text: str, style: str) -> None:
    row.extend((" ", "") for _ in range(column + len(text) - len(row)))
    row[column : column + len(text)] = [(c, style) for c in text]
