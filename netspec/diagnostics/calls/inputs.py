"""Defines the problems of inputs that a call lacks, has too many of, or that do not fit. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class WrongCount(Diagnostic):
    """Before `=` stand more or fewer names than the expression behind it has values."""

    lacks_a_value = True

    names: int
    values: int
    found: str = ""
    """The value, where it is one."""
    place: str = ""
    """What takes one value, where it is not a name before `=`."""
    results: tuple[str, ...] = ()
    """The values' own names."""

    def message(self) -> str:
        values = self.found or f"{self.values} values"
        if self.place:
            return f"{self.place} takes one value, but here are {values}"
        names = f"{self.names} names stand" if self.names > 1 else "one name stands"
        return f"{names} before `=`, but behind it {'is' if self.found else 'are'} {values}"

    def help(self) -> str | None:
        if self.names < self.values:
            return f"bind each of them to a name first: `{', '.join(self.results or NAMES[: self.values])} = …`; `_` drops one"
        return "write one name for each value"


NAMES = "abcdefghijklmnopqrstuvwxyz"


@record(kw_only=True)
class MissingInput(Diagnostic):
    """A call gives some of an op's or block's tensors and leaves others out."""

    lacks_a_value = True

    op: str
    names: tuple[str, ...]
    all: tuple[str, ...]
    runs: str = ""
    """The layer that runs the block over time; "": none."""
    meaning: str = ""
    """What the op says of the first of them."""
    fits: tuple[str, ...] = ()
    """Tensors of the body that fit there."""

    def message(self) -> str:
        return f"`{self.op}` needs the input{'s' if len(self.names) > 1 else ''} {', '.join(f'`{n}`' for n in self.names)}"

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        if chosen is not None:
            return f"write `{chosen.words}`"
        if self.runs:
            return f"give `{self.runs}` a sequence for each: `({', '.join(self.all)}) -> {self.runs}({self.op}(…))`"
        if len(self.all) == 1:
            return f"put a tensor before it: `{self.all[0]} -> {self.op}`"
        if len(self.names) == 1 and (self.meaning or self.fits):
            name = self.names[0]
            said = f"`{name}` is {self.meaning}" if self.meaning else "pass it by name"
            fitting = f"; {' or '.join(f'`{n}`' for n in self.fits)} would fit" if self.fits else ""
            return f"{said}: write `{self.op}({name}={self.fits[0] if self.fits else '…'})`{fitting if len(self.fits) > 1 else ''}"
        return f"pass them before the arrow, `({', '.join(self.all)}) -> {self.op}`, or by name"


@record(kw_only=True)
class TooManyInputs(Diagnostic):
    """More tensors flow into an op or block than it takes."""

    lacks_a_value = True

    op: str
    takes: tuple[str, ...]
    given: int

    def message(self) -> str:
        takes = f"takes {len(self.takes)} input{'' if len(self.takes) == 1 else 's'}" if self.takes else "takes no inputs"
        return f"`{self.op}` {takes}, but {self.given} are given"

    def help(self) -> str | None:
        if len(self.takes) == 1:
            return f"its input is `{self.takes[0]}`; tensors that are to go in together are first joined, for example by `+`"
        return f"its inputs are {', '.join(f'`{t}`' for t in self.takes)}" if self.takes else None


@record(kw_only=True)
class NotATensor(Diagnostic):
    """Something stands where a tensor is wanted that is not one."""

    lacks_a_value = True

    what: str
    """What it is instead."""
    wanted: str

    def message(self) -> str:
        return f"{self.wanted} must be a tensor, not {self.what}"

    def help(self) -> str | None:
        if self.what.startswith(("the layer", "the function", "the block")):
            return f"nothing flows into it: put a tensor before it, `x -> {self.what.split('`')[1]}`"
        if proposed := self.proposed():
            return proposed
        if self.what == "a mean over the batch":
            return "`each(…)` around a loss is its values before they are averaged; arithmetic on a finished mean stands outside of blocks"
        return self.proposed() or None


@record(kw_only=True)
class NotAList(Diagnostic):
    """An input of a block that is declared as `list[…]` takes tensors in brackets, one or more."""

    op: str
    input: str
    what: str
    """What it is instead."""

    def message(self) -> str:
        return f"the input `{self.input}` of `{self.op}` is a list of tensors, not {self.what}"

    def help(self) -> str:
        repair = self.chosen()
        return f"write {repair.words}" if repair is not None else f"put the tensors into brackets: `[a, b] -> {self.op}`"


@record(kw_only=True)
class WrongDtype(Diagnostic):
    """A tensor's element type does not suit the op: a convolution of integers, an embedding of floats, …"""

    op: str
    input: str
    wanted: str
    found: str

    def message(self) -> str:
        return f"`{self.op}` wants {self.wanted} numbers for `{self.input}`, but it gets {self.found}".replace(
            "bool numbers", "truth values"
        )

    def mistake(self) -> object:
        return (self.input, self.found, self.at.text) if self.ways else None

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        if self.tried or self.ways:
            return None
        dtype = {"float": "f32", "whole": "i32", "bool": "bool"}.get(self.wanted)
        return f"convert it: `cast(…, {dtype})`" if dtype else None


@record(kw_only=True)
class WrongRank(Diagnostic):
    """A tensor has fewer axes than the op needs."""

    op: str
    input: str
    wanted: int
    found: str
    meaning: str = ""
    """What the input's axes are."""

    def help(self) -> str | None:
        return self.proposed() or (f"its input `{self.input}` is {self.meaning}" if self.meaning else None)

    def message(self) -> str:
        return f"`{self.op}` wants at least {self.wanted} ax{'is' if self.wanted == 1 else 'es'}, but it gets {self.found}"


@record(kw_only=True)
class InputMismatch(Diagnostic):
    """The tensor given to a block does not fit the type that the block's `input` declares."""

    op: str
    input: str
    wanted: str
    found: str
    why: str
    declared: Span = NOWHERE
    sizes: str = ""
    """The sizes that its symbols already have, as `D is 8`."""

    def message(self) -> str:
        return f"`{self.op}` takes {self.wanted} as `{self.input}`, but it gets {self.found}: {self.why}"

    def places(self) -> Sequence[Place]:
        return (
            [] if self.declared is NOWHERE else [Place(self.declared, f"declared here as {self.wanted}{self.sizes and '; ' + self.sizes}")]
        )

    def help(self) -> str | None:
        return self.proposed() or None
