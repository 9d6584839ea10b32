"""One hostile text tried: what `check` says of it, drawn in every format, and what the formatter makes of it."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType

from netspec.compile import Checked, check
from netspec.cost import cost
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.ir.verify import verify_all
from netspec.source import NO_SOURCE
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.syntax.source_reader import read_source
from netspec.syntax.tree import File
from netspec.syntax.tree_walk import strip_parens

LIMIT = 2.0
"""Seconds of processor time that `check` may take for one input with all its drawings, and the formatter again."""


class Broken(Exception):
    """A law that the input breaks, in words."""


class TooLong(BaseException):
    """The input takes more time than it may; no handler of the compiler catches it."""


@dataclass
class Trial:
    """What happened to one input."""

    broken: str = ""
    """The law that it breaks, and where; empty when all hold."""
    accepted: bool = False
    seconds: float = 0.0
    slugs: set[str] = field(default_factory=set)


def attempt(content: bytes, limit: float = LIMIT) -> Trial:
    """Try the content of a file; checking and formatting may each take `limit` seconds of processor time."""
    trial = Trial()
    start = time.process_time()
    try:
        with alarm(limit):
            checked = _answer(content, trial)
        trial.seconds = time.process_time() - start
        start = time.process_time()
        if checked.file is not None:
            with alarm(limit):
                _formats(checked.file, checked)
    except Broken as broken:
        trial.broken = str(broken)
    except TooLong:
        trial.broken = "too long: " + where(5)
    except Exception as error:
        trial.broken = f"{type(error).__name__}: {str(error)[:200]} at " + where(5)
    trial.seconds = max(trial.seconds, time.process_time() - start)
    if trial.seconds > limit and not trial.broken:
        trial.broken = f"took {trial.seconds:.1f} s"
    return trial


def where(depth: int) -> str:
    """The innermost lines of the present traceback, for a report."""
    import sys

    frames = traceback.extract_tb(sys.exc_info()[2])[-depth:]
    return " < ".join(f"{frame.filename.rpartition('netspec/')[2]}:{frame.lineno}" for frame in reversed(frames))


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises `TooLong` in what runs longer, in seconds of processor time; again every second, since Python swallows what is raised while
    it collects garbage."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _answer(content: bytes, trial: Trial) -> Checked:
    source, unreadable = read_source("mutant.net", content)
    checked = check(source)
    problems = (*unreadable, *checked.problems)
    trial.slugs = {p.slug() for p in problems}
    trial.accepted = checked.ok and not unreadable
    for problem in problems:
        _placed(problem)
    for kind in FORMATS:
        render(problems, kind)
    _sound(checked, problems)
    return checked


def _placed(problem: Diagnostic) -> None:
    """A problem stands in the text: it has a line and a column."""
    at = problem.at
    if at.source is NO_SOURCE or not 0 <= at.start <= at.end <= len(at.source.text) or min(at.line, at.column) < 1:
        raise Broken(f"{problem.slug()} has no place: {at.start}..{at.end} of {at.source}")


def _sound(checked: Checked, problems: tuple[Diagnostic, ...]) -> None:
    """No program without an error that says why; a program without errors keeps the rules of the IR and has a cost."""
    if checked.typed is None and all(p.severity != "error" for p in problems):
        raise Broken("there is no program, and no error says why")
    if checked.ok and checked.typed is not None:
        verify_all(checked.typed)
        for body in checked.typed.models.values():
            cost(body)


def _formats(file: File, checked: Checked) -> None:
    """What parses without a problem is written so that it reads the same."""
    if parse(checked.source)[1]:
        return
    text = print_file(file)
    again, problems = parse(replace(checked.source, text=text))
    if again is None or problems:
        raise Broken(f"the formatter's text does not parse: {[p.message() for p in problems][:3]}")
    if strip_parens(again) != strip_parens(file):
        raise Broken("the formatter's text means something else")
    if print_file(again) != text:
        raise Broken("the formatter is not idempotent")
