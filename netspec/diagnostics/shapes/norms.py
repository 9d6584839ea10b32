"""Defines the problems of normalisation layers."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record
from netspec.shape import Dim


@record
class UnevenGroupSize(Diagnostic):
    """Features are split into groups of a given size, so the size divides their number."""

    op: str
    size: int
    features: Dim

    def message(self) -> str:
        return f"{self.features} features do not divide into groups of {self.size} for `{self.op}`."

    def help(self) -> str | None:
        if not self.features.is_constant:
            return None
        return f"the nearest size is {min(divisors(self.features.value), key=lambda n: abs(n - self.size))}"


@record
class NothingToNormalize(Diagnostic):
    """`weight_norm` and `spectral_norm` stand around a layer of one tensor with parameters named `kernel`: dense, conv and their like."""

    op: str
    layer: str

    def message(self) -> str:
        return f"`{self.op}` finds no kernel in `{self.layer}`."

    def help(self) -> str:
        return f"stand it around a layer of one tensor with a kernel: `{self.op}(dense(64))`"
