"""Writes what an op says of masks as one line: worked out from its inputs and its examples, or stated by the class."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterable

from netspec.library.base import Callable, Measure
from netspec.library.contracts.mask_effects import MIXES, MOVES, NEAR, mask_inputs, treatment
from netspec.record import record
from netspec.shape import Facts, TensorType

WORDS = {MIXES: "ignores masks along", NEAR: "takes in neighbours along", MOVES: "moves elements along"}


@record
class Contract:
    """What a class of ops does with a mask."""

    takes: tuple[str, ...]
    """The inputs by which it consumes one."""
    treated: tuple[tuple[str, str], ...]
    """How, and the axes along which: those that no mask passes through."""
    stated: str = ""
    """The line, where it is another."""

    @property
    def verb(self) -> str:
        """Consumes, propagates or ignores."""
        return "consumes" if self.takes else "ignores" if self.treated and self.treated[0][0] == MIXES else "propagates"

    def __str__(self) -> str:
        if self.stated:
            return self.stated
        if self.takes:
            return f"consumes {' and '.join(f'`{name}`' for name in self.takes)}"
        if not self.treated:
            return "propagates"
        parts = [f"{WORDS[how]} {axes}" for how, axes in self.treated]
        return f"{', '.join(parts)}; propagates along others" if all(axes != ALL for _, axes in self.treated) else ", ".join(parts)


ALL = "every axis"
AXES = {
    frozenset({"first"}): "the first axis",
    frozenset({"last"}): "the last axis",
    frozenset({"between"}): "the axes between the first and the last",
    frozenset({"between", "last"}): "all axes but the first",
    frozenset({"first", "between"}): "all axes but the last",
    frozenset({"first", "last"}): "the first axis and the last",
    frozenset({"first", "between", "last"}): ALL,
}


def contract(cls: type[Callable], type_of: Function[[str], TensorType]) -> Contract | None:
    """Of a class, by its examples, whose types `type_of` reads; None where it takes no tensors."""
    if not cls.inputs:
        return None
    if mask_inputs(cls) or cls.elementwise:
        return Contract(mask_inputs(cls), ())
    if "layer" in cls.arguments():
        return Contract((), (), "does what its `layer` does")
    if issubclass(cls, Measure):
        return Contract((), ((MIXES, ALL),))
    found: dict[str, set[str]] = {}
    for example in cls.examples():
        types = tuple(map(type_of, example.inputs))
        for axis, size in enumerate(types[0].shape if types else ()):
            if size != 1:
                how = treatment(example.op, types, (0, axis), (), Facts()).how  # type: ignore[arg-type]
                found.setdefault(how, set()).add(_place(axis, types[0].rank))
    harmful = found.get(MIXES, set()) | found.get(NEAR, set())
    if found.get(MOVES, set()) <= harmful:
        found.pop(MOVES, None)
    return Contract((), tuple((how, _name_axes(cls, found[how])) for how in (MIXES, NEAR, MOVES) if how in found))


def _place(axis: int, rank: int) -> str:
    """Where an axis stands, in a word."""
    return "last" if axis == rank - 1 else "first" if axis == 0 else "between"


def _name_axes(cls: type[Callable], places: Iterable[str]) -> str:
    """Axes by the argument that names them, or by where they stand."""
    argument = next((name for name in ("axis", "equation", "pattern", "axes") if name in cls.arguments()), None)
    if argument == "axis":
        return "`axis`"
    return f"axes that its `{argument}` does not keep" if argument else AXES[frozenset(places)]
