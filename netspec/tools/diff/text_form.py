"""Writes a difference as text for a terminal. Floor 5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.diagnostics.drawing.cells import escape, width
from netspec.tools.diff.difference import Difference, ModelChange
from netspec.tools.diff.words import (
    Code,
    Line,
    Phrase,
    cost_rows,
    definition_lines,
    layer_lines,
    other_lines,
    section_lines,
    verdict_lines,
)
from netspec.tools.text_drawing import pad


def write_text(found: Difference) -> str:
    """The difference, a part for each model and section."""
    head = f"{escape(found.before)} -> {escape(found.after)}"
    moved = list(_lines(definition_lines(found.definitions), 1))
    if found.same:
        return "\n".join([f"{head}: same", *moved])
    parts = [[head, *moved]]
    parts += [list(_model(model)) for model in found.models]
    parts += [[f"model {name}: removed"] for name in map(escape, found.removed)]
    for change in found.trains:
        parts.append([f"{escape(change.name)}: {change.what}", *_lines(section_lines(change), 1)])
    for offer in found.offered:
        parts.append([f"{escape(offer.name)}: {offer.what}, for files that import it", *(f"    {escape(line)}" for line in offer.lines)])
    return "\n\n".join("\n".join(part) for part in parts)


def _model(model: ModelChange) -> Iterator[str]:
    """A model's lines."""
    if model.is_new:
        yield f"model {escape(model.name)}: added"
        yield from _costs(model)
        return
    was = f", was {escape(model.was)}" if model.was != model.name else ""
    yield f"model {escape(model.name)}{was}: {model.state}"
    yield from _lines((*other_lines(model), *layer_lines(model)), 1)
    if not model.same:
        yield from _costs(model)
    if model.verdict is not None:
        yield f"  checkpoint: {model.verdict.kind}"
        yield from _lines(verdict_lines(model.verdict), 2)


def _costs(model: ModelChange) -> Iterator[str]:
    """The costs in columns."""
    rows = [("", "before", "after", "change"), *cost_rows(model.before, model.after)]
    if model.before is None:
        rows = [(name, "", after, "") for name, _, after, _ in rows[1:]]
    widths = [max(width(row[k]) for row in rows) for k in range(4)]
    for row in rows:
        yield ("  " + "  ".join(pad(cell, columns, k == 0) for k, (cell, columns) in enumerate(zip(row, widths, strict=True)))).rstrip()


def _lines(lines: Iterable[Line], depth: int) -> Iterator[str]:
    """Lines, and what stands below them."""
    margin = "  " * depth
    for line in lines:
        yield f"{margin}{line.sign + ' ' if line.sign else ''}{say(line.phrase)}".rstrip()
        yield from (f"{margin}    {say(phrase)}" for phrase in line.below)


def say(phrase: Phrase) -> str:
    """A phrase as plain words; what is of a spec stays in its line and steers no terminal."""
    return "".join(escape(piece.text) if isinstance(piece, Code) else escape(piece) for piece in phrase)
