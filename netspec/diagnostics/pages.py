"""Reads the pages of problems in `docs/problems/`, one for each phase, in which each problem has a section. Floor 0.

`## unknown-argument` begins a section: what it means, then cases. Each case is a wrong spec or a situation (a block called `bad`), what
netspec says (`diagnostic`), what the proposed edits make of the spec (`repaired`), and what is right (`good`). A block with the name of a
file gives one that the next case needs; headings `###` begin further cases. The tests run all of them.
"""

from __future__ import annotations

import re
from functools import cache

from netspec.files import data_file
from netspec.record import record

FOLDER = "docs/problems"
PHASES = ("text", "names", "calls", "shapes", "training", "data", "running")
"""In the order in which a spec goes through them."""
_TITLE = re.compile(r"^## +(\S+) *\n", re.MULTILINE)


@record
class Section:
    """What a page says of one problem."""

    slug: str
    phase: str
    text: str
    """Markdown, without the heading."""

    @property
    def meaning(self) -> str:
        """The first paragraph: what the problem is, on one line."""
        return join_lines(self.text)

    @property
    def summary(self) -> str:
        """Its first sentence."""
        return re.split(r"(?<=[.…]) (?=[A-Z`])", self.meaning, maxsplit=1)[0]

    @property
    def severity(self) -> str:
        """ "error" or "warning", as netspec says it."""
        return "warning" if f"\nwarning[{self.slug}]" in self.text else "error"

    @property
    def main(self) -> str:
        """The text before the further cases."""
        return self.text.split("\n### ")[0].rstrip() + "\n"

    @property
    def further(self) -> list[str]:
        """The titles of the further cases."""
        return re.findall(r"^### +(.*)$", self.text, re.MULTILINE)


@cache
def read_page(phase: str) -> str:
    """The page of a phase. Raises `Mistake` with `BrokenInstallation` where it is missing."""
    return data_file(f"{FOLDER}/{phase}.md").read_text(encoding="utf-8")


def introduce(phase: str) -> str:
    """What the problems of a phase have in common, on one line."""
    return join_lines(_TITLE.split(read_page(phase), maxsplit=1)[0].split("\n", 1)[1])


@cache
def read_sections() -> dict[str, Section]:
    """Slug -> section, page by page."""
    return {section.slug: section for phase in PHASES for section in split_page(phase)}


def split_page(phase: str) -> list[Section]:
    """The sections of a page in order."""
    _, *parts = _TITLE.split(read_page(phase))
    return [Section(slug, phase, text.strip("\n") + "\n") for slug, text in zip(parts[::2], parts[1::2], strict=True)]


def join_lines(text: str) -> str:
    """The first paragraph of a text, on one line."""
    return " ".join(text.strip().split("\n\n")[0].split())
