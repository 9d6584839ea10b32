"""Writes each problem on one line, as compilers do: `path:line:column: severity[slug] message`. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.cells import escape, visible
from netspec.diagnostics.drawing.json_report import write_fitting
from netspec.diagnostics.drawing.text import has_place, sort_problems, summarize
from netspec.limits import LIMITS


def to_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """A line per problem, and one that counts those of files; "" for none."""
    ordered = sort_problems(diagnostics)
    lines = write_fitting(ordered, LIMITS.problems, _line)
    omitted = len(ordered) - len(lines)
    more = [f"… and {omitted:,} more, not shown."] if omitted else []
    counted = [summarize(ordered)] if any(map(has_place, ordered)) else []
    return "\n".join([*lines, *more, *counted])


def _line(diagnostic: Diagnostic) -> str:
    at = diagnostic.at
    place = f"{escape(at.source.path)}:{at.line}:{at.column}: " if has_place(diagnostic) else ""
    pointer = "" if at.pointer is None else f" (#{escape(at.pointer)})"
    return f"{place}{diagnostic.severity}[{diagnostic.slug()}] {visible(diagnostic.in_words().message())}{pointer}"
