"""Writes problems in one of the formats that `netspec check --format` offers. Floor 0."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import render_text

WRITERS = {
    "concise": "concise_lines.to_concise",
    "json": "json_report.to_json",
    "jsonl": "json_report.to_json_lines",
    "sarif": "sarif_report.to_sarif",
    "github": "github_annotations.to_github",
    "junit": "junit_report.to_junit",
    "markdown": "markdown_report.to_markdown",
}
"""The function of this package that writes a format; it is imported when it is asked for."""
OF_FILES = ("junit", "markdown")
"""Formats that speak of files without problems too."""
FORMATS = ("full", *WRITERS)


def render(diagnostics: Iterable[Diagnostic], format: str, color: bool = False, width: int = 100, files: Sequence[str] = ()) -> str:
    """The problems in one of `FORMATS`. Colour and width count for `full` only, the paths of all files that were looked at for those
    `OF_FILES`."""
    if format == "full":
        return render_text(diagnostics, color=color, width=width)
    module, _, name = WRITERS[format].partition(".")
    write = getattr(importlib.import_module(f"netspec.diagnostics.drawing.{module}"), name)
    return write(diagnostics, files) if format in OF_FILES else write(diagnostics)
