"""Lets shapes meet: a shape and a pattern, the two operands of an operator, an image and a window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import EllipsisType
from typing import Literal, NamedTuple

from netspec.shape.dims import Dim
from netspec.shape.facts import Facts
from netspec.shape.types import Shape
from netspec.shape.verdict import PROVED, REFUTED, UNKNOWN, Verdict

Pattern = Sequence[Dim | EllipsisType]
"""Dims of a declared type; the first may be `...`, which stands for any number of leading dims."""


class Mismatch(NamedTuple):
    """One place where shapes do not meet."""

    axis: int | None
    """The axis of the actual shape, from 0 (`unify`) or from the end, -1 the last (`broadcast`); None when the ranks differ."""
    expected: Dim
    """The dim asked for, with what is bound filled in; for ranks, the rank (with `...` the least one)."""
    found: Dim
    verdict: Verdict
    """REFUTED: they never agree. UNKNOWN: it cannot be proved that they do."""
    unbound: frozenset[str] = frozenset()
    """Symbols of the pattern that nothing has bound, which is why nothing can be said."""


class Bindings(dict[str, Dim]):
    """What the symbols of a pattern stand for, and the dims that its `...` stands for (None while there was none)."""

    def __init__(self, dims: Mapping[str, Dim] | Iterable[tuple[str, Dim]] = (), leading: Shape | None = None) -> None:
        super().__init__(dims)
        self.leading = leading

    def fill(self, pattern: Pattern) -> Shape:
        """The shape that a pattern stands for. Symbols that are not bound stay."""
        shape: list[Dim] = []
        for dim in pattern:
            shape += (self.leading or ()) if isinstance(dim, EllipsisType) else (dim.substitute(self),)
        return tuple(shape)


def unify(pattern: Pattern, actual: Shape, bindings: Mapping[str, Dim], facts: Facts) -> Bindings | list[Mismatch]:
    """Bind the plain symbols of a pattern that are still free and check everything else.

    Symbols are bound before expressions are checked, so `[H // 2, H]` fits `[7, 14]`. Returns new bindings, or every mismatch.
    Symbols of the pattern and of the actual shape are different things even when they have the same name.
    """
    open_ended = bool(pattern) and isinstance(pattern[0], EllipsisType)
    fixed = [dim for dim in pattern if isinstance(dim, Dim)]
    skip = len(actual) - len(fixed)
    if skip < 0 or (skip and not open_ended):
        return [Mismatch(None, Dim.of(len(fixed)), Dim.of(len(actual)), REFUTED)]
    bound = Bindings(bindings, getattr(bindings, "leading", None))
    wrong = _lead(bound, actual[:skip], facts) if open_ended else []
    axes = list(enumerate(zip(fixed, actual[skip:], strict=True), skip))
    plain = {axis for axis, (dim, found) in axes if _bind(bound, dim, found)}
    wrong += [m for axis, (dim, found) in axes if axis not in plain and (m := _check(bound, axis, dim, found, facts))]
    return wrong or bound


def _lead(bound: Bindings, leading: Shape, facts: Facts) -> list[Mismatch]:
    """Bind `...`, or check it against what it stood for before."""
    if bound.leading is None:
        bound.leading = leading
        return []
    if len(bound.leading) != len(leading):
        return [Mismatch(None, Dim.of(len(bound.leading)), Dim.of(len(leading)), REFUTED)]
    pairs = enumerate(zip(bound.leading, leading, strict=True))
    return [Mismatch(axis, a, b, verdict) for axis, (a, b) in pairs if (verdict := facts.equal(a, b)) is not PROVED]


def _bind(bound: Bindings, dim: Dim, found: Dim) -> bool:
    """Bind a plain symbol that is free."""
    name = str(dim)
    if dim != Dim.symbol(name) or name in bound:
        return False
    bound[name] = found
    return True


def _check(bound: Bindings, axis: int, dim: Dim, found: Dim, facts: Facts) -> Mismatch | None:
    """Compares a dim of the pattern, with its symbols bound, to the one that is found."""
    unbound = dim.symbols() - bound.keys()
    expected = dim.substitute(bound)
    if unbound:
        return Mismatch(axis, expected, found, UNKNOWN, unbound)
    verdict = facts.equal(expected, found)
    return None if verdict is PROVED else Mismatch(axis, expected, found, verdict)


def broadcast(a: Shape, b: Shape, facts: Facts) -> Shape | Mismatch:
    """The shape of an elementwise result. Leading dims may be missing from one; at equal rank a 1 stretches.

    In a mismatch `expected` is a's dim and `found` is b's.
    """
    stretch = len(a) == len(b)
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    head = longer[: len(longer) - len(shorter)]
    tail: list[Dim] = []
    for axis in range(-len(shorter), 0):
        met = _meet(a[axis], b[axis], stretch, facts)
        if isinstance(met, Verdict):
            return Mismatch(axis, a[axis], b[axis], met)
        tail.append(met)
    return (*head, *tail)


def _meet(x: Dim, y: Dim, stretch: bool, facts: Facts) -> Dim | Verdict:
    """The common dim, preferably a number, or why there is none."""
    if x == y:
        return x
    verdict = facts.equal(x, y)
    if verdict is PROVED:
        return y if y.is_constant else x
    if stretch and 1 in (facts.normal(x), facts.normal(y)):
        return y if facts.normal(x) == 1 else x
    return verdict


def conv_out(size: Dim | int, kernel: int, stride: int, dilation: int, padding: Literal["SAME", "VALID"] | tuple[int, int]) -> Dim:
    """Positions of a window along one axis: ceil(size / stride) for SAME, else those that fit into the padded axis.

    The result can be 0 or less when the window is larger than the axis; whoever calls checks. Raises ValueError when kernel, stride
    or dilation is below 1.
    """
    if min(kernel, stride, dilation) < 1:
        raise ValueError(f"kernel {kernel}, stride {stride} and dilation {dilation} must be at least 1")
    length = Dim.of(size)
    if padding == "SAME":
        return length.ceildiv(stride)
    before, after = (0, 0) if padding == "VALID" else padding
    covered = dilation * (kernel - 1) + 1
    return (length + int(before) + int(after) - covered) // stride + 1
