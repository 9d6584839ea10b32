"""Defines the problems of brackets: not closed, closing nothing, or closed by another kind. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import Span

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _ends_of_body(text: str, start: int) -> Sequence[int]:
    """Where a body whose brace is opened at `start` may end: before the next line that is no deeper, and at the end."""
    begin = text.rfind("\n", 0, start) + 1
    indent = len(text[begin:start]) - len(text[begin:start].lstrip())
    at, ends = text.find("\n", start) + 1, []
    while 0 < at < len(text):
        stop = text.find("\n", at)
        line = text[at : stop if stop >= 0 else len(text)]
        if line.strip() and len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith(("}", "#")):
            ends.append(len(text[:at].rstrip()) + 1)
            break
        at = stop + 1 if stop >= 0 else len(text)
    return [*ends, len(text.rstrip()) + 1 if text.endswith("\n") else len(text)]


@record(kw_only=True)
class UnclosedBracket(Diagnostic):
    """A `(`, `[` or `{` is never closed. The second place is where that became clear; the missing bracket belongs somewhere between."""

    bracket: str
    noticed: Span

    def message(self) -> str:
        return f"this `{self.bracket}` is never closed."

    def label(self) -> str:
        return f"opened here, `{_CLOSING[self.bracket]}` is missing"

    def places(self) -> Sequence[Place]:
        text = "the file ends here" if self.noticed.start >= len(self.noticed.source.text) else "noticed here"
        return (Place(self.noticed, text),)

    def help(self) -> str | None:
        chosen = self.chosen()
        words = chosen.words if chosen is not None else ""
        return f"write `{words}`" if words else f"add the `{_CLOSING[self.bracket]}`"

    def repairs(self) -> Sequence[Repair]:
        """The bracket at the end of its line, or before an arrow or comma on it; a brace before the next line that is not deeper."""
        source, sign = self.at.source, _CLOSING[self.bracket]
        text, start = source.text, self.at.start
        if source.pointers is not None or not text:
            return ()
        if sign == "}":
            begin = text.rfind("\n", 0, start) + 1
            close = text[begin : len(text) - len(text[begin:].lstrip())] + "}\n"
            ends = _ends_of_body(text, start)
            return [Repair((Edit(Span(source, end, end), close if text[end - 1 : end] == "\n" else f"\n{close}"),)) for end in ends]
        first, last = text.rfind("\n", 0, start) + 1, text.find("\n", start)
        line = text[first : last if last >= 0 else len(text)].split(" #")[0].rstrip().removesuffix("{").rstrip()
        arrows, commas, signs = (
            [found.start() for found in re.finditer(joint, line) if first + found.start() > start] for joint in (r" ->", ", ", r" [-+*/@] ")
        )
        places = [len(line), *arrows, *reversed(commas), *signs][: LIMITS.suggestions * 3]
        return [Repair((Edit(Span(source, first + at, first + at), sign),), f"{line[:at]}{sign}{line[at:]}".strip()) for at in places]


@record(kw_only=True)
class StrayBracket(Diagnostic):
    """A `)`, `]` or `}` that closes nothing."""

    bracket: str

    def message(self) -> str:
        return f"this `{self.bracket}` closes nothing."

    def help(self) -> str | None:
        return f"delete it, or add the `{ {v: k for k, v in _CLOSING.items()}[self.bracket] }` that it should close"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, ""),)


@record(kw_only=True)
class WrongBracket(Diagnostic):
    """A bracket is closed by one of another kind."""

    bracket: str
    opened: Span
    opening: str
    """The bracket there, which in a text that was read as another language's is not what the span shows."""

    def message(self) -> str:
        return f"`{self.opening}` is closed by `{_CLOSING[self.opening]}`, and not by `{self.bracket}`."

    def places(self) -> Sequence[Place]:
        return (Place(self.opened, "opened here"),)

    def help(self) -> str | None:
        return f"write `{_CLOSING[self.opening]}`"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, _CLOSING[self.opening]),)
