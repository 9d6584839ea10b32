"""Writes pieces of Markdown as GitHub and GitLab read it. Floor 5.

Whatever a spec holds stands as code, in a fence or between backticks: there no link, image, mention or tag begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.drawing.cells import escape


def code(text: str) -> str:
    """Text as a span of code on one line, between more backticks than it holds; nothing for no text."""
    if not text.strip():
        return ""
    safe = escape(text)
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", safe)), default=0))
    room = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{ticks}{room}{safe}{room}{ticks}"


def fence(text: str, language: str = "") -> str:
    """Lines of text between fences that none of them ends."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    return f"{'`' * (longest + 1)}{language}\n{text.rstrip(chr(10))}\n{'`' * (longest + 1)}"


def write_table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """A table; the first columns are words, the others numbers, flush right. The cells are Markdown."""
    rule = [":--" if k < left else "--:" for k in range(len(headings))]
    return [f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |" for cells in (headings, rule, *rows)]


BAR = "\\|"
"""A bar in a cell, in code as well."""
