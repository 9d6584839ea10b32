"""Defines the problems of normalisation layers."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record
from netspec.shape import Dim, TensorType


@record
class UnevenGroupSize(Diagnostic):
    """Features are split into groups of a given size, so the size divides their number."""

    op: str
    size: int
    features: Dim

    def message(self) -> str:
        return f"{self.features} features do not divide into groups of {self.size} for `{self.op}`."

    def help(self) -> str | None:
        repair = self.chosen()
        if repair is not None:
            return f"the nearest size is {repair.words}"
        if not self.features.is_constant or self.ways:
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


@record(kw_only=True)
class OneValue(Diagnostic):
    """A normalisation has a single value to take its mean and variance of: less its mean it is 0 whatever it was, and nothing in front of
    it learns."""

    severity: ClassVar[str] = "warning"

    op: str
    input: TensorType
    batch: int | None = None
    """The size of the batch, where it is what leaves one value only."""

    def message(self) -> str:
        where = f" in batches of {self.batch}" if self.batch is not None else ""
        return f"`{self.op}` has one value to take each mean of, {self.input}{where}: less its mean it is 0."

    def help(self) -> str:
        if self.batch is not None:
            return "train with larger batches, or write `layer_norm`, which looks at each example for itself"
        return "leave it out, or normalise where there are several values"
