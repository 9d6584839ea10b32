"""Defines the problems of trying a training before it is done. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class NoRateToFind(Diagnostic):
    """`netspec train --find-rate` sweeps the learning rate, and the optimizer of the spec has none."""

    optimizer: str

    def message(self) -> str:
        return f"`{self.optimizer}` has no learning rate that could be found."

    def help(self) -> str | None:
        return "leave `--find-rate` out, or write an optimizer with a learning rate, such as `adam(0.001)`"
