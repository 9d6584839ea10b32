"""Says what is wrong of a block that nobody uses, whatever its uses would give it; what may be right for some is silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.calls.arguments import ArgumentOfFreeSize, BadArgument
from netspec.diagnostics.calls.conditions import RequireFailed, WhereFailed
from netspec.diagnostics.shapes.expansion import FreeParameter, SizeTooComplex
from netspec.diagnostics.shapes.proofs import BadOperands, CannotDecide, CannotProve, NotStatic
from netspec.library.base import Callable
from netspec.limits import LIMITS
from netspec.shape import Dim, DimTooComplex, Facts, TensorType

OF_SIZES: tuple[type[Diagnostic], ...] = (ArgumentOfFreeSize, FreeParameter, CannotProve, CannotDecide, SizeTooComplex)
"""What is said of sizes that are not known, and may be known where the block is used."""
OF_VALUES: tuple[type[Diagnostic], ...] = (*OF_SIZES, NotStatic, RequireFailed, WhereFailed)
"""What is said besides of statements that nothing runs, with values that they would never have."""
A_SIZE = "the size `"
"""How a size that is not known is described."""


def depends_on_a_size(problem: Diagnostic) -> bool:
    """The problem speaks of a size without a number where a use may give it one."""
    if isinstance(problem, OF_SIZES):
        return True
    if isinstance(problem, NotStatic):
        return problem.found.startswith(A_SIZE)
    if isinstance(problem, BadArgument):
        return A_SIZE in problem.value or A_SIZE in problem.part
    return isinstance(problem, BadOperands) and any(A_SIZE in side for side in (problem.left, problem.right or ""))


def fails_at_every_size(op: Callable, inputs: list[Any], optional: dict[str, TensorType]) -> bool:
    """No sizes of its inputs make the op right: tried with the numbers that stand in the types and arguments, and some usual ones."""
    types = [t for t in (*inputs, *optional.values()) if isinstance(t, TensorType)]
    symbols = sorted({s for t in types for s in t.symbols()})
    if any(has_symbol(getattr(op, name)) for name in op.arguments()):
        return False
    for sizes in islice(list_sizes(symbols, types, op), LIMITS.tried_sizes):
        try:
            given = [t.substitute(sizes) if isinstance(t, TensorType) else t for t in inputs]
            op.shape(Facts(), *given, **{n: t.substitute(sizes) for n, t in optional.items()})
        except (Mistake, DimTooComplex):
            continue
        return False
    return True


def list_sizes(symbols: list[str], types: Iterable[TensorType], op: Callable) -> Iterator[dict[str, Dim]]:
    """Sizes for the symbols: all alike first, then every combination."""
    written = {n for t in types for d in t.shape for n in list_numbers(d)} | {
        n for name in op.arguments() for n in list_numbers(getattr(op, name))
    }
    written |= {a * b for a in written for b in written if a * b <= 4096}
    numbers = [*dict.fromkeys((64, *sorted(written), 1, 2, 3, 224, 840))]
    yield from ({s: Dim.of(n) for s in symbols} for n in numbers)
    yield from (dict(zip(symbols, map(Dim.of, chosen), strict=True)) for chosen in product(numbers, repeat=len(symbols)))


def list_numbers(value: Any) -> list[int]:
    """The sizes that stand in a dim or an argument."""
    if isinstance(value, Dim):
        return [value.value] if value.is_constant and value.value > 0 else []
    if isinstance(value, tuple | list):
        return [n for v in value for n in list_numbers(v)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 65_536 else []


def has_symbol(value: Any) -> bool:
    """A size without a number stands in an argument."""
    if isinstance(value, tuple | list):
        return any(map(has_symbol, value))
    if isinstance(value, dict):
        return any(map(has_symbol, value.values()))
    return isinstance(value, Dim) and not value.is_constant
