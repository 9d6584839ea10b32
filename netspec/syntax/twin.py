"""Translates between a spec and its JSON twin, the same tree as objects (DESIGN §3): `to_json` writes it, `to_text` brings it back,
`parse_json` reads it.
"""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.source import Source
from netspec.syntax import tree
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.syntax.twin_reader import parse_json
from netspec.syntax.twin_writer import write_json

__all__ = ["parse_json", "to_json", "to_text"]


def to_json(file: tree.File) -> tuple[str, list[Diagnostic]]:
    """A file's JSON twin, and what JSON does not allow: a name given twice in one call, calls nested too deep. The tree has no `Hole`."""
    text, problems = write_json(file)
    return text, problems or parse_json(Source(file.span.source.path.removesuffix(".net") + ".json", text))[1]


def to_text(file: tree.File) -> tuple[str, list[Diagnostic]]:
    """A file read from JSON in the one style of the language, and what its text form does not allow: brackets nested too deep."""
    text = print_file(file)
    again, problems = parse(Source(file.span.source.path.removesuffix(".json") + ".net", text))
    return (text if again is None else print_file(again)), problems
