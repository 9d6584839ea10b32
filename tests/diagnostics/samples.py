"""Hand-made problems for the drawing tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import Source, Span


@record(kw_only=True)
class SampleProblem(Diagnostic):
    """A problem whose every part a test chooses."""

    says: str = "something is wrong."
    under: str = ""
    others: tuple[Place, ...] = ()
    repair: str | None = None
    changes: tuple[Edit, ...] = ()

    def in_words(self) -> Self:
        """Its facts are words already, of several lines where a test wants them."""
        return self

    def message(self) -> str:
        return self.says

    def label(self) -> str:
        return self.under

    def places(self) -> Sequence[Place]:
        return self.others

    def help(self) -> str | None:
        return self.repair

    def own_edits(self) -> Sequence[Edit]:
        return self.changes


@record(kw_only=True)
class SampleWarning(SampleProblem):
    severity: ClassVar[str] = "warning"


def find(source: Source, text: str, number: int = 0) -> Span:
    """The span of the given occurrence (from 0) of a text."""
    start = -1
    for _ in range(number + 1):
        start = source.text.index(text, start + 1)
    return Span(source, start, start + len(text))


def source(text: str, path: str = "models/m.net") -> Source:
    return Source(path, text)
