"""Writes problems as SARIF 2.1.0 (OASIS 2020), which code hosts show beside the lines of a change. Floor 0."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from netspec import __version__
from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.drawing.cells import visible
from netspec.diagnostics.drawing.json_report import json_of, path_bytes, write_fitting
from netspec.diagnostics.drawing.repository_paths import path_in_repository
from netspec.diagnostics.drawing.text import has_place, sort_problems
from netspec.diagnostics.edits import edits_of
from netspec.limits import LIMITS
from netspec.source import NO_SOURCE, Span

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """One SARIF run; results left out are counted in its properties."""
    ordered = sort_problems(diagnostics)
    seen: Counter[str] = Counter()
    results = write_fitting(ordered, LIMITS.sarif_results, lambda problem: _result(problem, seen))
    classes = {type(d).slug(): type(d) for d in ordered[: len(results)]}
    run = {
        "tool": {"driver": {"name": "netspec", "version": __version__, "rules": [_rule(c) for c in classes.values()]}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"omitted": len(ordered) - len(results)},
    }
    return json_of({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(cls: type[Diagnostic]) -> dict[str, Any]:
    """A kind of problem, with the page that explains it."""
    from netspec.diagnostics.catalog import describe
    from netspec.diagnostics.explanation import find_section

    rule: dict[str, Any] = {"id": cls.slug(), "name": cls.__name__, "defaultConfiguration": {"level": cls.severity}}
    if summary := describe(cls):
        rule |= {"shortDescription": {"text": _sarif_text(summary)}}
    if section := find_section(cls.slug()):
        rule |= {"help": {"text": _sarif_text(section.meaning), "markdown": section.main}}
    return rule


def _result(diagnostic: Diagnostic, seen: Counter[str]) -> dict[str, Any]:
    """A problem; `seen` counts those that are alike, of the same kind in lines of the same words."""
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
        "partialFingerprints": {"problemInLine/v1": _fingerprint(diagnostic, seen)},
    }
    edits = edits_of(diagnostic)
    return {**result, "fixes": [_fix(repair, edits)]} if edits else result


def _fingerprint(diagnostic: Diagnostic, seen: Counter[str]) -> str:
    """By which a host knows a problem again when its line has moved: its kind, its file, and the words of its line."""
    from hashlib import sha256

    line = diagnostic.at.source.line(diagnostic.at.line) if has_place(diagnostic) else diagnostic.message()
    known = "\0".join((diagnostic.slug(), _uri(diagnostic.at.source.path), " ".join(line.split())))
    seen[known] += 1
    return sha256(f"{known}\0{seen[known]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _location(span: Span) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": _artifact(span.source.path), "region": _region(span)}}
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
            "artifactLocation": _artifact(path),
            "replacements": [{"deletedRegion": _region(e.span), "insertedContent": {"text": e.text}} for e in group],
        }
        for path, group in by_path.items()
    ]
    return {"description": {"text": _sarif_text(repair or "repair")}, "artifactChanges": changes}


def _artifact(path: str) -> dict[str, str]:
    """A file: by its path from the root of the repository, or an address of one outside of it."""
    uri = _uri(path)
    return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _uri(path: str) -> str:
    """A path in the repository as a relative reference, another one as a file URI."""
    from urllib.parse import quote

    slashed = path_in_repository(path).replace(os.sep, "/")  # elsewhere a backslash is a character of a name like any other
    return ("file://" if slashed.startswith("/") else "") + quote(path_bytes(slashed))


def _sarif_text(text: str) -> str:
    """SARIF gives braces (placeholders) and `[text](target)` (links) a meaning."""
    return visible(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")
