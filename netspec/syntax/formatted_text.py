"""Writes a spec's file in the one style of the language, in the form that it has: text, or its JSON twin."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.syntax.printer import print_file
from netspec.syntax.source_reader import read_source
from netspec.syntax.spec_file import JSON_SUFFIX, parse_spec


def format_content(path: str, content: bytes) -> tuple[str | None, list[Diagnostic]]:
    """The text in the language's style; None, with its problems, for a file that cannot be read as a spec."""
    source, problems = read_source(path, content)
    file, more = (None, []) if problems else parse_spec(source)
    if file is None or problems or more:
        return None, [*problems, *more]
    if path.endswith(JSON_SUFFIX):
        from netspec.syntax.twin import to_json

        text, problems = to_json(file)
        return None if problems else text, problems
    return print_file(file), []
