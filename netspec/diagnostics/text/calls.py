"""Finds the text of a call from its name, or from an argument. Floor 0."""

from __future__ import annotations

import re

from netspec.source import Span

_PART = re.compile(r"""[()\[\]{}]|"[^"\n]*"|'[^'\n]*'|#[^\n]*""")


def find_call(name: Span) -> Span | None:
    """`name(…)`; in JSON the object that has the name. None where it is not called."""
    text = name.source.text
    if name.source.pointers is not None:
        return find_around(name)
    if not text.startswith("(", name.end):
        return None
    end = find_end(text, name.end + 1)
    return None if end is None else Span(name.source, name.start, end)


def find_around(argument: Span) -> Span | None:
    """The parentheses around an argument, with the name before them; in JSON the object."""
    text, depth, start = argument.source.text, 0, argument.start
    opening, closing = "{}" if argument.source.pointers is not None else "()"
    while start > 0 and depth >= 0:
        start -= 1
        depth += (text[start] == closing) - (text[start] == opening)
    if depth >= 0:
        return None
    end = find_end(text, start + 1)
    begin = start - len(re.search(r"[\w.]*$", text[max(0, start - 100) : start])[0]) if opening == "(" else start  # type: ignore[index]
    return None if end is None else Span(argument.source, begin, end)


def find_end(text: str, start: int) -> int | None:
    """The end of the brackets that are open at a place; None where they are not closed."""
    depth = 1
    for found in _PART.finditer(text, start):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        if depth == 0:
            return found.end()
    return None
