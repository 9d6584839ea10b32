"""Applies the repairs that problems propose to a spec's file, for `netspec check --fix`. Floor 6."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from netspec.cli.terminal import report, tell, write_line
from netspec.compile import check_readable
from netspec.diagnostics.base import Diagnostic, Edit, Mistake
from netspec.diagnostics.drawing.text import say_count
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.diagnostics.running.files import WriteFailed
from netspec.files import read_bytes, rewrite
from netspec.source import Source, Span

ROUNDS = 10
"""So often repairs may uncover the next ones: each round mends a problem at least, and nobody reads on behind so many."""

Check = Callable[[Source], Sequence[Diagnostic]]


def fix_file(path: str, plugins: Sequence[str]) -> int:
    """Writes the repairs into a file, and says so; 2 where it cannot be written. One that cannot be read is left to the check behind it."""
    try:
        before, _, text, gone, left = _mended(path, plugins)
        if gone > 0:
            rewrite(path, before, text)
            tell(f"mended {path}: {say_count(gone, 'problem')}")
        tell_guesses(path, left)
    except Mistake as mistake:
        return report([mistake.diagnostic]) if isinstance(mistake.diagnostic, WriteFailed) else 0
    return 0


def show_fixes(path: str, plugins: Sequence[str]) -> int:
    """Prints what the repairs would change in a file, and the problems that they leave; 1 where there are any, as `diff` has it."""
    try:
        _, old, new, gone, left = _mended(path, plugins)
    except Mistake as mistake:
        return report([mistake.diagnostic])
    if gone > 0:
        for line in difflib.unified_diff(old.splitlines(), new.removeprefix("\ufeff").splitlines(), path, path, lineterm=""):
            write_line(line)
    code = report(left)
    tell_guesses(path, left)
    return max(int(gone > 0), code)


def tell_guesses(path: str, left: Sequence[Diagnostic]) -> None:
    """Says how many of the problems that are left have a repair that is not written unasked."""
    count = sum(problem.held is not None and problem.held.guess for problem in left)
    if count:
        tell(f"left {path}: {say_count(count, 'problem')} whose repair holds a value that only a person knows; its help shows one")


def _mended(path: str, plugins: Sequence[str]) -> tuple[bytes, str, str, int, Sequence[Diagnostic]]:
    """A file's bytes, its text, the text behind the repairs that its problems propose, how many problems go with them, and those left."""
    before = read_bytes(path)
    checked = check_readable(path, plugins=plugins)
    file = Source(path, before.decode(errors="replace"))
    text, gone, left = mend(checked.source, file, checked.problems, lambda source: check_readable(source, plugins=plugins).problems)
    return before, checked.source.text, text, gone, left


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
