"""The first line of a spec: `netspec 1`."""

from __future__ import annotations

from dataclasses import dataclass, field

from lark import Token

from netspec.syntax import problems
from netspec.diagnostics.base import Diagnostic
from netspec.source import Span
from netspec.syntax.lexer import Lexed

VERSION = 1
"""The version of the language that this netspec reads."""


@dataclass(frozen=True)
class Header:
    """What the first line says."""

    version: tuple[Token, ...] | None
    """The tokens of the version to read the file as; None where it is newer than ours."""
    next: int
    """Index of the first token behind the line."""
    start: int = 0
    problems: list[Diagnostic] = field(default_factory=list)


def read_header(lexed: Lexed) -> Header:
    """The header; a missing one is a problem, and the file is read as of our version."""
    tokens = lexed.tokens
    first = next((i for i, t in enumerate(tokens) if t.type == "NETSPEC" and i in lexed.starts), None)
    if first != 0:
        return _missing(lexed, tokens[0] if tokens else None)
    end = next((i for i, t in enumerate(tokens) if t.type == "SEP"), len(tokens))
    number = tokens[1] if end > 1 else None
    span = Span(lexed.source, tokens[0].start_pos or 0, tokens[end - 1].end_pos or 0)
    start = tokens[0].start_pos or 0
    if number is None or end > 2 or not str(number).isdigit() or int(number) < VERSION:
        found = problems.BadVersion(at=span, found=span.text, known=VERSION)
        return Header(_tokens(start, start), end, start, [found])
    if int(number) > VERSION:
        return Header(None, end, start, [problems.NewerVersion(at=span, found=str(number), known=VERSION)])
    return Header((tokens[0], number), end, start)


def _missing(lexed: Lexed, first: Token | None) -> Header:
    at = Span(lexed.source, 0, 0) if first is None else Span(lexed.source, first.start_pos or 0, first.end_pos or 0)
    problem = problems.MissingVersion(at=at, empty=first is None, known=VERSION)
    tokens = _tokens(0, 0)
    if first is not None:
        tokens += (Token("SEP", "", 0, end_pos=0),)
    return Header(tokens, 0, -1, [problem])


def _tokens(start: int, end: int) -> tuple[Token, ...]:
    return Token("NETSPEC", "netspec", start, end_pos=end), Token("NUMBER", str(VERSION), start, end_pos=end)
