"""The cases of the pages of problems, by slug."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from netspec.diagnostics.pages import FOLDER as PLACE
from netspec.diagnostics.pages import PHASES, read_page, read_sections
from tests.literate import Case, cases

FOLDER = Path(__file__).resolve().parents[2] / PLACE


@cache
def page_cases(phase: str) -> list[Case]:
    return cases(read_page(phase))


@cache
def _by_slug() -> dict[str, list[tuple[int, Case]]]:
    """Slug -> its cases, each with its number in the page."""
    found: dict[str, list[tuple[int, Case]]] = {slug: [] for slug in read_sections()}
    for phase in PHASES:
        text = read_page(phase)
        heads = [(text.count("\n", 0, m.start()) + 1, m[1]) for m in re.finditer(r"^## (\S+)$", text, re.MULTILINE)]
        for number, case in enumerate(page_cases(phase)):
            slug = next(slug for line, slug in reversed(heads) if line < case.line)
            found[slug].append((number, case))
    return found


def numbered(slug: str) -> list[tuple[int, Case]]:
    return _by_slug()[slug]


def cases_of(slug: str) -> list[Case]:
    return [case for _, case in numbered(slug)]


def specs(*roles: str) -> list[tuple[str, str]]:
    """(slug, text) of every spec in text form that stands in these roles: bad, repaired, good."""
    blocks = [(slug, block) for slug in read_sections() for case in cases_of(slug) for block in (case.spec, *case.expected, *case.good)]
    wanted = [(slug, block) for slug, block in blocks if block.language == "net" and block.options & set(roles)]
    return [(slug, block.content().decode("utf-8", "replace")) for slug, block in wanted]
