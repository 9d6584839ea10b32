"""Defines the problems of what numbers mean: probabilities where a loss wants logits. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record

WANTED = {
    "logits": "logits: scores before the softmax",
    "log_odds": "logits: scores before the sigmoid",
    "probabilities": "probabilities",
    "log_probabilities": "logarithms of probabilities",
}
FOUND = {"probabilities": "probabilities", "log_probabilities": "logarithms of probabilities"}


@record(kw_only=True)
class ProbabilitiesForLogits(Diagnostic):
    """A loss, a decoder or a function of a distribution wants another kind of number than it is given: mostly logits, where a `softmax` or
    `sigmoid` has made probabilities of them."""

    op: str
    input: str
    wants: str
    gives: str
    maker: str
    """The op that makes the numbers."""
    name: str = ""
    """What is given, where it has a name."""
    replacement: Edit | None = None
    """Takes the maker out of the chain, where it is its last stage."""

    def message(self) -> str:
        given = f"`{self.name}`" if self.name else "its input"
        return f"`{self.op}` wants {WANTED[self.wants]}, but {given} is the output of `{self.maker}`: {FOUND[self.gives]}."

    def label(self) -> str:
        return FOUND[self.gives]

    def help(self) -> str | None:
        if self.wants == "log_probabilities":
            return "write `log_softmax` for `softmax`" if self.maker == "softmax" else "take the logarithm: `log(…)`"
        if self.wants == "probabilities":
            return {"log_softmax": "write `softmax` for `log_softmax`", "log_sigmoid": "write `sigmoid` for `log_sigmoid`"}.get(
                self.maker, "take the exponential: `exp(…)`"
            )
        leave = f"leave `{self.maker}` away: `{self.op}` takes the {'sigmoid' if self.wants == 'log_odds' else 'softmax'} itself"
        instead = self.instead()
        return f"{leave}; or use the loss of probabilities, `{instead}`" if instead else leave

    def instead(self) -> str:
        """A loss that takes what is given."""
        losses = {"softmax_cross_entropy": "log_loss", "sigmoid_cross_entropy": "binary_log_loss"}
        return losses.get(self.op, "") if self.gives == "probabilities" else ""

    def own_edits(self) -> Sequence[Edit]:
        return () if self.replacement is None else (self.replacement,)
