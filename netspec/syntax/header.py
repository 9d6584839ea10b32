"""Reads the first line of a spec, `netspec 1`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.record import field, record
from netspec.source import Span
from netspec.syntax import problems
from netspec.syntax.lexer import Lexed
from netspec.syntax.token import Token

VERSION = 1
"""The version of the language that this netspec reads."""


@record
class Header:
    """What the first line says."""

    version: tuple[Token, ...] | None
    """The tokens of the version to read the file as; None where it is newer than ours."""
    next: int
    """Index of the first token behind the line."""
    start: int = 0
    problems: list[Diagnostic] = field(default_factory=list)


def read_header(lexed: Lexed) -> Header:
    """The header; a missing or misspelt one is a problem, and the file is read as of our version."""
    tokens = lexed.tokens
    ends = (i for i, t in enumerate(tokens) if t.type == "SEP" and i + 1 in lexed.starts)  # not one inside an open brace
    end = next(ends, len(tokens))
    line = tokens[:end]
    if not any(t.type == "NETSPEC" for t in line[:1]) and not any(map(_like_netspec, line[:3])):
        return _add_missing(lexed, tokens[0] if tokens else None)
    start = line[0].start_pos or 0
    span = Span(lexed.source, start, line[-1].end_pos or 0)
    plain = len(line) == 2 and line[0].type == "NETSPEC" and _is_number(line[1])
    if not plain:
        known = [p for p in lexed.problems if span.start <= p.at.start <= span.end]
        found: list[Diagnostic] = [] if known else [problems.BadVersion(at=span, found=span.text, known=VERSION)]
        return Header(_tokens(start, start), end, start, found)
    if int(line[1]) > VERSION:
        return Header(None, end, start, [problems.NewerVersion(at=span, found=str(line[1]), known=VERSION)])
    found = [describe_older(span, int(line[1]))] if int(line[1]) < VERSION else []
    return Header((line[0], line[1]), end, start, found)


def _is_number(token: Token) -> bool:
    """Digits of ours, as few as a number may have."""
    return token.isascii() and token.isdigit() and len(token) <= LIMITS.number_digits


def describe_older(at: Span, found: int) -> Diagnostic:
    """The problem of a file in an older version; it is read as of ours all the same."""
    from netspec.diagnostics.text.versions import OlderVersion

    return OlderVersion(at=at, found=str(found), known=VERSION)


def _like_netspec(word: Token) -> bool:
    """`netspec`, `Netspec`, `netspce`: the first word of a file, perhaps misspelt."""
    from netspec.diagnostics.suggestions.nearest import nearest

    return word.type == "NAME" and bool(nearest(str(word), ["netspec"], aliases={}))


def _add_missing(lexed: Lexed, first: Token | None) -> Header:
    """The header of a file that has none, which is read as one of this version."""
    at = Span(lexed.source, 0, 0) if first is None else Span(lexed.source, first.start_pos or 0, first.end_pos or 0)
    problem = problems.MissingVersion(at=at, empty=first is None, known=VERSION)
    tokens = _tokens(0, 0)
    if first is not None:
        tokens += (Token("SEP", "", 0, end_pos=0),)
    return Header(tokens, 0, -1, [problem])


def _tokens(start: int, end: int) -> tuple[Token, ...]:
    """The words of the header that should have stood there."""
    return Token("NETSPEC", "netspec", start, end_pos=end), Token("NUMBER", str(VERSION), start, end_pos=end)
