"""Applies the repairs that diagnostics propose. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.source import Source


def edits_of(diagnostic: Diagnostic) -> list[Edit]:
    """The repair that a problem proposes (`Diagnostic.edits`)."""
    return [*diagnostic.edits()]


def apply_edits(source: Source, edits: Iterable[Edit]) -> str:
    """The source's text after its edits; of two that overlap the first wins, the same edit twice counts once."""
    text, end = [], 0
    mine = {(e.span.start, e.span.end, e.text): e for e in edits if e.span.source.path == source.path}
    for edit in sorted(mine.values(), key=lambda e: (e.span.start, e.span.end)):
        if edit.span.start >= end:
            text += [source.text[end : edit.span.start], edit.text]
            end = edit.span.end
    return "".join([*text, source.text[end:]])


def repair_text(source: Source, diagnostics: Iterable[Diagnostic]) -> str:
    """The source's text with every problem's own repair applied."""
    return apply_edits(source, [edit for diagnostic in diagnostics for edit in edits_of(diagnostic)])
