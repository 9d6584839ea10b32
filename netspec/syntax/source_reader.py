"""Reads bytes as a Source: strict UTF-8, without BOM, `\\n` line ends, no invisible characters, within the limits of size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.source import Source, Span
from netspec.syntax import problems

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\U000e0000-\U000e007f]"
)
"""C0 and C1 controls but tab and line ends, bidirectional controls, zero-width and tag characters: what a reader cannot see."""
_LONG_LINE = re.compile(rf"^[^\n]{{{LIMITS.line_characters + 1},}}", re.MULTILINE)


def read_source(path: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    """The text of a spec file, and what is wrong with its bytes.

    What cannot be read is replaced, so that the text can be parsed and shown all the same: an invisible character by a space, a byte
    that is not UTF-8 by `_`. A file beyond the limit of size gives an empty text.
    """
    limit = LIMITS.json_file_bytes if path.endswith(".json") else LIMITS.file_bytes
    if len(data) > limit:
        source = Source(path, "")
        return source, [problems.TooLarge(at=Span(source, 0, 0), what="bytes in one file", limit=limit, found=len(data))]
    try:
        return read_text(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _read_undecodable(path, data, error)


def read_text(path: str, text: str) -> tuple[Source, list[Diagnostic]]:
    """The same for text that is decoded already."""
    written = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    source = Source(path, _FORBIDDEN.sub(" ", written))
    return source, list(islice(_problems(source, written), LIMITS.mistakes))


def find_forbidden(text: str) -> int | None:
    """Index of the first character that a reader cannot see."""
    match = _FORBIDDEN.search(text)
    return None if match is None else match.start()


def _read_undecodable(path: str, data: bytes, error: UnicodeDecodeError) -> tuple[Source, list[Diagnostic]]:
    """The text with `_` for what is not UTF-8, and the place of the first such byte."""
    before, _ = read_text(path, data[: error.start].decode("utf-8-sig"))
    source, found = read_text(path, data.decode("utf-8-sig", errors="replace").replace("\ufffd", "_"))
    place = len(before.text)
    at = Span(source, place, place + 1)
    return source, [problems.InvalidEncoding(at=at, byte=data[error.start], offset=error.start), *found][: LIMITS.mistakes]


def _problems(source: Source, written: str) -> Iterator[Diagnostic]:
    """What a reader of the text could not see, and lines that are too long."""
    for match in _FORBIDDEN.finditer(written):
        yield problems.ForbiddenCharacter(at=Span(source, match.start(), match.end()), code=ord(match[0]))
    for match in _LONG_LINE.finditer("" if source.path.endswith(".json") else source.text):
        at = Span(source, match.start() + LIMITS.line_characters, match.start() + LIMITS.line_characters + 1)
        yield problems.TooLarge(at=at, what="characters in one line", limit=LIMITS.line_characters, found=len(match[0]))
