"""Defines the problems of training on sequences: rows of several, and models that see what they are to predict. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class SegmentsMingled(Diagnostic):
    """`pack` puts several sequences into one row, and says in the field `segment` which element belongs to which. An op that looks along
    the row sees them as one sequence unless it is told: what it makes of one text then depends on the texts that stand beside it."""

    severity: ClassVar[str] = "warning"

    op: str
    field: str
    packed: Span = NOWHERE
    """The chain that packs."""

    def message(self) -> str:
        return f"`{self.op}` takes the sequences that share a row for one: it is not told the `{self.field}` of each element"

    def places(self) -> Sequence[Place]:
        return () if self.packed is NOWHERE else (Place(self.packed, "several sequences share a row here"),)

    def help(self) -> str | None:
        say = f"`{self.op}(…, segments={self.field})`, with `input {self.field}: i32[B, T]` in the model"
        return f'tell them apart: {say}; `pack(…, fill="stream")` is for texts that are read on from one to the next'


@record(kw_only=True)
class NextElementSeen(Diagnostic):
    """The loss asks the model, at each position, for an element of its own input that comes later; but an op on the way lets every position
    see later ones, and so the answer itself. Such a model learns to copy it: the loss falls to nothing, and nothing can be generated."""

    severity: ClassVar[str] = "warning"

    op: str
    why: str
    fed: str
    output: str
    repair: str = ""
    asked: Span = NOWHERE

    def message(self) -> str:
        return f"`{self.output}` is to say what comes next in `{self.fed}`, but `{self.op}` lets it see that: {self.why}"

    def label(self) -> str:
        return self.why

    def places(self) -> Sequence[Place]:
        return () if self.asked is NOWHERE else (Place(self.asked, f"what comes next in `{self.fed}` is asked for here"),)

    def help(self) -> str | None:
        return f"write `{self.repair}`" if self.repair else "let it look back only"
