"""Pages of pairs: under a heading ```net before and ```net after, ```net before lib.net for a file beside one, then what `netspec diff`
says.

A block ```text is its output as text, ````markdown as Markdown; `pytest tests/diff --update` rewrites both. A spec gets its first line
`netspec 1` where it has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.literate import add_header

FOLDER = Path(__file__).parent
_PART = re.compile(r"^(?:## (?P<title>[^\n]+)|(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*)$", re.MULTILINE | re.DOTALL)


@dataclass
class Pair:
    """Two specs and what is said of them."""

    page: Path
    title: str
    files: dict[str, dict[str, str]] = field(default_factory=lambda: {"before": {}, "after": {}})
    """Side -> name of a file -> its text."""
    expected: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """Form -> where its text stands in the page, and the text."""

    @property
    def id(self) -> str:
        return f"{self.page.stem}-{self.title.replace(' ', '-')}"

    def write(self, folder: Path) -> tuple[str, str]:
        """Puts the files below a folder, and gives the names of the two specs."""
        for side, files in self.files.items():
            for name, text in files.items():
                path = folder / side / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return "before/m.net", "after/m.net"


def pairs_of(page: Path) -> list[Pair]:
    """The pairs of a page, in order."""
    found: list[Pair] = []
    for part in _PART.finditer(page.read_text(encoding="utf-8")):
        if part["title"]:
            found.append(Pair(page, part["title"]))
            continue
        words = part["info"].split()
        if words[:1] == ["net"]:
            sides = [w for w in words[1:] if w in ("before", "after")] or ["before", "after"]
            name = next((w for w in words[1:] if "." in w), "m.net")
            for side in sides:
                found[-1].files[side][name] = add_header(part["text"])
        else:
            found[-1].expected[words[0]] = (part.start("text"), part.end("text"), part["text"])
    return found


def all_pairs() -> list[Pair]:
    return [pair for page in sorted(FOLDER.glob("*.md")) for pair in pairs_of(page)]


def rewrite(pair: Pair, form: str, text: str) -> None:
    """Puts a new output in the place of an expected one."""
    start, end, _ = next(p for p in pairs_of(pair.page) if p.title == pair.title).expected[form]
    page = pair.page.read_text(encoding="utf-8")
    pair.page.write_text(page[:start] + text + page[end:], encoding="utf-8")
