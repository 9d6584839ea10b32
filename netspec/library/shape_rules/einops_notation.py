"""Reads einops' notation, `"b (h d) t -> b h t d"`: axes are names, `1`, numbers (new axes of `repeat`), `...`, and joined in brackets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.patterns import BadPattern, PatternNames, PatternRank, PatternSize, PatternUnknowns, UnusedSize
from netspec.library.shape_rules.requirements import need_equal, need_multiple
from netspec.library.shape_rules.sizes import require_positive
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.algebra import exact_quotient
from netspec.shape.types import elements

DOTS, JOINED = "...", "(...)"
"""Axes without names, as they are or joined into one."""
_TOKEN = re.compile(r"\s*(\.\.\.|[A-Za-z_]\w*|\d+|[()])")

Axis = tuple[str, ...]
"""The names that are joined into one axis; one name for a plain axis, none for `1`."""


@record
class Pattern:
    """Both sides of a pattern, with the names in order."""

    text: str
    left: tuple[Axis, ...]
    right: tuple[Axis, ...]


@record
class Plan:
    """A pattern on a tensor: sizes of the names, and the names of both sides in order, `...` written out."""

    sizes: Mapping[str, Any]
    """Dims for a type; for an array its own numbers, or the dimensions by which JAX traces any size."""
    left: tuple[str, ...]
    right: tuple[Axis, ...]

    def shape(self) -> list[Any]:
        return [math.prod(self.sizes[name] for name in axis) for axis in self.right]

    def inner(self) -> list[str]:
        """The names after the arrow, brackets open."""
        return [name for axis in self.right for name in axis]


@lru_cache(maxsize=1024)
def read(op: str, text: str) -> Pattern:
    """A pattern as text. Raises `Mistake`."""
    sides = text.split("->")
    if len(sides) != 2:
        raise Mistake(BadPattern(op, text, "arrow", blame="pattern"))
    left, right = (_side(op, text, side) for side in sides)
    if any(JOINED in axis for axis in left):
        raise Mistake(BadPattern(op, text, "dots", blame="pattern"))
    return Pattern(text, left, right)


def _side(op: str, text: str, side: str) -> tuple[Axis, ...]:
    """Reads one side of a pattern as axes, each the tuple of the names that are joined in it. Raises `Mistake`."""
    axes: list[Axis] = []
    group: list[str] | None = None
    for token in _tokens(op, text, side):
        if token in "()":
            if (token == "(") != (group is None):
                raise Mistake(BadPattern(op, text, "brackets", blame="pattern"))
            if group is not None:
                axes.append(tuple(group))
            group = [] if token == "(" else None
        elif group is not None:
            group += [JOINED if token == DOTS else token] if token != "1" else []
        else:
            axes.append((token,) if token != "1" else ())
    names = [name for axis in axes for name in axis]
    _need_once(op, text, names)
    if group is not None:
        raise Mistake(BadPattern(op, text, "brackets", blame="pattern"))
    return tuple(axes)


def _tokens(op: str, text: str, side: str) -> list[str]:
    """Cuts one side of a pattern into names, numbers, brackets and dots. Raises `Mistake` at any other sign."""
    found, place = [], 0
    side = side.rstrip()
    while place < len(side):
        match = _TOKEN.match(side, place)
        if match is None or match[1].lstrip("0") == "":
            raise Mistake(BadPattern(op, text, "character", side[place:].strip()[:1], blame="pattern"))
        found.append(match[1])
        place = match.end()
    return found


def _need_once(op: str, text: str, names: list[str]) -> None:
    """Raises `Mistake` where a name or `...` stands twice on one side."""
    if names.count(DOTS) + names.count(JOINED) > 1:
        raise Mistake(BadPattern(op, text, "dots", blame="pattern"))
    twice = tuple(dict.fromkeys(name for name in names if names.count(name) > 1 and not name.isdigit()))
    if twice:
        raise Mistake(PatternNames(op, text, twice=twice, blame="pattern"))


def plan_pattern(facts: Facts, op: str, pattern: Pattern, x: TensorType, given: Mapping[str, int | Dim]) -> Plan:
    """The pattern on a tensor of this type. Raises `Mistake` when it does not fit."""
    written = {name for side in (pattern.left, pattern.right) for axis in side for name in axis}
    unused = next((name for name in given if name not in written), None)
    if unused is not None:
        raise Mistake(UnusedSize(op, pattern.text, unused, blame="sizes"))
    sizes = {name: require_positive(facts, op, name, size) for name, size in given.items()}
    left = _spread_dots(op, pattern, x)
    for axis, size in zip(left, x.shape, strict=True):
        _bind(facts, op, axis, size, sizes)
    return _both_sides(pattern, left, sizes)


def fit_pattern(op: str, pattern: Pattern, x: TensorType, shape: tuple[Any, ...], given: Mapping[str, Any]) -> Plan:
    """The pattern on an array of this shape, whose type is proved to fit."""
    sizes, left = dict(given), _spread_dots(op, pattern, x)
    for axis, size in zip(left, shape, strict=True):
        known = math.prod(sizes[name] for name in axis if name in sizes)
        sizes.update({name: size // known for name in axis if name not in sizes})
    return _both_sides(pattern, left, sizes)


def _both_sides(pattern: Pattern, left: list[Axis], sizes: dict[str, Any]) -> Plan:
    """Plans the rearrangement: the sizes by name, the names in the order of x, and the axes of the result."""
    dots = tuple(axis[0] for axis in left if axis and axis[0].startswith(DOTS))
    right = tuple(_name_numbers(axis, sizes, at) for at, axis in enumerate(_write_out(pattern.right, dots)))
    return Plan(sizes, tuple(name for axis in left for name in axis), right)


def _spread_dots(op: str, pattern: Pattern, x: TensorType) -> list[Axis]:
    """The left side with `...` as one name per axis that it stands for."""
    named, dots = len(pattern.left), (DOTS,) in pattern.left
    extra = x.rank - named + dots
    if extra < 0 or (extra and not dots):
        side = pattern.text.split("->")[0].strip()
        raise Mistake(PatternRank(op, side, named - dots, dots, x, blame="pattern"))
    return _write_out(pattern.left, tuple(f"{DOTS}{n}" for n in range(extra)))


def _write_out(side: Iterable[Axis], dots: tuple[str, ...]) -> list[Axis]:
    """Puts the axes that `...` stands for into a side."""
    axes: list[Axis] = []
    for axis in side:
        if axis == (DOTS,):
            axes += [(name,) for name in dots]
        else:
            axes.append(tuple(name for part in axis for name in (dots if part == JOINED else (part,))))
    return axes


def _name_numbers(axis: Axis, sizes: dict[str, Any], at: int) -> Axis:
    """Numbers as names of their own: the new axes of `repeat`."""
    names = []
    for place, name in enumerate(axis):
        if name.isdigit():
            sizes[f"{name}@{at}.{place}"] = int(name)
            name = f"{name}@{at}.{place}"
        names.append(name)
    return tuple(names)


def _bind(facts: Facts, op: str, axis: Axis, size: Dim, sizes: dict[str, Dim]) -> None:
    """Give the names of an axis their sizes; at most one of them is worked out."""
    unknown = [name for name in axis if name not in sizes]
    known = elements([sizes[name] for name in axis if name in sizes])
    text = f"({' '.join(axis)})" if len(axis) > 1 else axis[0] if axis else "1"
    if len(unknown) > 1:
        raise Mistake(PatternUnknowns(op, text, tuple(unknown), blame="pattern"))
    if not unknown:
        need_equal(facts, op, size, known, "by its pattern", PatternSize(op, text, size, known, blame="pattern"))
        return
    quotient = exact_quotient(size, known)
    if quotient is None:
        problem = PatternSize(op, text, size, known, True, blame="pattern")
        if not known.is_constant:
            raise Mistake(problem)
        need_multiple(facts, op, size, known.value, "so that the axis divides", problem)
        quotient = size // known
    sizes[unknown[0]] = quotient


def need_names(op: str, pattern: Pattern, drops: bool, adds: Iterable[str] | None) -> None:
    """Which names may stand on one side only: with `drops` any before the arrow, after it those of `adds`. Raises `Mistake`."""
    left, right = ([DOTS if n == JOINED else n for axis in side for n in axis] for side in (pattern.left, pattern.right))
    gone = () if drops else tuple(name for name in left if name not in right)
    number = next((name for name in left if name.isdigit()), None)
    if number is not None:
        raise Mistake(BadPattern(op, pattern.text, "character", number, blame="pattern"))
    allowed = set(adds or ())
    new = tuple(n for n in right if n not in left and n not in allowed and not (adds is not None and n.isdigit()))
    if gone or new:
        raise Mistake(PatternNames(op, pattern.text, gone, new, blame="pattern"))
