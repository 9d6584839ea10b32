"""Defines the problems of normalisation layers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record
from netspec.shape import Dim, TensorType
from netspec.source import Span


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


@record(kw_only=True)
class BiasBeforeNorm(Diagnostic):
    """A layer adds a bias, and the norm behind it takes it away again with the mean: the bias gets no gradient and changes no output.
    Nothing is said of a norm that takes its mean over the features too, as `layer_norm` does, nor where something else reads the layer's
    result."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True
    guesses: ClassVar[bool] = True  # a checkpoint that has the bias does not load without it

    op: str
    norm: str
    norm_at: Span

    def message(self) -> str:
        return f"`{self.op}` adds a bias, and `{self.norm}` behind it takes it away again."

    def places(self) -> Sequence[Place]:
        return [Place(self.norm_at, "subtracts each feature's mean, the bias with it")]

    def help(self) -> str:
        if self.tried and self.held is None:
            return "leave the bias out by `bias=false`, and count the parameters anew"
        return f"write `{self._without()}`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self._without())]

    def _without(self) -> str:
        """The layer without its bias."""
        text = self.at.text.rstrip()
        if not text.endswith(")"):
            return f"{text}(bias=false)"
        said = re.sub(r"\bbias\s*=\s*true\b", "bias=false", text)
        inner = text[:-1].rstrip().removesuffix(",")
        return said if said != text else f"{inner}{'' if inner.endswith('(') else ', '}bias=false)"


@record(kw_only=True)
class WideSum(Diagnostic):
    """A layer adds up a thousand products or more, of weights whose spread the spec writes, and no norm stands behind it: what comes out is
    ten times as large as what goes in, or more. Nothing is said of initializers that look at the number of products, as the usual ones do,
    nor where a norm or an operator reads the result."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    op: str
    fan: int
    """How many products make one number."""
    spread: float
    times: int
    usual: float
    """The spread with which it would be as large as what goes in."""

    def message(self) -> str:
        drawn = f"weights drawn with a deviation of {self.spread:g}"
        return f"`{self.op}` adds up {self.fan:,} products of {drawn}: what comes out is about {self.times:,} times what goes in."

    def help(self) -> str:
        return f"leave the initializer out: the usual one's deviation is {self.usual:.2g} here; or put a norm behind the layer"
