"""Where text came from: a `Source` is one spec's text, a `Span` a piece of it. Floor 0."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from functools import cached_property

from netspec.record import record


@record(eq=False)
class Source:
    """The text of one spec. `text` is decoded, without BOM, with `\\n` line ends; offsets count its characters."""

    path: str
    text: str

    @cached_property
    def starts(self) -> list[int]:
        """Offset of each line's first character."""
        return [0, *(i + 1 for i, c in enumerate(self.text) if c == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1, columns in characters."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) without its line end."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end]

    def __repr__(self) -> str:
        return f"Source({self.path!r})"


NO_SOURCE = Source("<none>", "")


@record
class Span:
    """Half-open range [start, end) of characters of a source."""

    source: Source = field(repr=False, compare=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    def to(self, other: Span) -> Span:
        """The span from this one's start to the other's end."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"


NOWHERE = Span(NO_SOURCE, 0, 0)
