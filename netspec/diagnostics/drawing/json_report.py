"""Writes problems as JSON: one object, or one line for each problem. Floor 0.

Lines and columns count from 1, columns in Unicode characters, ends are exclusive. What is too much is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.diagnostics.drawing.text import sort_problems
from netspec.diagnostics.edits import edits_of
from netspec.limits import LIMITS
from netspec.source import NO_SOURCE, Span


def write_fitting(diagnostics: Sequence[Diagnostic], limit: int, write: Any) -> list[Any]:
    """What `write` makes of each problem, up to `limit` of them and `LIMITS.report_characters` together."""
    written, size = [], 0
    for diagnostic in diagnostics[:limit]:
        item = write(diagnostic)
        size += len(item) if isinstance(item, str) else len(json_of(item))
        if size > LIMITS.report_characters:
            break
        written.append(item)
    return written


def json_of(data: Any, indent: int | None = 2) -> str:
    """Data as JSON."""
    import json  # not needed to draw text

    return json.dumps(data, indent=indent)


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """`{"problems": [one object per problem], "errors": 1, "warnings": 0, "omitted": 0}`."""
    ordered = sort_problems(diagnostics)
    problems = write_fitting(ordered, LIMITS.problems, to_object)
    warnings = sum(d.severity == "warning" for d in ordered)
    counts = {"errors": len(ordered) - warnings, "warnings": warnings, "omitted": len(ordered) - len(problems)}
    return json_of({"problems": problems, **counts})


def to_object(diagnostic: Diagnostic) -> dict[str, Any]:
    """One problem as plain data. `path` is null for one that belongs to no file; then it has no line."""
    words = diagnostic.in_words()
    return {
        "slug": diagnostic.slug(),
        "severity": diagnostic.severity,
        "message": words.message(),
        "label": words.label(),
        **_position(diagnostic.at),
        "places": [_place(p) for p in words.places()],
        "chain": [_place(p) for p in words.chain],
        "trail": [_place(p) for p in words.trail],
        "help": words.help(),
        "edits": [_edit(e) for e in edits_of(diagnostic)],
    }


def _position(span: Span) -> dict[str, Any]:
    if span.source is NO_SOURCE:
        return {"path": None}
    end_line, end_column = span.source.position(span.end)
    end = {"line": end_line, "column": end_column}
    place = {"path": path_text(span.source.path), "line": span.line, "column": span.column, "end": end}
    return place if span.pointer is None else {**place, "pointer": span.pointer}


def path_text(path: str) -> str:
    """A path as text that every reader of JSON takes: bytes that are no UTF-8 stand as `\\xff`."""
    return path_bytes(path).decode("utf-8", "backslashreplace")


def path_bytes(path: str) -> bytes:
    """A path as the system has it; half a character, which no system has, stands as its code."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "backslashreplace")


def _place(place: Place) -> dict[str, Any]:
    return {**_position(place.span), "text": place.text}


def _edit(edit: Edit) -> dict[str, Any]:
    return {**_position(edit.span), "text": edit.text}


def to_json_lines(diagnostics: Iterable[Diagnostic]) -> str:
    """One object per problem, a line each; a last one counts those that were left out, where there are any: `{"omitted": 3}`."""
    ordered = sort_problems(diagnostics)
    lines = write_fitting(ordered, LIMITS.problems, lambda problem: json_of(to_object(problem), None))
    omitted = len(ordered) - len(lines)
    return "\n".join([*lines, json_of({"omitted": omitted}, None)] if omitted else lines)
