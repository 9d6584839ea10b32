"""Renames weights by maps of paths: `encoder/**=body/**`, `*/w=*/kernel`, `head/**=` (left out).

`**` stands for any number of segments, `*` for any characters within one. What they stood for on the left comes in the same order on the
right. Of several maps the first that fits a path counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weight_files import BadMap
from netspec.diagnostics.suggestions.nearest import nearest

_WILD = re.compile(r"\*\*|\*")


@dataclass(frozen=True)
class PathMap:
    """One map."""

    text: str
    old: re.Pattern[str]
    wild: tuple[str, ...]
    """The wildcards on the left, in order."""
    new: str

    def __call__(self, path: str) -> str | None:
        """The new path, "" for one that is left out; None where the map does not fit."""
        found = self.old.fullmatch(f"/{path}")
        if found is None:
            return None
        parts = {kind: [text for text, wild in zip(found.groups(), self.wild, strict=True) if wild == kind] for kind in ("**", "*")}
        made = _WILD.sub(lambda wild: parts[wild[0]].pop(0).strip("/"), self.new)
        return "/".join(segment for segment in made.split("/") if segment)


def read_map(text: str) -> PathMap:
    """A map as it is written. Raises `Mistake`."""
    old, equals, new = (part.strip() for part in text.partition("="))
    wild, wanted = _WILD.findall(old), _WILD.findall(new)
    if not equals or not old:
        raise Mistake(BadMap(text=text, reason="is no pair of paths with a `=` between them"))
    if any("**" in segment and segment != "**" for segment in (*old.split("/"), *new.split("/"))):
        raise Mistake(BadMap(text=text, reason="has a `**` that is not a segment of its own"))
    if new and any(wanted.count(kind) != wild.count(kind) for kind in ("**", "*")):
        raise Mistake(BadMap(text=text, reason="does not have the same wildcards on both sides"))
    return PathMap(text, re.compile("".join(map(_segment, old.split("/")))), tuple(wild), new)


def _segment(part: str) -> str:
    """A segment with the slash before it, as a regular expression."""
    return "((?:/[^/]+)*)" if part == "**" else "/" + "([^/]*)".join(map(re.escape, part.split("*")))


def rename(arrays: Mapping[str, Any], maps: Sequence[PathMap]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The old path of each array by its new one, and those that a map leaves out. Raises `Mistake`."""
    found: dict[str, str] = {}
    dropped: list[str] = []
    used: set[str] = set()
    for path in arrays:
        own = next(((m, made) for m in maps if (made := m(path)) is not None), None)
        new = path if own is None else own[1]
        used |= {own[0].text} if own else set()
        if not new:
            dropped.append(path)
        elif new in found:
            reason = f"gives `{path}` the name `{new}`, which `{found[new]}` has"
            raise Mistake(BadMap(text=own[0].text if own else next(iter(used)), reason=reason))
        else:
            found[new] = path
    _require_used(maps, used, arrays)
    return found, tuple(dropped)


def _require_used(maps: Sequence[PathMap], used: set[str], paths: Iterable[str]) -> None:
    """Raises `Mistake` for a map that fits no path, or only such as another one before it has taken."""
    for each in maps:
        if each.text not in used:
            old = each.text.partition("=")[0]
            raise Mistake(BadMap(text=each.text, reason="fits no array", near=tuple(nearest(old, list(paths)))))
