"""Reads a report as a browser would: its elements, its numbers, what its policy lets run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input", "img", "br"}


class Page(HTMLParser):
    """The elements of a page with their attributes, the texts of its scripts, and the text that a person reads."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self._open and self._open[-1] != "style":
            self.words += data

    @property
    def series(self) -> dict[str, Any]:
        """The numbers that the curves are drawn from."""
        [text] = [text for attributes, text in self.scripts if attributes.get("id") == "series"]
        return json.loads(text)

    @property
    def policy(self) -> str:
        [policy] = [a["content"] for tag, a in self.elements if tag == "meta" and "http-equiv" in a]
        return policy or ""


def hash_of(script: str) -> str:
    """A script as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "nav",
    "a",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
}
ALLOWED |= {"th", "td", "code", "pre", "span", "details", "summary", "label", "input", "output", "select", "option", "script", "figure"}
ALLOWED |= {"img", "figcaption", "b", "br", "ul", "li"}


def require_harmless(text: str) -> Page:
    """Nothing of a page loads anything or runs, but the two scripts whose hashes its policy names."""
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= ALLOWED
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        for name in ("src", "href", "action", "srcset", "data", "poster", "background", "style"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,")), (tag, name, value)
    running = [script for attributes, script in page.scripts if attributes.get("type") != "application/json"]
    assert len(running) == 2 and len(page.scripts) == 3
    hashes = " ".join(map(hash_of, running))
    assert page.policy.startswith(f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:;")
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style and "@import" not in style
    outside = text.replace(running[0], "")
    assert "http://" not in outside and "https://" not in outside
    assert all(c == "\n" or c == "\t" or c.isprintable() or c in "\xa0" for c in outside), "control characters"
    return page
