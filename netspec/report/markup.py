"""Builds HTML of which every text is escaped: what is no `Html` is text, whatever it holds."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any

from netspec.diagnostics.drawing.cells import cell


class Html(str):
    """Markup that was made here, and is not escaped again."""


def text(value: object) -> Html:
    """A value as text of a page; control characters, and those that turn the direction of a line, stand as their codes."""
    if isinstance(value, Html):
        return value
    return Html(html.escape("".join(c if c in "\n\t" else cell(c) for c in str(value)), quote=True))


def join(*children: object) -> Html:
    """Children one after another; None is nothing."""
    return Html("".join(text(child) for child in children if child is not None))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element: `tag("td", "3", class_="number")`. An attribute of None or false is left out, one of true has no value."""
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def _attribute(name: str, value: object) -> str:
    """An attribute as it is written."""
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(value)}"'


def void(name: str, /, **attributes: object) -> Html:
    """An element without content: `void("input", type="checkbox")`."""
    return Html(str(tag(name, **attributes)).removesuffix(f"</{name}>"))


def table(headings: Sequence[object], rows: Iterable[Sequence[object]], words: int = 1) -> Html:
    """A table whose first columns hold words, the others numbers; nothing where it has no rows."""
    body = [tag("tr", *(tag("td", c, class_=None if k < words else "number") for k, c in enumerate(row))) for row in rows]
    if not body:
        return Html("")
    head = tag("tr", *(tag("th", h, class_=None if k < words else "number", scope="col") for k, h in enumerate(headings)))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="wide")


def fold(summary: object, *children: object, open: bool = False) -> Html:
    """A part that is unfolded by a click, without JavaScript."""
    return tag("details", tag("summary", summary), *children, open=open)


def note(*children: object) -> Html:
    """A remark."""
    return tag("p", *children, class_="note")


def data_block(name: str, value: Any) -> Html:
    """JSON for the page's script, of which nothing can end the block: every `<`, `>` and `&` is written as its code."""
    written = json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="{name}">{written}</script>')
