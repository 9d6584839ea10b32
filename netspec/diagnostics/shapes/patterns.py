"""Defines the problems of patterns in einops' notation and of einsum's equations."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.sizes import say_count
from netspec.record import record
from netspec.shape import Dim, TensorType

_PROBLEMS = {
    "arrow": "has one `->` between the axes before and after",
    "brackets": "has brackets that do not pair, or stand in each other",
    "dots": "has `...` more than once on a side, or in brackets on the left",
    "character": "has a character that is no part of the notation",
}


@record
class BadPattern(Diagnostic):
    """A pattern names the axes before and after an arrow: `"b (h d) t -> b h t d"`; an equation of `einsum` has one letter per axis."""

    op: str
    pattern: str
    problem: str
    """"arrow", "brackets", "dots" or "character"."""
    part: str = ""
    """The text that is wrong, where it is known."""

    def message(self) -> str:
        where = f" (`{self.part}`)" if self.part else ""
        if self.problem == "arrow":
            return f'a pattern of `{self.op}` {_PROBLEMS["arrow"]}, but "{self.pattern}" has not.'
        return f'the pattern "{self.pattern}" of `{self.op}` {_PROBLEMS[self.problem]}{where}.'


@record
class PatternRank(Diagnostic):
    """A pattern names every axis of its tensor; `...` stands for any number of them."""

    op: str
    side: str
    """The part of the pattern that names the tensor's axes."""
    named: int
    dots: bool
    input: TensorType

    def message(self) -> str:
        least = "at least " if self.dots else ""
        return f'"{self.side}" of `{self.op}` names {least}{say_count(self.named, "axis")}, but {self.input} has {self.input.rank}.'

    def help(self) -> str | None:
        return None if self.dots else "`...` stands for axes that have no name"


@record
class PatternNames(Diagnostic):
    """Names stand on both sides of a pattern, once each: `rearrange` keeps all axes, `reduce` drops some, `repeat` adds some."""

    op: str
    pattern: str
    left: tuple[str, ...] = ()
    """Names that stand only before the arrow and may not."""
    right: tuple[str, ...] = ()
    """Names that stand only after the arrow and may not."""
    twice: tuple[str, ...] = ()

    def message(self) -> str:
        groups = {self.twice: "twice on one side", self.left: "only before the arrow", self.right: "only after the arrow"}
        names, place = next(item for item in groups.items() if item[0])
        return f'in the pattern "{self.pattern}" of `{self.op}` {_join_names(names)} {"stand" if len(names) > 1 else "stands"} {place}.'

    def help(self) -> str | None:
        if self.left and self.op == "rearrange":
            return '`reduce(…, "sum")` drops axes'
        return 'give its size: `repeat(x, "…", n=2)`' if self.right and self.op in ("rearrange", "repeat") else None


def _join_names(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)


@record
class PatternSize(Diagnostic):
    """The sizes that a pattern, its named sizes and the tensor give to an axis must agree."""

    op: str
    axis: str
    """The axis as the pattern writes it: `(h d)`."""
    size: Dim
    wanted: Dim
    divides: bool = False
    """`wanted` has to divide the size, and does not."""

    def message(self) -> str:
        if self.divides:
            return f"the axis `{self.axis}` of `{self.op}` has {self.size} elements, which {self.wanted} does not divide."
        return f"the axis `{self.axis}` of `{self.op}` would have {self.wanted} elements, but the tensor has {self.size} there."

    def help(self) -> str | None:
        return self.proposed() or None


@record
class PatternUnknowns(Diagnostic):
    """Of the axes that are joined in brackets at most one may be worked out; the others need a size."""

    op: str
    axis: str
    names: tuple[str, ...]

    def message(self) -> str:
        return f"the sizes of {_join_names(self.names)} in `{self.axis}` of `{self.op}` cannot be told apart."

    def help(self) -> str:
        return f"give one of them: `{self.names[0]}=…`"


@record
class UnusedSize(Diagnostic):
    """A size is given for a name that the pattern does not have."""

    op: str
    pattern: str
    name: str

    def message(self) -> str:
        return f'`{self.op}` gets a size for `{self.name}`, which is not in its pattern "{self.pattern}".'


@record
class EinsumOperands(Diagnostic):
    """An equation of `einsum` has one group of letters for each tensor."""

    equation: str
    groups: int
    tensors: int

    def message(self) -> str:
        return f'the equation "{self.equation}" is for {say_count(self.groups, "tensor")}, but `einsum` gets {self.tensors}.'


@record
class EinsumDims(Diagnostic):
    """A letter of an equation is one size, wherever it stands."""

    equation: str
    letter: str
    one: Dim
    other: Dim

    def message(self) -> str:
        return f'`{self.letter}` of the equation "{self.equation}" stands for axes of {self.one} and {self.other} elements.'

    def help(self) -> str | None:
        return self.proposed() or None
