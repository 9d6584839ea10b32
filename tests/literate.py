"""Literate tests: Markdown pages whose fenced blocks are specs, each followed by what netspec must say about them.

Under a heading stands a block ```net, then any of ```tree, ```fmt, ```shapes, ```ir, ```resolved and ```diagnostic: what netspec must
answer, rewritten by `pytest --update`. A spec without a diagnostic block must be clean. Behind one, ```net repaired is a spec that must
be clean, and a line `repair: edits` says that the edits which the diagnostic proposes must make it so. ```net lib/parts.net is a file
that the next case imports. A spec gets its first line `netspec 1` where it has none, unless the fence says `whole`; with `escaped` the
block is the content of a Python bytes literal, so that it can hold any byte.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from netspec.diagnostics.catalog import snippet

EXPECTATIONS = ("tree", "fmt", "shapes", "ir", "resolved", "diagnostic")
_LINE = re.compile(
    r"^(?:#+[ ]+(?P<heading>[^\n]+)|(?P<edits>repair:[ ]*edits)[ ]*|(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: the words behind the fence, its text, and where the text stands in the page."""

    words: tuple[str, ...]
    text: str
    start: int
    end: int

    @property
    def language(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def options(self) -> frozenset[str]:
        return frozenset(self.words[1:])

    @property
    def path(self) -> str | None:
        """The name of a further file, for ```` ```net lib/parts.net ````."""
        return next((w for w in self.words[1:] if "." in w), None)

    def content(self) -> bytes:
        """The file that a `net` block stands for."""
        if "escaped" in self.options:
            return ast.literal_eval('b"""' + self.text.removesuffix("\n") + '"""')
        return (self.text if "whole" in self.options else snippet(self.text)).encode()


@dataclass
class Case:
    """A spec and what is expected of it."""

    title: str
    line: int
    spec: Block
    files: list[Block] = field(default_factory=list)
    expected: list[Block] = field(default_factory=list)
    repairs: list[Block] = field(default_factory=list)
    edits_repair: bool = False

    @property
    def is_bad(self) -> bool:
        return any(b.language == "diagnostic" for b in self.expected)


class PageError(ValueError):
    """A page that does not follow the rules above."""


def cases(page: str) -> list[Case]:
    """The cases of a page, in order; titles are made unique by a number."""
    found: list[Case] = []
    heading, waiting = "", []
    for match in _LINE.finditer(page):
        if match["heading"]:
            heading = match["heading"].strip()
        elif match["edits"]:
            _last(found, page, match).edits_repair = True
        else:
            block = Block(tuple(match["info"].split()), match["text"], match.start("text"), match.end("text"))
            if block.language == "net" and block.path:
                waiting.append(block)
            elif block.language == "net" and "repaired" not in block.options:
                found.append(Case(_unique(heading, found), _line(page, match.start()), block, waiting))
                waiting = []
            else:
                _add(_last(found, page, match), block, page)
    return found


def _last(found: list[Case], page: str, match: re.Match[str]) -> Case:
    if not found:
        raise PageError(f"line {_line(page, match.start())}: this stands before the first ```net block")
    return found[-1]


def _add(case: Case, block: Block, page: str) -> None:
    if block.language == "net":
        case.repairs.append(block)
    elif block.language in EXPECTATIONS:
        case.expected.append(block)
    elif block.language != "text":
        raise PageError(
            f"line {_line(page, block.start) - 1}: unknown block `{' '.join(block.words)}`; known are net, text, {EXPECTATIONS}"
        )


def _line(page: str, offset: int) -> int:
    return page.count("\n", 0, offset) + 1


def _unique(heading: str, found: list[Case]) -> str:
    same = sum(re.sub(r" \(\d+\)$", "", c.title) == heading for c in found)
    return f"{heading} ({same + 1})" if same else heading


def rewrite(path: Path, number: int, texts: dict[int, str]) -> None:
    """Replace the texts of expected blocks (by their number) of case `number` in a page."""
    page = path.read_text(encoding="utf-8")
    blocks = cases(page)[number].expected
    for index in sorted(texts, reverse=True):
        block = blocks[index]
        page = page[: block.start] + texts[index] + page[block.end :]
    path.write_text(page, encoding="utf-8")


def fenced(page: str, language: str) -> Iterator[tuple[str, str]]:
    """(heading, text) of every block of one language."""
    heading = ""
    for match in _LINE.finditer(page):
        heading = (match["heading"] or heading).strip()
        if match["info"] is not None and match["info"].strip() == language:
            yield heading, match["text"]
