"""Defines the error that is raised for a bad spec: it carries all problems, and prints them as drawn text. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic


class SpecError(Exception):
    """What `compile()` raises on a bad spec: the same problems that `check()` returns."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(diagnostics[0].message() if diagnostics else "bad spec")

    def __str__(self) -> str:
        from netspec.diagnostics.drawing.text import render_text

        return "\n" + render_text(self.diagnostics)
