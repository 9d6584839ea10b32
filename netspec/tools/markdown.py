"""Writes pieces of Markdown as GitHub and GitLab read it. Floor 5.

Whatever a spec holds stands as code, in a fence or between backticks: there no link, image, mention or tag begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.drawing.text import say_count
from netspec.limits import LIMITS


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


def fit(groups: Iterable[Sequence[str]], where: str, largest: int | None = None) -> str:
    """As many whole parts as a comment takes, in their order, and how many are left out; `where` says what shows them. Of a group whose
    first part has no room, none is kept."""
    room = (LIMITS.comment_characters if largest is None else largest) - len(where) - 50
    kept, left = [], 0
    for group in groups:
        for place, part in enumerate(group):
            if len(part) + 2 > room and not place:
                left += len(group)
                break
            if len(part) + 2 > room:
                left += 1
            else:
                room -= len(part) + 2
                kept.append(part)
    return "\n\n".join([*kept, *([f"… {say_count(left, 'part')} left out, see {where}."] if left else [])])


def fit_items(items: Sequence[str], largest: int) -> list[str]:
    """The first items of a list, and how many more there are where they have no room."""
    room = largest
    for number, item in enumerate(items):
        room -= len(item) + 1
        if room < 0:
            return [*items[:number], f"- and {len(items) - number:,} more"]
    return list(items)


BAR = "\\|"
"""A bar in a cell, in code as well."""
