"""Defines the problems of sizes that any layer's shape rule may find."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from netspec.diagnostics.base import Diagnostic, Place
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record
from netspec.shape import Dim, TensorType
from netspec.shape.types import BATCH, shape_text

_BOUND = re.compile(r"[A-Z]\w* (>=|<=) \d+")
_PIN = re.compile(r"([A-Z]\w*) == (\d+)")


def say_count(count: int, noun: str) -> str:
    """`1 axis`, `2 axes`."""
    plural = noun[:-2] + "es" if noun.endswith("xis") else noun + "s"
    return f"{count} {noun if count == 1 else plural}"


Relation = tuple[str, Dim, Dim, str]
_QUOTIENT = re.compile(r"([A-Z]\w*)//(\d+) >= (\d+)")
_REMAINDER = re.compile(r"([A-Z]\w*) % (\d+) == 0")


def combine_facts(facts: Sequence[Relation]) -> tuple[str, ...]:
    """The statements that say all of these: for each size one bound, and one number that divides it."""
    bounds: dict[str, int] = {}
    divisors_of: dict[str, int] = {}
    others: dict[str, None] = {}
    for op, left, right, text in facts:
        if (found := _REMAINDER.fullmatch(text)) is not None:
            divisors_of[found[1]] = math.lcm(divisors_of.get(found[1], 1), int(found[2]))
        elif (found := _QUOTIENT.fullmatch(text)) is not None:
            bounds[found[1]] = max(bounds.get(found[1], 1), int(found[2]) * int(found[3]))
        elif op == ">=" and _BOUND.fullmatch(text):
            bounds[str(left)] = max(bounds.get(str(left), 1), right.value)
        elif _BOUND.fullmatch(text):
            others[f"dim {text}"] = None
        else:
            others[f"require {text}"] = None
    lines = [f"dim {symbol} >= {least}" for symbol, least in sorted(bounds.items()) if divisors_of.get(symbol, 0) < least]
    exact = " and ".join(f"{symbol} % {n} == 0" for symbol, n in sorted(divisors_of.items()))
    return (*lines, *([f"require {exact}"] if exact else []), *others)


@runtime_checkable
class Instead(Protocol):
    """A problem of sizes that knows what to write where they may be equal, but are not meant to be."""

    def instead(self) -> str | None: ...


@record
class UnprovenSize(Diagnostic):
    """The program needs a relation between sizes that neither follows from the spec nor contradicts it."""

    op: str
    claim: str
    """The relation, as text of the language."""
    missing: str
    """A fact that would prove it, as text of the language."""
    why: str = ""
    """What needs the relation: `so that the window fits`."""
    rule: Diagnostic | None = None
    """The problem it would be if the sizes always differed."""
    fact: tuple[str, Dim, Dim, str] | None = None
    """The missing fact as its relation, two sides and text."""
    further: tuple[tuple[str, Dim, Dim, str], ...] = ()
    """Facts that are missing besides, here or at other places."""
    also: tuple[Place, ...] = ()
    """The other places."""

    def message(self) -> str:
        reason = f" {self.why}" if self.why else ""
        return f"`{self.op}` needs `{self.claim}`{reason}, and nothing in the spec says so."

    def places(self) -> Sequence[Place]:
        return self.also

    def statements_missing(self) -> tuple[str, ...]:
        if self.fact is None or any(BATCH in side.symbols() for side in self.fact[1:3]):
            return ()
        return combine_facts((self.fact, *self.further))

    def help(self) -> str | None:
        if proposed := self.proposed():
            fact = self.statements_missing()[-1:] if proposed.startswith("write `require ") else ()
            return proposed + "".join(f"; or `assume {f[8:]}`, to have it checked when the program runs" for f in fact)
        instead = self.rule.instead() if isinstance(self.rule, Instead) else None
        if not instead and self.fact is not None and any(BATCH in side.symbols() for side in self.fact[1:3]):
            return f"`{BATCH}` is the size of the batch, which a spec does not fix: is an axis missing, or in another place?"
        if instead or (pin := _PIN.fullmatch(self.missing)) is None:
            return instead or self._fact()
        symbol, number = pin.groups()
        if symbol == BATCH:
            return f"`{BATCH}` is the size of the batch, which a spec does not fix: is an axis missing, or in another place?"
        return f"write {number} for `{symbol}` in the input's type, or `assume {self.missing}` to have it checked when the program runs"

    def _fact(self) -> str:
        if _BOUND.fullmatch(self.missing):
            return f"write `dim {self.missing}` in the model"
        return f"write `require {self.missing}`, or `assume {self.missing}` to have it checked when the program runs"


@record
class NotPositive(Diagnostic):
    """A size must be at least 1."""

    op: str
    argument: str
    value: Dim

    def message(self) -> str:
        return f"`{self.argument}` of `{self.op}` would be {self.value}, which is never above 0, but a size is at least 1."


@record
class AxisOutOfRange(Diagnostic):
    """An axis is counted from 0, or from the end with -1, -2, …; the tensor does not have this one."""

    op: str
    axis: int
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` works on axis {self.axis}, but {self.input} has {say_count(self.input.rank, 'axis')}."

    def help(self) -> str | None:
        return self.proposed() or (f"use {-self.input.rank} to {self.input.rank - 1}" if self.input.rank else None)


@record
class UnevenGroups(Diagnostic):
    """Groups of features must all have the same size."""

    op: str
    groups: int
    features: Dim
    input: TensorType
    others: Dim | None = None
    """Further features that are cut into as many groups: those that a convolution makes."""

    def message(self) -> str:
        return f"{self.features} features do not divide into {self.groups} equal groups for `{self.op}`."

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        sizes = [size for size in (self.features, self.others) if size is not None]
        if not all(size.is_constant for size in sizes):
            return None
        if self.others is not None and self.others.value % self.groups == 0 and self.features != self.input.shape[-1]:
            below = self.features.value // self.groups * self.groups
            nearest = [str(n) for n in (below, below + self.groups) if n > 0]
            return f"`features` must be a multiple of {self.groups}: {' or '.join(nearest)}"
        common = divisors(math.gcd(*(size.value for size in sizes)))
        return f"the nearest number of groups is {min(common, key=lambda n: abs(n - self.groups))}"


@record
class InitializerNeedsMatrix(Diagnostic):
    """An initializer that scales by fan-in and fan-out, or makes orthogonal rows, needs a parameter with at least two axes."""

    initializer: str
    parameter: str
    shape: tuple[int | Dim, ...]
    axes: int = 2
    """How many it needs at least."""

    def message(self) -> str:
        number = {2: "two", 3: "three"}.get(self.axes, str(self.axes))
        return f"`{self.initializer}` needs a parameter with {number} axes or more, but `{self.parameter}` is {shape_text(self.shape)}."

    def help(self) -> str:
        return "use `zeros`, `ones`, `constant(…)` or `normal(…)` for a vector" if len(self.shape) < 2 else "use `orthogonal` for a matrix"


@record
class InitializerDoesNotFit(Diagnostic):
    """An initializer whose values have their places is for parameters of some shapes only; one that is computed must give numbers."""

    initializer: str
    parameter: str
    shape: tuple[int | Dim, ...]
    why: str

    def message(self) -> str:
        return f"`{self.initializer}` cannot fill `{self.parameter}` {shape_text(self.shape)}: {self.why}."
