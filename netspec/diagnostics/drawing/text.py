"""Draws problems as text for people: the lines, carets, second places, where shapes came from, one repair. Floor 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.diagnostics.drawing.cells import visible
from netspec.diagnostics.drawing.paint import COLOR, PLAIN, Paint
from netspec.diagnostics.drawing.snippet import Mark, Piece, cut_pieces, draw_line, merge_pieces
from netspec.limits import LIMITS
from netspec.source import NO_SOURCE, Source


def render_text(diagnostics: Iterable[Diagnostic], color: bool = False, width: int = 100) -> str:
    """All problems in the order of their places, an empty line between them, and a line that counts them; "" for none."""
    ordered = sort_problems(diagnostics)
    paint = COLOR if color else PLAIN
    parts = [render_one(d, paint, width) for d in ordered[: LIMITS.problems]]
    if len(ordered) > LIMITS.problems:
        parts.append(f"… and {len(ordered) - LIMITS.problems:,} more, not shown.")
    if any(has_place(d) for d in ordered):
        parts.append(summarize(ordered))
    return "\n\n".join(parts)


def sort_problems(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Problems without a place first, then file by file as they first appear, in the order of the text."""
    found = list(diagnostics)
    files = {path: i for i, path in enumerate(dict.fromkeys(d.at.source.path for d in found))}
    return sorted(found, key=lambda d: (has_place(d), files[d.at.source.path], d.at.start, d.at.end))


def has_place(diagnostic: Diagnostic) -> bool:
    return diagnostic.at.source is not NO_SOURCE


def summarize(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 problems and 1 warning in 1 file.`"""
    warnings = sum(d.severity == "warning" for d in diagnostics)
    problems = len(diagnostics) - warnings
    files = len({d.at.source.path for d in diagnostics if has_place(d)})
    counts = [say_count(problems, "problem")] if problems or not warnings else []
    counts += [say_count(warnings, "warning")] if warnings else []
    return " and ".join(counts) + (f" in {say_count(files, 'file')}." if files else ".")


def say_count(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `1,000 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def render_one(diagnostic: Diagnostic, paint: Paint = PLAIN, width: int = 100) -> str:
    """One problem: its title, the drawn places, notes and help."""
    severity, diagnostic = diagnostic.severity, diagnostic.in_words()
    first, *more = _cut(diagnostic.message()).split("\n")
    title = paint(severity, f"{severity}[{diagnostic.slug()}]") + paint("strong", f": {visible(first)}")
    if not has_place(diagnostic):
        return "\n".join([title, *map(visible, more), *_notes(diagnostic, 2, paint)])
    sections, gutter = _sections(diagnostic)
    lines = [title, *map(visible, more)]
    for source, at, found in sections:
        lines += _section(source, at, found, gutter, paint, width)
    return "\n".join([*lines, *_notes(diagnostic, gutter, paint)])


Section = tuple[Source, str, list[Piece]]


def _sections(diagnostic: Diagnostic) -> tuple[list[Section], int]:
    """Per file: the source, where its arrow points, and the pieces to draw; and how wide the line numbers are."""
    by_source: dict[Source, list[Mark]] = {}
    for mark in _marks(diagnostic):
        by_source.setdefault(mark.span.source, []).append(mark)
    sections = [(source, str(marks[0].span), merge_pieces(p for m in marks for p in cut_pieces(m))) for source, marks in by_source.items()]
    return sections, max(len(str(p.line)) for _, _, found in sections for p in found)


def _marks(diagnostic: Diagnostic) -> list[Mark]:
    """The guilty place first."""
    guilty = Mark(diagnostic.at, _words(diagnostic.label()), diagnostic.severity)
    others = [*diagnostic.places()[: LIMITS.drawn_places], *choose_chain(diagnostic.chain)]
    return [guilty, *(Mark(p.span, _words(p.text), "second") for p in others if p.span.source is not NO_SOURCE)]


def choose_chain(chain: Sequence[Place]) -> list[Place]:
    """Where a shape came from: places where it changed, at most four, the first and those nearest to the problem."""
    changes = [p for i, p in enumerate(chain) if i == 0 or p.text != chain[i - 1].text]
    if len(changes) <= LIMITS.drawn_changes:
        return changes
    return [changes[0], *changes[-(LIMITS.drawn_changes - 1) :]]


def _section(source: Source, at: str, found: list[Piece], gutter: int, paint: Paint, width: int) -> list[str]:
    empty = paint("gutter", " " * (gutter + 1) + "|")
    lines = [" " * gutter + paint("gutter", "--> ") + visible(at)]
    if not source.text:  # empty, or too large or too strange to show
        return lines
    lines.append(empty)
    before = found[0].line
    for number in dict.fromkeys(p.line for p in found):
        if number - before - 1 > LIMITS.skipped_lines:
            lines.append(paint("gutter", "..."))
        rows = draw_line(source, [p for p in found if p.line == number], max(width - gutter - 3, 20))
        text, *under = [paint.cells(row) for row in rows]
        lines.append((paint("gutter", f"{number:>{gutter}} |") + f" {text}").rstrip())
        lines += [f"{empty} {row}" for row in under]
        before = number
    return lines


def _notes(diagnostic: Diagnostic, gutter: int, paint: Paint) -> list[str]:
    lines = [_note("note", text, gutter, paint) for text in _note_texts(diagnostic)]
    repair = diagnostic.help()
    return [*lines, _note("help", repair, gutter, paint)] if repair else lines


def _note(kind: str, text: str, gutter: int, paint: Paint) -> str:
    """Further lines of a note stand under the first one's words."""
    indent = "\n" + " " * (gutter + len(f" = {kind}: "))
    words = indent.join(visible(line) for line in _cut(text).split("\n"))
    return " " * (gutter + 1) + paint("gutter", "=") + " " + paint("note", f"{kind}:") + f" {words}"


def _note_texts(diagnostic: Diagnostic) -> list[str]:
    more = len(diagnostic.places()) - LIMITS.drawn_places
    texts = [f"and {say_count(more, 'more place')}"] if more > 0 else []
    return texts + describe_trail(diagnostic.trail)


def describe_trail(trail: Sequence[Place]) -> list[str]:
    """`in the call of block `Double` here: m.net:12:8`, innermost first; the middle of a long trail is counted."""
    notes = [f"{place.text.rstrip(':').removesuffix(' here')} here: {place.span}" for place in trail]
    if len(notes) <= LIMITS.drawn_calls:
        return notes
    return [*notes[: LIMITS.drawn_calls - 1], f"and {say_count(len(notes) - LIMITS.drawn_calls, 'call')} between, up to", notes[-1]]


def _words(text: str) -> str:
    return visible(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= LIMITS.message_characters else text[: LIMITS.message_characters - 1] + "…"
