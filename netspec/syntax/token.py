"""Defines the words of a spec, as the lexer makes them and the parser reads them."""

from __future__ import annotations

from typing import Any


class Token(str):
    """A word or sign: its text, its kind as the grammar calls it, and where it stands."""

    __slots__ = ("end_pos", "start_pos", "type", "value")

    type: str
    start_pos: int
    end_pos: int
    value: Any
    """The text; of a HOLE the names that it carries."""

    def __new__(cls, type: str, text: str, start_pos: int = 0, *, end_pos: int = 0) -> Token:
        new = str.__new__(cls, text)
        new.type, new.value, new.start_pos, new.end_pos = type, text, start_pos, end_pos
        return new

    def __repr__(self) -> str:
        return f"Token({self.type!r}, {str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Two tokens are equal when their kinds are, too."""
        return str.__eq__(self, other) and (not isinstance(other, Token) or self.type == other.type)

    __hash__ = str.__hash__
