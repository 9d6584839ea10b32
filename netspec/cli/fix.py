"""Applies the repairs that problems propose to a spec's file, for `netspec check --fix`. Floor 6."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from netspec.cli.terminal import report, tell, write_line
from netspec.compile import check_readable
from netspec.diagnostics.base import Diagnostic, Edit, Mistake
from netspec.diagnostics.drawing.text import say_count
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.diagnostics.running.files import WriteFailed
from netspec.files import read_bytes, rewrite
from netspec.source import Source

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
    """Prints what the repairs would change in a file; 1 where they would, as `diff` has it."""
    try:
        _, old, new, gone, left = _mended(path, plugins)
    except Mistake as mistake:
        return report([mistake.diagnostic])
    if gone > 0:
        for line in difflib.unified_diff(old.splitlines(), new.removeprefix("\ufeff").splitlines(), path, path, lineterm=""):
            write_line(line)
    tell_guesses(path, left)
    return int(gone > 0)


def tell_guesses(path: str, left: Sequence[Diagnostic]) -> None:
    """Says how many of the problems that are left have a repair that is not written unasked."""
    count = sum(problem.held is not None and problem.held.guess for problem in left)
    if count:
        tell(f"left {path}: {say_count(count, 'problem')} whose repair holds a value that only a person knows; its help shows one")


def _mended(path: str, plugins: Sequence[str]) -> tuple[bytes, str, str, int, Sequence[Diagnostic]]:
    """A file's bytes, its text, the text behind the repairs that its problems propose, how many problems go with them, and those left."""
    before = read_bytes(path)
    checked = check_readable(path, plugins=plugins)
    text, gone, left = mend(checked.source, checked.problems, lambda source: check_readable(source, plugins=plugins).problems)
    return before, checked.source.text, as_written(text, before), gone, left


def mend(source: Source, problems: Sequence[Diagnostic], check: Check) -> tuple[str, int, Sequence[Diagnostic]]:
    """The text behind all repairs that held when they were tried and are no guesses, also those that others uncovered; how many problems
    went, and which are left."""
    before = len(problems)
    for _ in range(ROUNDS):
        if not (edits := _own_edits(source, problems)):
            break
        changed = Source(source.path, apply_edits(source, edits))
        source, problems = changed, check(changed)
    return source.text, before - len(problems), problems


def _own_edits(source: Source, problems: Sequence[Diagnostic]) -> list[Edit]:
    """Repairs of this file that were tried: what was not may lead to the next problem, and nobody looks at it here before it is done. A
    guess is for a person to look at."""
    known = [problem for problem in problems if problem.tried and problem.held is not None and not problem.held.guess]
    return [edit for problem in known for edit in edits_of(problem) if edit.span.source is source]


def as_written(text: str, before: bytes) -> str:
    """A repaired text with the line ends and the byte order mark that the file had."""
    lines = text.replace("\n", "\r\n") if b"\r\n" in before else text
    return f"\ufeff{lines}" if before.startswith(b"\xef\xbb\xbf") else lines
