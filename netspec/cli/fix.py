"""Applies the repairs that problems propose to a spec's file, and formats it behind them, for `netspec check --fix`. Floor 6."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from netspec.cli.demands import Demands
from netspec.cli.terminal import report, tell, write_line
from netspec.compile import Checked, check_readable
from netspec.diagnostics.base import Diagnostic, Edit, Mistake
from netspec.diagnostics.drawing.text import say_count
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.diagnostics.running.files import WriteFailed
from netspec.files import read_bytes, rewrite
from netspec.record import record, replace
from netspec.source import Source, Span
from netspec.syntax.formatted_text import format_content

ROUNDS = 10
"""So often repairs may uncover the next ones: each round mends a problem at least, and nobody reads on behind so many."""

Check = Callable[[Source], Sequence[Diagnostic]]


@record
class Mended:
    """A file as it is, and as `--fix` leaves it."""

    before: bytes
    after: bytes
    gone: int
    """So many problems go with the repairs that were written."""
    formatted: bool
    """Behind them the file was brought into the one style of the language."""
    left: Sequence[Diagnostic]
    """The problems that it has then."""


def fix_file(path: str, demands: Demands) -> int:
    """Writes the repairs and the formatting into a file, and says so; 2 where it cannot be written. One that cannot be read is left to the
    check behind it."""
    try:
        mended = mend_file(path, demands)
        if mended.after != mended.before:
            rewrite(path, mended.before, mended.after.decode())
            tell_changes(path, mended, "mended", "formatted")
        tell_guesses(path, mended.left)
    except Mistake as mistake:
        return report([mistake.diagnostic]) if isinstance(mistake.diagnostic, WriteFailed) else 0
    return 0


def show_fixes(path: str, demands: Demands) -> int:
    """Prints what would change in a file, and the problems that would be left; 1 where there are any, as `diff` has it."""
    try:
        mended = mend_file(path, demands)
    except Mistake as mistake:
        return report([mistake.diagnostic])
    if mended.after != mended.before:
        old, new = (content.decode("utf-8-sig").splitlines() for content in (mended.before, mended.after))
        for line in difflib.unified_diff(old, new, path, path, lineterm=""):
            write_line(line)
        unseen = ": its line ends or its byte order mark" if old == new else ""
        tell_changes(path, mended, "would mend", "would format", unseen)
    code = report(mended.left)
    tell_guesses(path, mended.left)
    return max(int(mended.after != mended.before), code)


def tell_changes(path: str, mended: Mended, mend_word: str, format_word: str, more: str = "") -> None:
    """Says what repairs did to a file, and what the formatter did, in a line each."""
    if mended.gone:
        tell(f"{mend_word} {path}: {say_count(mended.gone, 'problem')}")
    if mended.formatted:
        tell(f"{format_word} {path}{more}")


def tell_guesses(path: str, left: Sequence[Diagnostic]) -> None:
    """Says how many of the problems that are left have a repair that is not written unasked."""
    count = sum(problem.held is not None and problem.held.guess for problem in left)
    if count:
        tell(f"left {path}: {say_count(count, 'problem')} whose repair holds a value that only a person knows; its help shows one")


def mend_file(path: str, demands: Demands) -> Mended:
    """A file behind the repairs that those of its problems propose which count, and behind the formatter where the repository has not said
    no to it. A text that cannot be read as a spec stays to the byte, its repairs apart. Raises `Mistake` for a file that cannot be read."""
    before = read_bytes(path)

    def check(source: Source | str) -> Checked:
        checked = check_readable(source, plugins=demands.plugins)
        return replace(checked, problems=tuple(filter(demands.counts, checked.problems)))

    checked = check(path)
    file = Source(path, before.decode(errors="replace"))
    text, gone, left = mend(checked.source, file, checked.problems, lambda source: check(source).problems)
    mended, gone, left = (text.encode(), gone, left) if gone > 0 else (before, 0, checked.problems)
    formatted = format_content(path, mended)[0] if demands.formatted else None
    if formatted is None or formatted.encode() == mended:
        return Mended(before, mended, gone, False, left)
    return Mended(before, formatted.encode(), gone, True, check(Source(path, formatted)).problems)


def mend(source: Source, file: Source, problems: Sequence[Diagnostic], check: Check) -> tuple[str, int, Sequence[Diagnostic]]:
    """The text of the file that the source was read from, behind all repairs that held when they were tried and are no guesses, also those
    that others uncovered; how many problems went, and which are left."""
    before = len(problems)
    for _ in range(ROUNDS):
        if not (edits := _own_edits(source, problems)):
            break
        file = Source(file.path, apply_edits(file, edits_as_written(source, file, edits)))
        source = Source(source.path, apply_edits(source, edits))
        problems = check(source)
    return file.text, before - len(problems), problems


def _own_edits(source: Source, problems: Sequence[Diagnostic]) -> list[Edit]:
    """Repairs of this file that were tried: what was not may lead to the next problem, and nobody looks at it here before it is done. A
    guess is for a person to look at."""
    known = [problem for problem in problems if problem.tried and problem.held is not None and not problem.held.guess]
    return [edit for problem in known for edit in edits_of(problem) if edit.span.source is source]


def edits_as_written(source: Source, file: Source, edits: Sequence[Edit]) -> list[Edit]:
    """The edits of a source as those of its file, which may begin with a byte order mark and mix line ends: what no edit touches stays to
    the byte. A new line ends as the one before it, in whose place it stands."""
    ends = list(LINE_END.finditer(file.text))
    starts = [len(file.text) - len(file.text.removeprefix("\ufeff")), *(end.end() for end in ends)]

    def place(offset: int) -> int:
        line, column = source.position(offset)
        return starts[line - 1] + column - 1

    def written(edit: Edit) -> Edit:
        line = min(edit.span.line, len(ends))
        end = ends[line - 1][0] if ends else "\n"
        return Edit(Span(file, place(edit.span.start), place(edit.span.end)), edit.text.replace("\n", end))

    return [written(edit) for edit in edits]


LINE_END = re.compile(r"\r\n|\r|\n")
