"""Defines the problems of sizes and amounts that are out of range, unknown where they must be known, or changing where they must not. Floor
0.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.shapes.sizes import BATCH
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class RepeatChanges(Diagnostic):
    """In a `repeat` all iterations have the same structure, so a name that is rebound keeps its type. `for` may change shapes."""

    name: str
    before: str
    after: str
    where: str = "repeat"

    def message(self) -> str:
        return f"`{self.name}` is {self.before} before the `{self.where}` and {self.after} after one pass of it"

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        return "keep its type, or unroll with `for i in range(n) { … }`" if self.where == "repeat" else "keep its type"


@record(kw_only=True)
class SizeOutOfRange(Diagnostic):
    """A size or an amount is zero, negative, or larger than any machine holds."""

    what: str
    value: str
    limit: str

    def message(self) -> str:
        return f"{self.what} is {self.value}, but it must be {self.limit}"

    def help(self) -> str | None:
        return f"{self.proposed()}: a free size has a name that begins with a capital" if self.proposed() else None

    def mistake(self) -> object:
        return self.value if self.ways else None


@record(kw_only=True)
class IndexOutOfRange(Diagnostic):
    """An index lies outside the list it is taken from."""

    index: int
    length: int

    def message(self) -> str:
        return f"there is no item {self.index} in a list of {self.length}"

    def help(self) -> str | None:
        said = f"items count from 0: the last is {self.length - 1}" if self.length else "the list is empty"
        return f"{self.proposed()}; {said}" if self.proposed() else said


@record(kw_only=True)
class WeightNotTrained(Diagnostic):
    """A weight is what training moves, in steps of any size, so it holds floats. Whole numbers and truth values have no gradient."""

    name: str
    kind: str

    def message(self) -> str:
        return f"the weight `{self.name}` is {self.kind}, which training cannot move"

    def help(self) -> str | None:
        return "write `buffer`: what is kept, but not trained"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, "buffer")]


@record(kw_only=True)
class FreeParameter(Diagnostic):
    """A parameter's shape would depend on a size that is only known when the model runs, so it could not be created."""

    op: str
    parameter: str
    shape: str
    symbols: tuple[str, ...]
    name: str = ""
    """The weight's name, where the spec declares it."""

    def message(self) -> str:
        are = "is" if len(self.symbols) == 1 else "are"
        return f"the {self.parameter} of `{self.op}` would be {self.shape}, but {self._free()} {are} free in the model"

    def _free(self) -> str:
        return " and ".join(f"`{s}`" for s in self.symbols)

    def help(self) -> str | None:
        if proposed := self.proposed():
            return proposed
        dims = self.shape.partition("[")[2].rstrip("]").split(", ")
        if self.name and BATCH not in self.symbols and set(self.symbols) <= set(dims):
            return self._cut(dims)
        numbers = "a number" if len(self.symbols) == 1 else "numbers"
        return f"give {self._free()} {numbers} in the input's type, or make the axis another one"

    def _cut(self, dims: list[str]) -> str:
        """A weight for the largest size, of which each run takes what it needs."""
        bounds = " and ".join(f"`dim {s} <= {LARGEST}`" for s in self.symbols)
        shape = ", ".join(str(LARGEST) if d in self.symbols else d for d in dims)
        last = max(place for place, d in enumerate(dims) if d in self.symbols)
        items = ", ".join(f":{d}" if d in self.symbols else ":" for d in dims[: last + 1])
        dtype = self.shape.partition("[")[0]
        return f"make it as large as it can get: {bounds}, `weight {self.name}: {dtype}[{shape}]`, and use `{self.name}[{items}]`"


LARGEST = 512
"""A size for the proposal; the spec's own is the user's to choose."""


@record(kw_only=True)
class ExpectFailed(Diagnostic):
    """A claim of `expect` does not hold."""

    claim: str
    found: str
    largest: tuple[str, ...] = ()
    """The largest contributors, as `path 1,234`."""
    limit: str = ""
    """What the right side is worth, where it is a formula."""
    repair: str = ""
    repair_at: Span = NOWHERE

    def mistake(self) -> object:
        return self.claim.split()[0]

    def message(self) -> str:
        return f"expected `{self.claim}`{self.limit and f', which is {self.limit}'}, but it is {self.found}"

    def help(self) -> str | None:
        largest = f"the largest: {'; '.join(self.largest)}" if self.largest else ""
        if self.repair:
            return f"if that is meant, write `{self.repair}`{largest and '. ' + largest[0].upper() + largest[1:]}"
        return largest or None

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.repair_at, self.repair)] if self.repair and self.repair_at is not NOWHERE else []


@record(kw_only=True)
class SizeTooComplex(Diagnostic):
    """A size is a polynomial of its dims with so many terms, or such large numbers, that nothing is proved about it."""

    def message(self) -> str:
        return "this size has too many terms to be computed exactly"

    def help(self) -> str | None:
        return "write the dims that it is made of as numbers, or leave out some of the powers and products"


DEEP, DEEP_EXPRESSIONS = "blocks and regions inside one another", "expressions inside one another, those of blocks included"


@record(kw_only=True)
class ExpansionTooLarge(Diagnostic):
    """Loops and blocks would expand to more than a spec may hold. Counted before it is done."""

    what: str
    count: int
    limit: int
    things: str = "nodes"

    def message(self) -> str:
        return f"{self.what} would expand to {self.count:,} {self.things}, and the limit is {self.limit:,}"

    def help(self) -> str | None:
        if self.things in (DEEP, DEEP_EXPRESSIONS):
            return "let one block use several others in a row, in place of each using the next"
        return None if self.things != "nodes" else "where all passes are alike, write `repeat n { … }`: it stays one"
