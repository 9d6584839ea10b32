"""Bytes -> Source: strict UTF-8, without BOM, `\\n` line ends, no invisible characters, within the limits of size."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics import syntax as problems
from netspec.diagnostics.base import Diagnostic
from netspec.source import Source, Span

MAX_BYTES, MAX_LINE = 1 << 20, 10_000

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\U000e0000-\U000e007f]"
)
"""C0 and C1 controls but tab and line ends, bidirectional controls, zero-width and tag characters: what a reader cannot see."""
_LONG_LINE = re.compile(rf"^[^\n]{{{MAX_LINE + 1},}}", re.MULTILINE)
_MAX_REPORTS = 20


def read_source(path: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a spec file, and what is wrong with its bytes. After a problem the text is empty: it cannot be trusted."""
    if len(data) > MAX_BYTES:
        source = Source(path, "")
        at = Span(source, 0, 0)
        return source, [problems.TooLarge(at=at, what="bytes in one file", limit=MAX_BYTES, found=len(data))]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _undecodable(path, data, error)
    return read_text(path, text)


def read_text(path: str, text: str) -> tuple[Source, list[Diagnostic]]:
    """The same for text that is decoded already."""
    source = Source(path, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    found = list(_problems(source))[:_MAX_REPORTS]
    return source, found


def _undecodable(path: str, data: bytes, error: UnicodeDecodeError) -> tuple[Source, list[Diagnostic]]:
    before = data[: error.start].decode("utf-8-sig").replace("\r\n", "\n")
    source = Source(path, before)
    at = Span(source, len(before), len(before))
    return source, [problems.InvalidEncoding(at=at, byte=data[error.start], offset=error.start)]


def _problems(source: Source) -> Iterator[Diagnostic]:
    for match in _FORBIDDEN.finditer(source.text):
        yield problems.ForbiddenCharacter(at=Span(source, match.start(), match.end()), code=ord(match[0]))
    for match in _LONG_LINE.finditer(source.text):
        at = Span(source, match.start() + MAX_LINE, match.start() + MAX_LINE + 1)
        yield problems.TooLarge(at=at, what="characters in one line", limit=MAX_LINE, found=len(match[0]))
