"""Literate tests: Markdown pages whose fenced blocks are specs, each followed by what netspec must say about them.

Under a heading stands a block ```net, a spec that must be clean, or ```net bad (```json bad), one that has problems; then any of ```tree,
```fmt, ```shapes, ```ir, ```resolved and ```diagnostic: what netspec must answer, rewritten by `pytest --update`. Behind a bad one ```net
repaired is what the proposed edits make of it, rewritten as well: it stands there if and only if that is clean. ```net good is a spec that
must be clean. Situations are bad in the same way: ```sh bad is a session, ```python bad code, ```text bad only words. A fence with a file's
name (```net lib/parts.net, ```csv data/a.csv) gives a file that the next case needs, ```python alone code that makes such files.
A spec gets its first line `netspec 1` where it has none, unless the fence says `whole`; with `escaped` the block is the content of a
Python bytes literal, so that it can hold any byte.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

EXPECTATIONS = ("tree", "fmt", "shapes", "ir", "resolved", "diagnostic")
SITUATIONS = ("sh", "python", "text")
SPECS = ("net", "json")
HEADER = "netspec 1\n\n"
_HAS_HEADER = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*netspec\b")
_LINE = re.compile(
    r"^(?:#+[ ]+(?P<heading>[^\n]+)|(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*)$",
    re.MULTILINE | re.DOTALL,
)


def add_header(text: str) -> str:
    """A spec's text with the first line `netspec 1` put before it where it has none."""
    return text if _HAS_HEADER.match(text) else HEADER + text


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

    @property
    def is_spec(self) -> bool:
        """Whether it is a spec, and no file beside one."""
        return self.language in SPECS and self.path is None

    def content(self) -> bytes:
        """The file that a block stands for."""
        if "escaped" in self.options:
            return ast.literal_eval('b"""' + self.text.removesuffix("\n") + '"""')
        return self.shown(self.text).encode()

    def shown(self, text: str) -> str:
        """The spec that a text in this block means."""
        return text if "whole" in self.options or self.language != "net" else add_header(text)

    def hidden(self, spec: str) -> str:
        """The text in this block that means a spec: `shown` the other way round."""
        return spec if "whole" in self.options or self.language != "net" else spec.removeprefix(HEADER)


@dataclass
class Case:
    """A spec or situation and what is expected of it."""

    title: str
    line: int
    spec: Block
    files: list[Block] = field(default_factory=list)
    """Files beside it, and code that makes some."""
    expected: list[Block] = field(default_factory=list)
    """What netspec must answer, and what its edits must make of the spec."""
    good: list[Block] = field(default_factory=list)
    """What must be clean, each behind the files that it needs."""

    @property
    def is_bad(self) -> bool:
        return "bad" in self.spec.options

    @property
    def repaired(self) -> Block | None:
        return next((b for b in self.expected if b.is_spec), None)


class PageError(ValueError):
    """A page that does not follow the rules above."""


def cases(page: str) -> list[Case]:
    """The cases of a page, in order; titles are made unique by a number."""
    found: list[Case] = []
    heading, waiting = "", []
    for match in _LINE.finditer(page):
        if match["heading"]:
            heading = match["heading"].strip()
            continue
        block = Block(tuple(match["info"].split()), match["text"], match.start("text"), match.end("text"))
        role = block.options & {"bad", "good", "repaired"}
        if block.path or (block.language == "python" and not role):
            waiting.append(block)
        elif "bad" in role or (block.is_spec and not role):
            _must_be_known(block, page)
            found.append(Case(_unique(heading, found), _line(page, match.start()), block, waiting))
            waiting = []
        elif role or block.language in EXPECTATIONS:
            _must_be_known(block, page)
            _add(_last(found, page, match), block, waiting)
        elif block.language not in ("text", "sh"):
            _must_be_known(block, page)
    return found


def _must_be_known(block: Block, page: str) -> None:
    if block.language not in (*SPECS, *SITUATIONS, *EXPECTATIONS):
        raise PageError(f"line {_line(page, block.start) - 1}: unknown block `{' '.join(block.words)}`")


def _last(found: list[Case], page: str, match: re.Match[str]) -> Case:
    if not found:
        raise PageError(f"line {_line(page, match.start())}: this stands before the first spec")
    return found[-1]


def _add(case: Case, block: Block, waiting: list[Block]) -> None:
    """Files before something good are made after what is bad was tried."""
    if "good" in block.options:
        case.good += [*waiting, block]
        waiting.clear()
    else:
        case.expected.append(block)


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


def add_repaired(path: Path, number: int, text: str) -> None:
    """Put a block with the repaired spec behind what is expected of case `number`."""
    page = path.read_text(encoding="utf-8")
    case = cases(page)[number]
    words = " ".join([case.spec.language, "repaired", *sorted(case.spec.options & {"whole"})])
    end = page.index("```", case.expected[-1].end) + 3
    path.write_text(f"{page[:end]}\n\n```{words}\n{text}```{page[end:]}", encoding="utf-8")


def fenced(page: str, language: str) -> Iterator[tuple[str, str]]:
    """(heading, text) of every block of one language."""
    heading = ""
    for match in _LINE.finditer(page):
        heading = (match["heading"] or heading).strip()
        if match["info"] is not None and match["info"].strip() == language:
            yield heading, match["text"]
