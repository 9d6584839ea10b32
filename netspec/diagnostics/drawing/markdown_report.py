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
    """What is wrong file by file: line, problem, and what to type in its place; as many problems as a comment takes."""
    ordered = sort_problems(diagnostics)
    looked = say_count(len(files), "file")
    if not ordered:
        return f"### netspec check\n\n✅ No problems in {looked}.\n"
    sign = SIGN["error" if any(p.severity == "error" for p in ordered) else "warning"]
    head = f"### netspec check\n\n{sign} {summarize(ordered)}" + (f" {looked} checked." if files else "")
    tables, shown = _tables(ordered, LIMITS.comment_characters - len(head) - 100)
    more = [f"… and {len(ordered) - shown:,} more, not shown."] if len(ordered) > shown else []
    return "\n\n".join([head, *("\n".join(table) for table in tables), *more]) + "\n"


def _tables(ordered: Sequence[Diagnostic], room: int) -> tuple[list[list[str]], int]:
    """A table for each file, with whole rows as far as there is room, and how many rows there are."""
    tables: dict[str, list[str]] = {}
    rows = write_fitting(ordered, LIMITS.problems, _row)
    for number, (problem, row) in enumerate(zip(ordered, rows, strict=False)):
        path = problem.at.source.path if has_place(problem) else ""
        lines = [row] if path in tables else [*_begin_table(path), row]
        room -= sum(len(line) + 2 for line in lines)
        if room < 0:
            return list(tables.values()), number
        tables.setdefault(path, []).extend(lines)
    return list(tables.values()), len(rows)


def _begin_table(path: str) -> list[str]:
    """The head of a file's problems."""
    title = [f"#### {write_code(path_text(path))}", ""] if path else []
    return [*title, "| line | problem | help |", "|---:|---|---|"]


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
        parts += [escape_words(text[last : match.start()]), write_code(match[1])]
        last = match.end()
    return "".join([*parts, escape_words(text[last:])])


def write_code(text: str) -> str:
    """Code inside of a line or a cell: nothing in it is Markdown, HTML, or the end of the cell. Within the element Markdown goes on, so all
    is escaped as in a sentence; backticks would keep bars from being escaped."""
    return f"<code>{escape_markdown(text).replace(BAR, '&#124;').replace(TICK, '&#96;')}</code>"


BAR, TICK = "\\|", "\\`"


def escape_words(text: str) -> str:
    """A sentence, in which a code host looks for commits too; in code it does not."""
    return _COMMIT.sub(lambda found: "\u200b".join(re.findall(".{1,6}", found[0])), escape_markdown(text))


_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b", re.IGNORECASE)
"""What may be a commit: of fewer characters none is known."""


def escape_markdown(text: str) -> str:
    """Text that no reader of Markdown or HTML takes for anything else: a name with an `@` calls nobody, an address or the number of an
    issue is no link. What code hosts find in the finished page is parted by a space without width, since no escape is left there."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _FOUND.sub("\\g<0>\u200b", re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", text))


_FOUND = re.compile(r"@|\bwww(?=\.)|:(?=//)|\#(?=[0-9])|\bGH-(?=[0-9])", re.IGNORECASE)
"""Where code hosts find a mention, an address, an issue: what stands before the space."""
