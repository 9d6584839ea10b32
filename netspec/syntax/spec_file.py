"""Parses a spec in either form, text or its JSON twin, told apart by the suffix of the path."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax.tree import File

JSON_SUFFIX = ".json"


def parse_spec(source: Source) -> tuple[File | None, list[Diagnostic]]:
    """The tree of a spec and the problems of its text; of a `.json` source those of its JSON. Never raises on bad text."""
    if source.path.endswith(JSON_SUFFIX):
        from netspec.syntax.twin_reader import parse_json

        return parse_json(source)
    from netspec.syntax.parser import parse

    return parse(source)
