"""Defines the error that is raised for a bad spec: it carries all problems, and prints them as drawn text. At the doors from Python it
stands for the `Mistake` that is raised inside. Floor 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from netspec.diagnostics.base import Diagnostic, Mistake


class SpecError(Exception):
    """What `compile()` raises on a bad spec: the same problems that `check()` returns."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(diagnostics[0].message() if diagnostics else "bad spec")

    def __str__(self) -> str:
        from netspec.diagnostics.drawing.text import render_text

        return "\n" + render_text(self.diagnostics)


@contextmanager
def raise_spec_errors() -> Iterator[None]:
    """Inside, and in a function that it decorates, a `Mistake` is raised as a `SpecError`, whose text is the drawn diagnostic."""
    try:
        yield
    except Mistake as mistake:
        raise SpecError([mistake.diagnostic]) from mistake
