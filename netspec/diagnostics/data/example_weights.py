"""Defines the problems of the numbers that weigh examples. Records count from 0. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class BadExampleWeight(Diagnostic):
    """The field that `weights` names says how much each example counts, so its numbers are at least 0: an example cannot be taken away."""

    field: str
    record: int
    value: float

    def message(self) -> str:
        return (
            f"`weights = {self.field}` weighs the examples, but record {self.record} has the weight {self.value:g}: weights are 0 and more."
        )

    def help(self) -> str | None:
        factor = f"for factors of any sign, such as advantages, leave `weights` away and give the loss `weight={self.field}`"
        return f"correct the data; {factor}"


@record(kw_only=True)
class NoExampleCounts(Diagnostic):
    """With all weights 0 no example counts: every loss would be 0, whatever the model says."""

    field: str
    examples: int

    def message(self) -> str:
        return f"`weights = {self.field}` weighs the examples, and all {self.examples} have the weight 0, so that nothing counts."

    def help(self) -> str | None:
        return "correct the data, or leave `weights` away"
