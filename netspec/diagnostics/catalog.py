"""Every diagnostic class, found by its slug, and its page: the docstring with a bad and a good example. Floor 0.

A page is Markdown. A fenced block ```` ```net bad ```` raises exactly this class and ```` ```net good ```` is clean; a block without a
`netspec 1` line gets one, unless the fence says `whole`; ```` ```net file lib.net ```` gives a file that the next examples import.
Problems of a spec in JSON have ```` ```json bad ````, those that no spec text can raise ```` ```text bad ```` and ```` ```text good ````.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc

import netspec.diagnostics
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.paint import PLAIN, Paint
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest
from netspec.record import record

HEADER = "netspec 1\n\n"
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_HAS_HEADER = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*netspec\b")


@record
class Example:
    """A fenced block of a page."""

    kind: str
    """"bad", "good" or "file"."""
    language: str
    """"net", "json" or "text"."""
    text: str
    """The whole spec, with its first line."""
    path: str = ""
    """The name of a "file"."""


@cache
def catalog() -> dict[str, type[Diagnostic]]:
    """Slug -> class, of all families, in alphabetical order. Imports every family."""
    for module in pkgutil.walk_packages(netspec.diagnostics.__path__, "netspec.diagnostics."):
        importlib.import_module(module.name)
    classes = families()
    return {c.slug(): c for c in sorted(classes, key=lambda c: c.slug())}


def families() -> list[type[Diagnostic]]:
    """Every final class of the families that are imported; no two share a slug (a law)."""
    return [c for c in _final(Diagnostic) if c.__module__.startswith("netspec.diagnostics.")]


def _final(cls: type[Diagnostic]) -> Iterator[type[Diagnostic]]:
    """Classes below `cls` that have none below them: a class is abstract or final."""
    below = cls.__subclasses__()
    if not below and not cls.__name__.startswith("_"):
        yield cls
    for sub in below:
        yield from _final(sub)


def by_slug(slug: str) -> type[Diagnostic] | None:
    """The class of a slug; `error[slug]` and `UnknownArgument` are understood as well."""
    wanted = slug.strip()
    inside = re.fullmatch(r"(?:error|warning)\[(.+)\]:?", wanted)
    wanted = inside[1] if inside else wanted
    return catalog().get(wanted) or next((c for c in catalog().values() if c.__name__ == wanted), None)


def page(cls: type[Diagnostic]) -> str:
    """The docstring, without indentation; "" for a class without one (dataclasses make their own)."""
    text = cls.__dict__.get("__doc__") or ""
    return "" if text.startswith(f"{cls.__name__}(") else cleandoc(text)


def first_paragraph(cls: type[Diagnostic]) -> str:
    """What the problem is, on one line."""
    return " ".join(page(cls).split("\n\n")[0].split())


def examples(cls: type[Diagnostic]) -> list[Example]:
    """The fenced blocks of a class's page in order."""
    found = (_example(match["info"].split(), match["text"]) for match in _FENCE.finditer(page(cls)))
    return [e for e in found if e is not None]


def _example(info: list[str], text: str) -> Example | None:
    language, kind, *rest = [*info, "", ""][: max(len(info), 2)]
    if language == "net" and kind == "file":
        return Example("file", "net", snippet(text), rest[0])
    if language not in ("net", "json", "text") or kind not in ("bad", "good"):
        return None
    return Example(kind, language, text if language != "net" or "whole" in rest else snippet(text))


def snippet(text: str) -> str:
    """A spec's text with the first line `netspec 1` put before it where it has none."""
    return text if _HAS_HEADER.match(text) else HEADER + text


# --- pages -----------------------------------------------------------------------------------------------------------


class UnknownSlug(LookupError):
    """There is no problem of that name; `near` are those it may mean."""

    def __init__(self, slug: str) -> None:
        self.near = nearest(slug, catalog())
        hint = did_you_mean(self.near)
        super().__init__(f"there is no problem called `{slug}`" + (f"; {hint}" if hint else "."))


def explain(slug: str, paint: Paint = PLAIN) -> str:
    """A class's page for a terminal: a title, prose, examples indented under "wrong" and "right". Raises `UnknownSlug`."""
    cls = by_slug(slug)
    if cls is None:
        raise UnknownSlug(slug)
    title = paint(cls.severity, f"{cls.severity}[{cls.slug()}]")
    text = _FENCE.sub(lambda m: _terminal_block(m, paint), page(cls)).strip()
    return f"{title}\n\n{_blank_lines_once(text)}\n"


def _blank_lines_once(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text)


def _terminal_block(match: re.Match[str], paint: Paint) -> str:
    words = {"bad": paint("error", "Wrong:"), "good": paint("strong", "Right:")}
    kind = [*match["info"].split(), "", ""][1]
    lines = [f"    {line}".rstrip() for line in match["text"].rstrip("\n").split("\n")]
    return "\n".join([*(["", words[kind], ""] if kind in words else []), *lines])


def pages() -> str:
    """All pages as one Markdown document."""
    head = "# Problems\n\nEvery problem that netspec reports. `netspec explain SLUG` prints the same page in a terminal.\n"
    index = "\n".join(f"- [`{slug}`](#{slug}): {first_paragraph(cls)}" for slug, cls in catalog().items())
    return "\n".join([head, index, *(_markdown(cls) for cls in catalog().values())]) + "\n"


def _markdown(cls: type[Diagnostic]) -> str:
    kind = "" if cls.severity == "error" else f"\nA {cls.severity}.\n"
    return _blank_lines_once(f"\n## {cls.slug()}\n{kind}\n{_FENCE.sub(_markdown_block, page(cls))}")


def _markdown_block(match: re.Match[str]) -> str:
    language, kind, *_ = [*match["info"].split(), "", ""]
    title = {"bad": "\nWrong:\n\n", "good": "\nRight:\n\n"}.get(kind, "")
    return f"{title}```{language}\n{match['text']}```"
