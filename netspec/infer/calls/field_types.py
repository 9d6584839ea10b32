"""Proposes the types of one example for fields of data that are written otherwise: without brackets, with the batch, in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.base import Edit, Repair
from netspec.shape import DTYPES
from netspec.source import Span

_DTYPE = "|".join(sorted(DTYPES, key=len, reverse=True))
_ENTRY = re.compile(rf"""(?P<key>\w+)\s*:\s*(?P<type>["']?\b(?:{_DTYPE})\b(?:\[[^\]]*\])?["']?)""")


def propose_field_types(at: Span) -> list[Repair]:
    """The entries of a dict of types that are none of one example, as they are written."""
    if at.source.pointers is not None or not at.text.startswith("{"):
        return []
    edits, shown = [], []
    for entry in _ENTRY.finditer(at.text):
        text = write_type(entry["type"])
        if text != entry["type"]:
            edits.append(Edit(Span(at.source, at.start + entry.start("type"), at.start + entry.end("type")), text))
            shown.append(f"{entry['key']}: {text}")
    return [Repair(tuple(edits), ", ".join(shown))] if edits else []


def write_type(text: str) -> str:
    """A type of one example: `i32[]` for `i32`, `f32[4]` for `f32[B, 4]`."""
    dtype, bracket, dims = text.strip("\"'").partition("[")
    parts = [dim.strip() for dim in dims.rstrip("]").split(",") if dim.strip()] if bracket else []
    return f"{dtype}[{', '.join(dim for dim in parts if dim != 'B')}]"


def place_entry(at: Span, repairs: list[Repair]) -> Iterator[Span]:
    """The one entry that a repair changes, with its name."""
    if repairs and len(repairs[0].edits) == 1:
        span = repairs[0].edits[0].span
        name = repairs[0].words.partition(":")[0]
        start = at.source.text.rfind(name, at.start, span.start)
        yield Span(at.source, max(start, at.start), span.end)
