"""Defines the problems of attention, embeddings and positions."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record
from netspec.shape import Dim, TensorType
from netspec.shape.types import shape_text


def _say_count(number: int | Dim, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@record
class UnevenHeads(Diagnostic):
    """Attention splits the features into heads of equal size, so the number of heads divides the number of features."""

    op: str
    heads: int
    features: Dim
    input: TensorType

    def message(self) -> str:
        return f"{self.features} features of {self.input} do not divide into {_say_count(self.heads, 'equal head')} for `{self.op}`."

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        if not self.features.is_constant:
            return None
        features = self.features.value
        return f"the nearest number of heads is {min(divisors(features), key=self._distance)}"

    def _distance(self, heads: int) -> int:
        return abs(heads - self.heads)


@record
class UnevenKeyHeads(Diagnostic):
    """Several query heads may share a head of keys and values, but then each of those serves equally many."""

    op: str
    heads: Dim
    key_heads: Dim

    def message(self) -> str:
        return f"{self.heads} query heads of `{self.op}` cannot be shared out evenly over {self.key_heads} heads of keys and values."

    def help(self) -> str:
        return f"the number of key heads divides {self.heads}; 1 is multi-query attention"


@record
class UnfitHeads(Diagnostic):
    """Queries, keys and values are [batch, length, heads, size]: sizes of queries and keys agree, lengths and heads of keys and values,
    and all axes before the length."""

    op: str
    first: str
    first_type: TensorType
    second: str
    second_type: TensorType
    axis: int | None
    """The axis that differs, counted from the end; None when the numbers of axes do."""

    def message(self) -> str:
        pair = f"`{self.first}` {self.first_type} and `{self.second}` {self.second_type} of `{self.op}`"
        if self.axis is None:
            return f"{pair} have different numbers of axes."
        sizes = self.first_type.shape[self.axis], self.second_type.shape[self.axis]
        return f"{pair} differ in their {self._word()}: {sizes[0]} and {sizes[1]}."

    def _word(self) -> str:
        return {-1: "head size", -2: "number of heads", -3: "length"}.get(self.axis or 0, "leading axes")


@record
class UnfitShape(Diagnostic):
    """A mask, segment numbers, positions or a bias have a shape that does not go with the tensor they are for."""

    op: str
    input: str
    found: TensorType
    accepted: tuple[tuple[Dim, ...], ...]

    def message(self) -> str:
        shapes = " or ".join(map(shape_text, self.accepted))
        return f"`{self.input}` of `{self.op}` is {self.found}, but its shape must be {shapes}."

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        return f"write {chosen.words}" if chosen is not None else None


@record
class UnequalFeatures(Diagnostic):
    """The vectors that are compared with an embedding have another size than its own."""

    op: str
    input: TensorType
    features: Dim

    def message(self) -> str:
        return f"`{self.op}` has vectors of {self.features} features, but {self.input} has {self.input.shape[-1]}."

    def help(self) -> str:
        if proposed := self.proposed():
            return proposed
        return f"project it first: `-> dense({self.features})`"


@record
class OddFeatures(Diagnostic):
    """Positions are written as pairs of a sine and a cosine, so the number of features is even."""

    op: str
    features: Dim

    def message(self) -> str:
        return f"`{self.op}` works on pairs of features, and {self.features} is odd."


@record
class TooFewPositions(Diagnostic):
    """Every position of a sequence has a learned vector, so the table has as many as the longest sequence."""

    op: str
    positions: Dim
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` has vectors for {_say_count(self.positions, 'position')}, but {self.input} is {self.input.shape[-2]} long."


@record
class TooManyTurned(Diagnostic):
    """Rotary positions turn the first features of each head, and a head has no more than its own."""

    op: str
    rotary: Dim
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` is to turn {self.rotary} features, but a head of {self.input} has {self.input.shape[-1]}."
