"""Keeps where text came from: a `Source` is one spec's text, a `Span` a piece of it. Floor 0."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Any

from netspec.record import field, record

if TYPE_CHECKING:
    from netspec.json_text import Pointers


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

    def span(self, start: int, end: int) -> Span:
        """A piece of the text: the characters [start, end)."""
        return Span(self, start, end)

    @cached_property
    def pointers(self) -> Pointers | None:
        """The JSON pointers of its places; None for a text that is not JSON."""
        if not self.path.endswith(".json"):
            return None
        from netspec.json_text import pointers  # only specs in JSON need it

        return pointers(self)

    def __repr__(self) -> str:
        return f"Source({self.path!r})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        """No source stays no source in another process: whoever asks compares by identity."""
        return "NO_SOURCE" if self is NO_SOURCE else super().__reduce_ex__(protocol)


NO_SOURCE = Source("<none>", "")
COMMAND_LINE = "--set "
"""Beginning of the path of a source that is a value of the command line."""


@record
class Span:
    """Half-open range [start, end) of characters of a source."""

    source: Source = field(repr=False, compare=False)
    start: int
    end: int

    def __init__(self, source: Source, start: int, end: int) -> None:
        own = self.__dict__  # a large file has a hundred thousand spans, and this takes a tenth of what records share
        own["source"], own["start"], own["end"] = source, start, end

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

    @property
    def pointer(self) -> str | None:
        """The JSON pointer of its start, for a text that is JSON: `/sections/2/body/0/value`."""
        pointers = self.source.pointers
        return None if pointers is None else pointers.at(self.start)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """`NOWHERE` stays what it is in another process, as `NO_SOURCE` does."""
        return "NOWHERE" if self is NOWHERE else super().__reduce_ex__(protocol)

    def __str__(self) -> str:
        """`m.net:12:8`; of a JSON text with the pointer: `m.json:12:8 (#/sections/0/body/2/value)`."""
        from netspec.diagnostics.drawing.cells import escape  # the name of a file may hold anything

        pointer = self.pointer
        return f"{escape(self.source.path)}:{self.line}:{self.column}" + (f" (#{pointer})" if pointer is not None else "")


@record
class Meant(Span):
    """A span whose source writes its text otherwise: an expression that JSON has as an object, or as a string with escapes."""

    meaning: str = field(default="", compare=False, repr=False)

    @property
    def text(self) -> str:
        return self.meaning


NOWHERE = Span(NO_SOURCE, 0, 0)
