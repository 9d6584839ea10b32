"""Applies the repairs that diagnostics propose. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.source import Source


def edits_of(diagnostic: Diagnostic) -> list[Edit]:
    """The repair that a problem proposes, as edits of the source as it is written. Once the repairs were tried it is the one that held;
    before, only one that is known exactly."""
    if diagnostic.tried:
        return written(diagnostic.held.edits) if diagnostic.held else []
    return written(diagnostic.edits())


def written(edits: Iterable[Edit]) -> list[Edit]:
    """Edits as the source wants them: in JSON, words inside of one string, with JSON's escapes; none where others are among them."""
    edits = list(edits)
    if all(e.raw or e.span.source.pointers is None for e in edits):
        return edits
    return [Edit(e.span, _escape(e.text)) for e in edits] if all(map(_in_string, edits)) else []


def _in_string(edit: Edit) -> bool:
    pointers = edit.span.source.pointers
    return pointers is not None and pointers.in_string(edit.span.start, edit.span.end)


def _escape(text: str) -> str:
    import json  # only specs in JSON need it

    return json.dumps(text, ensure_ascii=False)[1:-1]


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
