"""Writes problems as workflow commands of GitHub Actions, which shows them at their lines. Floor 0."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.cells import visible
from netspec.diagnostics.drawing.json_report import write_fitting
from netspec.diagnostics.drawing.repository_paths import path_in_repository
from netspec.diagnostics.drawing.text import describe_trail, has_place, say_count, sort_problems
from netspec.limits import LIMITS


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command per problem (`::error file=…,line=…,col=…,title=…::…`), a line each."""
    ordered = sort_problems(diagnostics)
    lines = write_fitting(ordered, LIMITS.problems, _annotation)
    omitted = len(ordered) - len(lines)
    return "\n".join([*lines, f"::notice::{say_count(omitted, 'more problem')}, not shown"] if omitted else lines)


def _annotation(diagnostic: Diagnostic) -> str:
    properties: dict[str, Any] = {}
    if has_place(diagnostic):
        end_line, end_column = diagnostic.at.source.position(diagnostic.at.end)
        file = path_in_repository(diagnostic.at.source.path).replace(os.sep, "/")
        properties = {"file": file, "line": diagnostic.at.line, "col": diagnostic.at.column}
        properties |= {"endLine": end_line} | ({"endColumn": end_column} if end_line == diagnostic.at.line else {})
    properties["title"] = diagnostic.slug()
    fields = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{diagnostic.severity} {fields}::{_escape_data(_annotation_text(diagnostic))}"


def _annotation_text(diagnostic: Diagnostic) -> str:
    diagnostic = diagnostic.in_words()
    seen = [f"{p.span}: {p.text}" for p in diagnostic.places() if p.text]
    repair = diagnostic.help()
    pointer = diagnostic.at.pointer
    at = [f"at #{pointer}"] if pointer is not None else []
    return "\n".join([diagnostic.message(), *at, *seen, *describe_trail(diagnostic.trail), *([f"help: {repair}"] if repair else [])])


def _escape_data(text: str) -> str:
    lines = "\n".join(visible(line) for line in text.split("\n"))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
