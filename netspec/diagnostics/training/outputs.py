"""Defines the problems of what a training makes of a model's outputs: dropout on an answer, parameters that no loss hears of. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import Span

_ARROW = re.compile(r"\s*->\s*\Z")


@record(kw_only=True)
class DropoutOnOutput(Diagnostic):
    """Dropout stands behind the last layer: in training some of the answers that the loss gets are 0 by chance, whatever the model learned.
    Nothing is said where something is computed of the dropped numbers before the loss sees them."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True
    guesses: ClassVar[bool] = True

    op: str
    output: str
    loss: str
    loss_at: Span

    def message(self) -> str:
        return f"`{self.op}` stands behind the last layer: of `{self.output}`, which `{self.loss}` takes, it sets numbers to 0 by chance."

    def places(self) -> Sequence[Place]:
        return [Place(self.loss_at, "takes them as the answer")] if self.loss_at.source is self.at.source else []

    def help(self) -> str:
        return f"put it in front of the last layer: `-> {' '.join(self.at.text.split())} -> dense(…)`, or leave it out"

    def own_edits(self) -> Sequence[Edit]:
        text, end = self.at.source.text, self.at.end
        arrow = _ARROW.search(text, max(0, self.at.start - 80), self.at.start)
        return [Edit(Span(self.at.source, arrow.start(), end), "")] if arrow and "->" not in self.at.text else []


@record(kw_only=True)
class DeadParameters(Diagnostic):
    """No loss of the training has a gradient with respect to a layer's parameters: its result goes nowhere that a loss looks, or behind
    `argmax` or `stop_gradient`. They keep their initial values, but for what a decay takes away. Nothing is said of parameters that the
    optimizer freezes, of shared ones that are used elsewhere, and of averages; that a gradient is there does not say that it is not 0."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    what: str
    """The op or statement."""
    path: str
    """Of the first such parameter."""
    train: str
    count: int

    def message(self) -> str:
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"no gradient reaches `{self.path}`{more}: no loss of `train {self.train}` depends on what `{self.what}` makes of it."

    def help(self) -> str:
        pattern = self.path if self.count == 1 else f"{self.path.split('/')[0]}/**"
        return f'let a loss read what it makes; if it is meant, say so: `optimizer = … -> freeze("{pattern}")`'
