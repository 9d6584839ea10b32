"""Defines the problems of models that cost more than they may, and of what is assumed where all must be proved. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span

WORDS = {"max-params": "parameters", "max-flops": "FLOPs in a forward pass", "max-activation-bytes": "bytes of activations"}


@record(kw_only=True)
class OverBudget(Diagnostic):
    """A model costs more than a budget of `[tool.netspec.budgets]` in pyproject.toml allows."""

    model: str
    budget: str
    """`max-params`, `max-flops` or `max-activation-bytes`."""
    found: int
    limit: int
    largest: tuple[str, ...] = ()
    """The ops that cost most, as `path 1,234`."""
    train: str = ""
    """The training that gives the model other params than its own; "" for the model as it is."""
    place: Span = NOWHERE
    """Where the budget stands."""

    def message(self) -> str:
        trained = f" of `train {self.train}`" if self.train else ""
        return f"`{self.model}`{trained} has {self.found:,} {WORDS[self.budget]}, and its budget is {self.limit:,}"

    def label(self) -> str:
        return f"{self.found - self.limit:,} too many"

    def places(self) -> Sequence[Place]:
        return [Place(self.place, f"`{self.budget}` of these files")] if self.place is not NOWHERE else []

    def help(self) -> str | None:
        return f"the largest: {'; '.join(self.largest)}" if self.largest else None


@record(kw_only=True)
class BudgetNeedsSizes(Diagnostic):
    """What a model costs depends on free dims, and its budget in `[tool.netspec.budgets]` does not say their sizes."""

    model: str
    budget: str
    symbols: tuple[str, ...]
    place: Span = NOWHERE

    def message(self) -> str:
        dims = ", ".join(f"`{symbol}`" for symbol in self.symbols)
        return f"`{self.budget}` of `{self.model}` depends on {dims}"

    def places(self) -> Sequence[Place]:
        return [Place(self.place, "this budget")] if self.place is not NOWHERE else []

    def help(self) -> str | None:
        sizes = ", ".join(f"{symbol} = 128" for symbol in self.symbols)
        return f"give the budget sizes, such as `at = {{ {sizes} }}`"


@record(kw_only=True)
class Assumed(Diagnostic):
    """A spec assumes something of its sizes, which is checked only when it runs, where `--require proved` asks for proofs."""

    condition: str

    def message(self) -> str:
        return f"`{self.condition}` is assumed, and `proved` is required"

    def label(self) -> str:
        return "checked when it runs"

    def help(self) -> str | None:
        return f"write sizes of which it can be proved, or `require {self.condition}` in a block, which its callers must prove"
