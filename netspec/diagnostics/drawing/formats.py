"""Writes problems for machines, as JSON, SARIF 2.1.0 and GitHub annotations. Floor 0.

Lines and columns count from 1, columns in Unicode characters, ends are exclusive. What is too much is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.diagnostics.drawing.cells import visible
from netspec.diagnostics.drawing.text import describe_trail, has_place, render_text, say_count, sort_problems
from netspec.diagnostics.edits import edits_of
from netspec.limits import LIMITS
from netspec.source import NO_SOURCE, Span

FORMATS = ("text", "json", "sarif", "github")


def render(diagnostics: Iterable[Diagnostic], format: str, color: bool = False, width: int = 100) -> str:
    """The problems in one of `FORMATS`; colour and width count for text only."""
    if format == "text":
        return render_text(diagnostics, color=color, width=width)
    return {"json": to_json, "sarif": to_sarif, "github": to_github}[format](diagnostics)


def _write_fitting(diagnostics: Sequence[Diagnostic], limit: int, write: Any) -> list[Any]:
    """What `write` makes of each problem, up to `limit` of them and `LIMITS.report_characters` together."""
    written, size = [], 0
    for diagnostic in diagnostics[:limit]:
        item = write(diagnostic)
        size += len(item) if isinstance(item, str) else len(_json(item))
        if size > LIMITS.report_characters:
            break
        written.append(item)
    return written


def _json(data: Any) -> str:
    import json  # not needed to draw text

    return json.dumps(data, indent=2)


# --- JSON ------------------------------------------------------------------------------------------------------------


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """`{"problems": [one object per problem], "errors": 1, "warnings": 0, "omitted": 0}`."""
    ordered = sort_problems(diagnostics)
    problems = _write_fitting(ordered, LIMITS.problems, to_object)
    warnings = sum(d.severity == "warning" for d in ordered)
    counts = {"errors": len(ordered) - warnings, "warnings": warnings, "omitted": len(ordered) - len(problems)}
    return _json({"problems": problems, **counts})


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


# --- SARIF -----------------------------------------------------------------------------------------------------------

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """One SARIF run; results left out are counted in its properties."""
    ordered = sort_problems(diagnostics)
    results = _write_fitting(ordered, LIMITS.sarif_results, _result)
    classes = {type(d).slug(): type(d) for d in ordered[: len(results)]}
    run = {
        "tool": {"driver": {"name": "netspec", "rules": [_rule(c) for c in classes.values()]}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"omitted": len(ordered) - len(results)},
    }
    return _json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(cls: type[Diagnostic]) -> dict[str, Any]:
    from netspec.diagnostics.catalog import describe

    rule = {"id": cls.slug(), "name": cls.__name__, "defaultConfiguration": {"level": cls.severity}}
    summary = describe(cls)
    return {**rule, "shortDescription": {"text": _sarif_text(summary)}} if summary else rule


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    words = diagnostic.in_words()
    others = [*words.places(), *words.chain, *words.trail]
    repair = words.help()
    result: dict[str, Any] = {
        "ruleId": diagnostic.slug(),
        "level": diagnostic.severity,
        "message": {"text": _sarif_text(words.message() + (f" Help: {repair}" if repair else ""))},
        "locations": [_location(diagnostic.at)] if has_place(diagnostic) else [],
        "relatedLocations": [
            {"id": i, **_location(p.span), "message": {"text": _sarif_text(p.text)}}
            for i, p in enumerate(others, 1)
            if p.span.source is not NO_SOURCE
        ],
    }
    edits = edits_of(diagnostic)
    return {**result, "fixes": [_fix(repair, edits)]} if edits else result


def _location(span: Span) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(span.source.path)}, "region": _region(span)}}
    pointer = span.pointer
    return place if pointer is None else {**place, "logicalLocations": [{"fullyQualifiedName": pointer, "kind": "value"}]}


def _region(span: Span) -> dict[str, int]:
    end_line, end_column = span.source.position(span.end)
    return {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column}


def _fix(repair: str | None, edits: Sequence[Edit]) -> dict[str, Any]:
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.span.source.path, []).append(edit)
    changes = [
        {
            "artifactLocation": {"uri": _uri(path)},
            "replacements": [{"deletedRegion": _region(e.span), "insertedContent": {"text": e.text}} for e in group],
        }
        for path, group in by_path.items()
    ]
    return {"description": {"text": _sarif_text(repair or "repair")}, "artifactChanges": changes}


def _uri(path: str) -> str:
    """A relative path as a relative reference, an absolute one as a file URI."""
    from urllib.parse import quote

    slashed = path.replace("\\", "/")
    return ("file://" if slashed.startswith("/") else "") + quote(path_bytes(slashed))


def _sarif_text(text: str) -> str:
    """SARIF gives braces (placeholders) and `[text](target)` (links) a meaning."""
    return visible(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")


# --- GitHub annotations ----------------------------------------------------------------------------------------------


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command per problem (`::error file=…,line=…,col=…,title=…::…`), a line each."""
    ordered = sort_problems(diagnostics)
    lines = _write_fitting(ordered, LIMITS.problems, _annotation)
    omitted = len(ordered) - len(lines)
    return "\n".join([*lines, f"::notice::{say_count(omitted, 'more problem')}, not shown"] if omitted else lines)


def _annotation(diagnostic: Diagnostic) -> str:
    properties: dict[str, Any] = {}
    if has_place(diagnostic):
        end_line, end_column = diagnostic.at.source.position(diagnostic.at.end)
        properties = {"file": diagnostic.at.source.path, "line": diagnostic.at.line, "col": diagnostic.at.column}
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
