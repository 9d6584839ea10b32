"""Writes problems as Markdown for a comment on a pull request: a line that counts, and a table per file. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.cells import visible
from netspec.diagnostics.drawing.json_report import path_text, write_fitting
from netspec.diagnostics.drawing.text import has_place, say_count, sort_problems, summarize
from netspec.limits import LIMITS

SIGN = {"error": "❌", "warning": "⚠️"}
_CODE = re.compile(r"`([^`\n]+)`")


def to_markdown(diagnostics: Iterable[Diagnostic], files: Sequence[str]) -> str:
    """What is wrong file by file: line, problem, and what to type in its place."""
    ordered = sort_problems(diagnostics)
    looked = say_count(len(files), "file")
    if not ordered:
        return f"### netspec check\n\n✅ No problems in {looked}.\n"
    rows = write_fitting(ordered, LIMITS.problems, _row)
    by_file: dict[str, list[str]] = {}
    for problem, row in zip(ordered, rows, strict=False):
        by_file.setdefault(problem.at.source.path if has_place(problem) else "", []).append(row)
    sign = SIGN["error" if any(p.severity == "error" for p in ordered) else "warning"]
    head = f"### netspec check\n\n{sign} {summarize(ordered)}" + (f" {looked} checked." if files else "")
    parts = [head, *(_table(path, own) for path, own in by_file.items())]
    if len(ordered) > len(rows):
        parts.append(f"… and {len(ordered) - len(rows):,} more, not shown.")
    return "\n\n".join(parts) + "\n"


def _table(path: str, rows: Sequence[str]) -> str:
    """The problems of a file."""
    title = [f"#### {write_code(path_text(path))}", ""] if path else []
    return "\n".join([*title, "| line | problem | help |", "|---:|---|---|", *rows])


def _row(diagnostic: Diagnostic) -> str:
    words = diagnostic.in_words()
    line = f"{diagnostic.at.line}" if has_place(diagnostic) else ""
    pointer = "" if diagnostic.at.pointer is None else f" ({write_code('#' + diagnostic.at.pointer)})"
    said = f"{SIGN[diagnostic.severity]} {write_code(diagnostic.slug())}: {write_words(words.message())}{pointer}"
    return f"| {line} | {said} | {write_words(words.help() or '')} |"


def write_words(text: str) -> str:
    """Text of a message as Markdown inside of a table: what stands in backticks stays code, everything else stands for itself."""
    text, parts, last = visible(text), [], 0
    for match in _CODE.finditer(text):
        parts += [escape_markdown(text[last : match.start()]), write_code(match[1])]
        last = match.end()
    return "".join([*parts, escape_markdown(text[last:])])


def write_code(text: str) -> str:
    """Code inside of a line or a cell: nothing in it is Markdown, HTML, or the end of the cell. Within the element Markdown goes on, so all
    is escaped as in a sentence; backticks would keep bars from being escaped."""
    return f"<code>{escape_markdown(text).replace(BAR, '&#124;').replace(TICK, '&#96;')}</code>"


BAR, TICK = "\\|", "\\`"


def escape_markdown(text: str) -> str:
    """Text that no reader of Markdown or HTML takes for anything else: a name with an `@` calls nobody, an address or the number of an
    issue is no link. What code hosts find in the finished page is parted by a space without width, since no escape is left there."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _FOUND.sub("\\g<0>\u200b", re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", text))


_FOUND = re.compile(r"@|\bwww(?=\.)|:(?=//)|\#(?=[0-9])|\bGH-(?=[0-9])", re.IGNORECASE)
"""Where code hosts find a mention, an address, an issue: what stands before the space."""
