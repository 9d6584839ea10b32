"""Defines the problems of claims: those that `expect` makes, and shapes in chains that say nothing new. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class UnknownClaim(Diagnostic):
    """`expect` can speak of `params`, `flops`, `activation_bytes` and the model's outputs."""

    name: str
    near: str = ""
    outputs: tuple[str, ...] = ()

    def message(self) -> str:
        return f"`expect` knows no `{self.name}`"

    def help(self) -> str | None:
        known = "`params`, `flops` and `activation_bytes`" + (
            f", and the outputs {', '.join(f'`{o}`' for o in self.outputs)}" if self.outputs else ""
        )
        chosen = self.chosen() if self.ways and not self.near else None
        if chosen is not None:
            return f"write `{chosen.words}`"
        return f"did you mean `{self.near}`?" if self.near else f"it knows {known}"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.near)] if self.near else []


@record(kw_only=True)
class ClaimNeedsSizes(Diagnostic):
    """FLOPs and bytes depend on the sizes that are free in the model; a claim says at which it holds."""

    claim: str
    value: str
    symbols: tuple[str, ...]
    given: tuple[str, ...] = ()
    """The sizes that are said, as `B=1`."""
    sizes: tuple[str, ...] = ()
    """Sizes that would do for the others, as `H=32`."""

    def message(self) -> str:
        free = " and ".join(f"`{s}`" for s in self.symbols)
        return f"`{self.claim}` is {self.value}, and {free} has no number here"

    def help(self) -> str | None:
        return f"say at which size: `… at {', '.join((*self.given, *self.sizes))}`"


@record(kw_only=True)
class ClaimAtForbiddenSize(Diagnostic):
    """A claim names a size that a `require` or `dim` of the model forbids: the model never has it."""

    model: str
    size: str
    """The size that is said, as `H=1`."""
    fact: str
    fact_at: Span = NOWHERE
    allowed: str = ""
    """One that the model may have, as `H=32`."""

    def message(self) -> str:
        return f"`{self.model}` never has `{self.size}`" + (f": it says `{self.fact}`" if self.fact else "")

    def places(self) -> Sequence[Place]:
        return [] if self.fact_at is NOWHERE else [Place(self.fact_at, "forbids it")]

    def help(self) -> str | None:
        return f"write `{self.allowed}`" if self.allowed else "say a size that the model may have"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.allowed)] if self.allowed else []


_ARROW = re.compile(r"(?P<line>\n)?[ \t]*(?P<arrow>->)\s*\Z")
"""The arrow in front of a shape, with the space before it, and the line break where it begins a line."""
_BEHIND = re.compile(r"[ \t]*(?P<next>->|#|\n|)")


@record(kw_only=True)
class RedundantShape(Diagnostic):
    """A shape in a chain says word for word what is said of the same tensor already: by the shape in front of it, by the declaration of
    the name that the chain begins with, or by the type of the name that the chain is bound to. It proves nothing, and is one more place to
    change. A shape that is written in other words, `[B, D]` where `D` is 256, is none: it says that the two are the same."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    shape: str
    by: str
    """What says it already: "the input `x` is declared so"."""
    said: Span
    remarked: bool = False
    """A comment stands above it, which would lose its place."""

    def message(self) -> str:
        return f"`{self.shape}` says nothing new: {self.by}"

    def places(self) -> Sequence[Place]:
        return [Place(self.said, "says so")] if self.said.source is self.at.source else []

    def help(self) -> str:
        return f"delete `-> {self.shape}`"

    def own_edits(self) -> Sequence[Edit]:
        source, text, end = self.at.source, self.at.source.text, self.at.end
        arrow, behind = _ARROW.search(text, max(0, self.at.start - 500), self.at.start), _BEHIND.match(text, end)
        if self.remarked or source.pointers is not None or arrow is None or behind is None:
            return []
        if arrow["line"] is None or behind["next"] == "\n":
            return [Edit(Span(source, arrow.start(), end), "")]
        if behind["next"] == "#":  # the remark is about the shape
            return []
        return [Edit(Span(source, arrow.start("arrow"), behind.start("next")), "")]
