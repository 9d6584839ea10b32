"""Defines the problem of the residual typo, a chain whose head is a sum. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class ResidualNeedsParentheses(Diagnostic):
    """`->` binds loosest: in `x + x -> dense(8)` the *sum* goes through the layer, and the residual connection is lost. Netspec refuses
    a chain whose head is an operator expression in which a name occurs twice; parentheses say which is meant."""

    name: str
    head: str
    right: str
    """The operand nearest the arrow."""
    opens: Span = NOWHERE
    closes: Span = NOWHERE

    def message(self) -> str:
        return f"`->` binds loosest, so all of `{self.head}` goes through the chain"

    def label(self) -> str:
        return f"`{self.name}` occurs twice: a residual connection?"

    def help(self) -> str | None:
        return f"for a residual connection write parentheses around `{self.right} -> …`; if the sum is meant, write `({self.head}) -> …`"

    def own_edits(self) -> Sequence[Edit]:
        return [] if self.opens is NOWHERE else [Edit(self.opens, "("), Edit(self.closes, ")")]
