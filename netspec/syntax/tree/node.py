"""Defines what every node has: a place in the text, comments, a name."""

from __future__ import annotations

from netspec.record import field, record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class Node:
    """Anything that stands at a place of the text."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


class Comment(str):
    """The text of a comment, which knows where it stands: two remarks of the same words are two."""

    __slots__ = ("end", "start")

    start: int
    """Offset of its `#` in the source."""
    end: int

    def __new__(cls, text: str, start: int, end: int) -> Comment:
        new = str.__new__(cls, text)
        new.start, new.end = start, end
        return new

    def __getnewargs__(self) -> tuple[str, int, int]:
        """For copies, and for another process."""
        return str(self), self.start, self.end


@record
class Comments:
    """Comments of a statement, section, stage or setting, each with its `#` or `##`; those that were read are of the class `Comment`."""

    before: tuple[str, ...] = ()
    """Lines above it; `##` lines are its doc. An empty string is one blank line kept between comments."""
    after: str = ""
    """On its last line, behind it."""


NO_COMMENTS = Comments()


@record(kw_only=True)
class Commented(Node):
    """A node that comments can belong to: a statement, a section, a stage."""

    comments: Comments = NO_COMMENTS
    blank_before: bool = field(default=False, compare=False)
    """An empty line stood above (the formatter keeps at most one)."""


@record(kw_only=True)
class Named(Commented):
    """A node that names something."""

    name_span: Span = field(default=NOWHERE, compare=False, repr=False)
