"""Parses a spec in either form, text or its JSON twin, told apart by the suffix of the path."""

from __future__ import annotations

import re

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax.tree import File

JSON_SUFFIX = ".json"


TWIN = re.compile(r'\s*\{\s*(?:"\$schema"\s*:\s*"[^"]*"\s*,\s*)?"netspec"\s*:')
"""What a spec in JSON begins with."""
_FIRST_LINE = re.compile(r"(?:\s+|#[^\n]*(?:\n|\Z))*+([^\n]{0,80})")
"""The first line that is no comment."""


def is_spec(source: Source) -> bool:
    """Whether a text says that it is a spec, if only with a slip. Of one that does not nothing is shown where a stranger chose the file: it
    may be anything, a list of passwords as well.
    """
    if source.path.endswith(JSON_SUFFIX):
        return TWIN.match(source.text) is not None
    from netspec.diagnostics.suggestions.nearest import find_alike, find_same

    line = _FIRST_LINE.match(source.text)
    words = re.findall(r"[A-Za-z]+", line[1])[:3] if line else []
    return any(find_same(word, ["netspec"]) or find_alike(word, ["netspec"]) for word in words)


def parse_spec(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The tree of a spec and the problems of its text; of a `.json` source those of its JSON. Never raises on bad text."""
    if source.path.endswith(JSON_SUFFIX):
        from netspec.syntax.twin_reader import parse_json

        return parse_json(source)
    from netspec.syntax.parser import parse

    return parse(source)


def parse_spec_as_meant(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The same for a check, which also tells of what can be read and means nothing that exists."""
    if source.path.endswith(JSON_SUFFIX):
        return parse_spec(source)
    from netspec.syntax.parser import parse_as_meant

    return parse_as_meant(source)
