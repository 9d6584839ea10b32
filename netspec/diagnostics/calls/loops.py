"""Defines the problems of loops over lists and of functions of static values. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class UnequalItems(Diagnostic):
    """A loop with several names takes each item of its list apart, so every item has as many parts as there are names."""

    names: str
    """The names as they are written."""
    count: int
    position: int
    """Of the first item that does not fit."""
    found: str
    """What that item is."""
    shapes: tuple[str, ...] = ()
    """What all items are: "3 × a list of 2"."""
    iterable: str = ""
    place: Span = NOWHERE
    how: str = ""
    changes: tuple[Edit, ...] = ()

    def message(self) -> str:
        parts = f"into {self.count} parts" if self.count > 1 else "as the brackets say"
        of = f" of `{self.iterable}`" if self.iterable else ""
        return f"`for {self.names}` takes each item apart {parts}, but item {self.position}{of} is {self.found}"

    def places(self) -> Sequence[Place]:
        shapes = self.shapes[: LIMITS.listed_words]
        more = ", …" if len(self.shapes) > len(shapes) else ""
        return [] if self.place is NOWHERE else [Place(self.place, f"its items: {', '.join(shapes)}{more}")]

    def help(self) -> str | None:
        return self.how or None

    def own_edits(self) -> Sequence[Edit]:
        return self.changes


@record(kw_only=True)
class TensorInFunction(Diagnostic):
    """A function of a file computes with what is known before anything runs. What computes with tensors is a block."""

    name: str
    argument: str = ""
    """The param that is given a tensor; none where the function makes one."""

    def message(self) -> str:
        if self.argument:
            return f"`{self.name}` is a function of static values, but its `{self.argument}` is given a tensor"
        return f"`{self.name}` is a function of static values, and this computes a tensor"

    def help(self) -> str | None:
        return "what computes with tensors is a block: `block Name { input x: f32[B, D]; output … }`"


@record(kw_only=True)
class RepeatIndex(Diagnostic):
    """The index of a `repeat` is a number of the running program: a size, a condition or a list's index must be known before, as the index
    of a `for` is."""

    name: str
    count: str

    def message(self) -> str:
        return f"`{self.name}` is the index of a `repeat`, which is known only when the program runs, and this must be known before"

    def help(self) -> str:
        repair = self.chosen()
        if repair is not None and not repair.words.startswith("for "):
            return f"write {repair.words}" if "`" in repair.words else f"write `{repair.words}`"
        if repair is not None:
            return f"write the loop as `{repair.words} {{ … }}`, whose index is a number"
        return f"in `for {self.name} in range({self.count}) {{ … }}` it is a number"
