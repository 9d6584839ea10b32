"""Defines the problems of calls whose arguments and inputs do not fit the op or block. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record


@record(kw_only=True)
class BadArgument(Diagnostic):
    """An argument's value is of the wrong type, or outside the range that the op or block declares."""

    op: str
    name: str
    value: str
    expected: str
    repair: str = ""
    """The text that should stand there, when it is known."""
    part: str = ""
    """The guilty part of the value, where the rest is fine: "item 1 is the string `"8"`"."""
    advice: str = ""

    def message(self) -> str:
        if self.part:
            return f"`{self.op}` wants {self.expected} for `{self.name}`, but {self.part}"
        return f"`{self.op}` wants {self.expected} for `{self.name}`, not {self.value}"

    def says(self) -> str:
        """What is wrong, without the op."""
        return f"`{self.name}` wants {self.expected}"

    def help(self) -> str | None:
        repair = self.chosen() if self.ways else None
        if repair is not None and repair.words:
            return f"write `{repair.words}`"
        return f"write `{self.repair}`" if self.repair else self.advice or self.by_name()

    def by_name(self) -> str | None:
        """What to do with a number or word whose place says another argument than is meant."""
        source, start = self.at.source, self.at.start
        if self.part or not self.at.text or source.pointers is not None or source.text[:start].rstrip()[-1:] != ",":
            return None
        return (
            f"`{self.name}` has this place among the arguments of `{self.op}`: a value that is meant for another one has its name before it"
        )

    def own_edits(self) -> Sequence[Edit]:
        if self.ways:
            return self.ways[0].edits
        return [Edit(self.at, self.repair)] if self.repair else []

    def mistake(self) -> object:
        return (self.slug(), self.op, self.name, self.value) if self.value.endswith(" values") else None


@record(kw_only=True)
class ArgumentOfFreeSize(Diagnostic):
    """An argument is a number known when the program is compiled, and here it depends on a size that is free until data come."""

    op: str
    name: str
    sizes: tuple[str, ...]
    """The free sizes."""
    advice: str = ""
    """What to write instead, where the op knows."""

    def message(self) -> str:
        sizes = " and ".join(f"`{size}`" for size in self.sizes)
        return f"`{self.name}` of `{self.op}` may not depend on {sizes}, which {'is' if len(self.sizes) == 1 else 'are'} free"

    def help(self) -> str:
        sizes = " and ".join(f"`{size}`" for size in self.sizes)
        return self.advice or f"write a number, or a fixed size in the place of {sizes} in the input's type"


@record(kw_only=True)
class SwappedArguments(Diagnostic):
    """Two arguments stand the other way round: each has the type of the other."""

    op: str
    first: str
    second: str
    """The arguments, in the order in which the op takes them."""
    swapped: tuple[Edit, ...] = ()

    def message(self) -> str:
        return f"`{self.op}` takes `{self.first}` first and `{self.second}` behind it; these two stand the other way round"

    def mistake(self) -> object:
        return self.at.text if self.ways else None

    def help(self) -> str | None:
        repair = self.chosen()
        if repair is not None and repair.words:
            return f"write `{repair.words}`"
        return f"write `{', '.join(edit.text for edit in self.swapped)}`" if self.swapped else None

    def own_edits(self) -> Sequence[Edit]:
        return self.swapped


@record(kw_only=True)
class MissingArgument(Diagnostic):
    """An op or block is called without an argument that has no default."""

    lacks_a_value = True
    op: str
    names: tuple[str, ...]
    signature: str = ""

    def mistake(self) -> object:
        return (self.op, self.names)

    def message(self) -> str:
        names = " and ".join(f"`{n}`" for n in self.names)
        return f"`{self.op}` needs {'a value' if len(self.names) == 1 else 'values'} for {names}"

    def help(self) -> str | None:
        repair = self.chosen()
        if repair is not None:
            return f"write for instance `{repair.words}`; its arguments are `{self.op}({self.signature})`"
        return f"its arguments are `{self.op}({self.signature})`" if self.signature else None


@record(kw_only=True)
class TooManyArguments(Diagnostic):
    """More values stand in the parentheses than the op or block has parameters, or one is given twice."""

    op: str
    signature: str
    twice: str = ""
    shared: bool = False
    """The callee is a shared instance, which has its arguments."""
    listed: str = ""
    """The call with its numbers in a list, where the op takes a list."""

    def message(self) -> str:
        if self.shared:
            return f"this `{self.op}` is shared: its arguments stand where it is made, and its uses add none"
        if self.twice:
            return f"`{self.op}` gets `{self.twice}` twice"
        return f"`{self.op}` gets more arguments than it has"

    def label(self) -> str:
        return "given before" if self.twice else "" if self.shared else "one too many"

    def help(self) -> str | None:
        if self.shared:
            return "move it to the `shared` line, or make a layer of its own"
        repair = self.chosen()
        if repair is not None and repair.words and not self.listed:
            return (
                f"write `{repair.words}`; its arguments are `{self.op}({self.signature})`" if self.signature else f"write `{repair.words}`"
            )
        if self.listed:
            return f"give a list: `{self.listed}`"
        return f"its arguments are `{self.op}({self.signature})`" if self.signature else f"`{self.op}` has no arguments: write `{self.op}`"


@record(kw_only=True)
class Recursion(Diagnostic):
    """A block uses itself, directly or through others. Networks are finite: repetition is written `repeat` or `for`."""

    cycle: tuple[str, ...]

    def message(self) -> str:
        return f"`{self.cycle[0]}` uses itself: {' -> '.join(self.cycle)}"

    def help(self) -> str | None:
        return "write the repetition as `repeat n { … }`"


@record(kw_only=True)
class RecursiveFunction(Diagnostic):
    """A function of static values calls itself, directly or through others. Every function ends: repetition is written as a list."""

    cycle: tuple[str, ...]

    def message(self) -> str:
        return f"the function `{self.cycle[0]}` calls itself: {' -> '.join(self.cycle)}"

    def help(self) -> str | None:
        return "write the repetition over a list: `sum([2**i for i in range(n)])`, `[f(x) for x in xs]`"
