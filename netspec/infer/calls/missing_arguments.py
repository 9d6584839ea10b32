"""Proposes values for arguments that a call leaves out: those of the op's first example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netspec.diagnostics.base import Edit, Repair
from netspec.infer.values import OpValue
from netspec.library.shelf import index
from netspec.source import Span

USUAL = ("optimizer", "transform", "decoder")
"""The kinds of op whose examples have values that suit most."""


def propose_values(value: OpValue, missing: Sequence[str]) -> Iterator[Repair]:
    """The call with the missing arguments; nothing where the example has no plain numbers for them."""
    if value.entry.kind not in USUAL or value.span.text.count("\n"):
        return
    example = index.load(value.entry).examples()[0].op
    given = {name: getattr(example, name, None) for name in missing}
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in given.values()):
        return
    first = value.entry.signature[0].name
    plain = not value.args and first in given
    words = ", ".join(str(v) if plain and name == first else f"{name}={v}" for name, v in given.items())
    text, source, end = value.span.text, value.span.source, value.span.end
    if not text.endswith(")"):
        edit, shown = Edit(Span(source, end, end), f"({words})"), f"{text}({words})"
    else:
        inside = text[text.index("(") + 1 : -1].strip()
        joint = ", " if inside and not inside.endswith(",") else ""
        edit, shown = Edit(Span(source, end - 1, end - 1), joint + words), f"{text[:-1]}{joint}{words})"
    yield Repair((edit,), shown)
