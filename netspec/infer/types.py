"""Makes `TensorType`s of types as they are written, and holds shapes against each other."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.expansion import SizeOutOfRange
from netspec.diagnostics.shapes.proofs import NotStatic
from netspec.diagnostics.shapes.sizes import BATCH
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, Unknown, describe, is_size
from netspec.library.base import Callable, In
from netspec.library.base.value_faults import BadArguments
from netspec.limits import LIMITS
from netspec.shape import DTYPES, Dim, DimTooComplex, Facts, TensorType, Verdict
from netspec.source import Span
from netspec.syntax import tree

Pattern = tuple[Dim | None, ...]
"""Dims, None standing once for `...`."""

T = TypeVar("T")


def as_stages(node: tree.Expr, before: str) -> tuple[Repair, ...]:
    """`x -> [dense(64), relu]`: the layers of a list as stages of the chain."""
    source = node.span.source
    if source.pointers is not None or not re.search(r"->\s*\[$", before):
        return ()
    depth, items, start = 0, [], len(before)
    for at in range(start, min(len(source.text), start + LIMITS.line_characters)):
        sign = source.text[at]
        if depth == 0 and sign in ",]":
            items.append(source.text[start:at].strip())
            start = at + 1
        if depth == 0 and sign == "]":
            text = " -> ".join(item for item in items if item)
            return (Repair((Edit(Span(source, len(before) - 1, at + 1), text),), text),)
        depth += (sign in "([{") - (sign in ")]}")
    return ()


def evaluate_dim(frame: Frame, node: tree.Expr, meant: str = "") -> Dim | Unknown:
    """A dim as written: a number, a symbol, or an expression of them. `meant`: the name of a free size at this place."""
    value = expressions.evaluate(frame, node)
    if isinstance(value, Unknown):
        return UNKNOWN
    if not is_size(value):
        how = "a free size has a name that begins with a capital: `B`, `T`, `H`" if value is None else ""
        if isinstance(value, str) and value.isidentifier():
            meant = value if value[0].isupper() else meant
        before = node.span.source.text[: node.span.start].rstrip()
        ways = _name_free(node, meant) if value is None or isinstance(value, str) else as_stages(node, before)
        problem = NotStatic(at=node.span, what="a dim", found=describe(value), wanted="a whole number or a size", how=how, ways=ways)
        return frame.report(problem)
    dim = Dim.of(value)
    if dim.is_constant and not 1 <= dim.value <= LIMITS.axis_size:
        ways = _name_free(node, meant) if dim.value == -1 else ()
        problem = SizeOutOfRange(at=node.span, what="a dim", value=f"{dim.value:,}", limit="between 1 and 2**31 - 1", ways=ways)
        return frame.report(problem)
    return dim


def _name_free(node: tree.Expr, meant: str) -> tuple[Repair, ...]:
    """`None`, "batch" and -1, which stand for a free size elsewhere: its name."""
    return (Repair((Edit(node.span, meant),), meant),) if meant else ()


def _guess_name(place: int, rank: int) -> str:
    """What a free size is mostly called at its place: examples first, then height and width of an image, or the steps of a sequence."""
    names = "BHWC" if rank == 4 else "BT"
    return names[place] if place < len(names) else f"N{place}"


def evaluate_dims(frame: Frame, nodes: tuple[tree.Expr | tree.Dots, ...]) -> Pattern | None:
    """The dims of a shape as written; None when one has a problem."""
    dims: list[Dim | None] = []
    for place, node in enumerate(nodes):
        if isinstance(node, tree.Dots):
            dims.append(None)
            continue
        dim = evaluate_dim(frame, node, _guess_name(place, len(nodes)))
        if not isinstance(dim, Unknown):
            dims.append(dim)
    return tuple(dims) if len(dims) == len(nodes) else None


def read_dtype(frame: Frame, ref: tree.TensorRef) -> str | None:
    """The element type of a written type; None when there is none of that name, which is reported."""
    if ref.dtype in DTYPES:
        return ref.dtype
    frame.report(
        UnknownName(
            at=Span(ref.span.source, ref.span.start, ref.span.start + len(ref.dtype)),
            name=ref.dtype,
            noun="element type",
            near=tuple(nearest(ref.dtype, DTYPES)),
            options=DTYPES,
        )
    )
    return None


def read_type(frame: Frame, ref: tree.TensorRef) -> TensorType | None:
    """A full type as written (no `...`); None when it has a problem, which is reported."""
    dtype, dims = read_dtype(frame, ref), evaluate_dims(frame, ref.dims)
    if dtype is None or dims is None:
        return None
    known = [d for d in dims if d is not None]
    if len(known) < len(dims):
        how = "`...` stands for axes in the input of a block, and where a type is checked; here each axis has a number or a name"
        frame.report(NotStatic(at=ref.span, what="this type", found="one with `...`", wanted="written in full here", how=how))
        return None
    return type_within_limits(frame, TensorType(dtype, known), ref.span)


def type_within_limits(frame: Frame, found: TensorType, at: Span) -> TensorType | None:
    """The type, unless it is larger than a program may have, which is reported."""
    broken = find_broken_limit(found)
    if broken is not None:
        what, value, limit = broken
        frame.report(SizeOutOfRange(at=at, what=f"{what} of this type", value=value, limit=limit))
    return found if broken is None else None


def evaluate_type(frame: Frame, node: tree.Index, dtype: str) -> TensorType | Unknown:
    """A type as a value, `f32[T, 8]` in `fields={x: f32[T, 8]}`: a capitalised name that nothing binds is a symbol."""
    dims: list[Dim] = []
    for item in node.items:
        if isinstance(item, tree.Slice | tree.Dots):
            return frame.report(
                NotStatic(at=node.span, what="this type", found=f"one with `{item.span.text}`", wanted="written in full here")
            )
        symbol = isinstance(item, tree.Name) and item.text[:1].isupper() and item.text not in frame.env
        dim = Dim.symbol(item.text) if symbol and isinstance(item, tree.Name) else evaluate_dim(frame, item)
        if isinstance(dim, Unknown):
            return UNKNOWN
        dims.append(dim)
    return type_within_limits(frame, TensorType(dtype, dims), node.span) or UNKNOWN


def find_broken_limit(found: TensorType) -> tuple[str, str, str] | None:
    """Which limit of a program a type breaks: what, its value, and the limit. A dim that is not known yet counts as 1."""
    sizes = [dim.value for dim in found.shape if dim.is_constant]
    wrong = next((size for size in sizes if not 1 <= size <= LIMITS.axis_size), None)
    if wrong is not None:
        return "an axis", f"{wrong:,}", "from 1 to 2**31 - 1"
    if found.rank > LIMITS.axes:
        return "the number of axes", str(found.rank), f"at most {LIMITS.axes}"
    return ("the number of elements", f"{math.prod(sizes):,}", "at most 2**40") if math.prod(sizes) > LIMITS.elements else None


def align(pattern: Pattern, actual: tuple[Dim, ...]) -> list[tuple[int, Dim, Dim]] | None:
    """Pairs (axis, wanted, found), `...` standing for any axes; None when the ranks do not fit."""
    if None not in pattern:
        return (
            None
            if len(pattern) != len(actual)
            else [(i, w, f) for i, (w, f) in enumerate(zip(pattern, actual, strict=True)) if w is not None]
        )
    dots = pattern.index(None)
    tail = len(pattern) - dots - 1
    if dots + tail > len(actual):
        return None
    head = [(i, w, actual[i]) for i, w in enumerate(pattern[:dots])]
    last = [(len(actual) - tail + i, w, actual[len(actual) - tail + i]) for i, w in enumerate(pattern[dots + 1 :])]
    return [(i, w, f) for i, w, f in head + last if w is not None]


def explain_shape(frame: Frame, pattern: Pattern, actual: tuple[Dim, ...]) -> str | None:
    """Why a shape is not as written, or None when it is."""
    pairs = align(pattern, actual)
    if pairs is None:
        return f"{len(actual)} axes, not {len(pattern)}"
    for axis, wanted, found in pairs:
        verdict = frame.facts.equal(wanted, found)
        if verdict is Verdict.REFUTED:
            return f"axis {axis} is {found}, not {wanted}"
        if verdict is Verdict.UNKNOWN and frame.world.doubtful is None:
            return f"nothing says that axis {axis}, {found}, is {wanted}{_suggest_require(frame.facts.missing(wanted, found))}"
    return None


def _suggest_require(fact: str) -> str:
    """What would say so; nothing fixes the size of the batch."""
    return "" if fact.startswith(f"{BATCH} == ") and fact[-1].isdigit() else f"; `require {fact}` would"


def have_same_type(frame: Frame, a: TensorType, b: TensorType) -> bool:
    """The types are proved to be equal; where a use may make them so, it counts as proved."""
    normal = frame.facts.normal
    if a.dtype != b.dtype or a.rank != b.rank:
        return False
    pairs = list(zip(a.shape, b.shape, strict=True))
    if frame.world.doubtful is not None:
        return all(frame.facts.equal(x, y) is not Verdict.REFUTED for x, y in pairs)
    return all(normal(x) == normal(y) for x, y in pairs)


def try_shape(facts: Facts, op: Callable, inputs: Sequence[Any], optional: Mapping[str, TensorType]) -> Any:
    """What an op makes of inputs that nobody wrote so, or None where it takes no such ones."""
    if not goes_in(op, inputs, optional):
        return None
    try:
        return op.shape(facts, *inputs, **optional)
    except (Mistake, DimTooComplex, BadArguments):
        return None


def goes_in(op: Callable, inputs: Sequence[Any], optional: Mapping[str, TensorType]) -> bool:
    """The tensors have the elements and axes that the op declares: of others its rules cannot be asked."""
    tensors = [(port, given) for port, given in pair_with_ports(op, inputs, optional) if isinstance(given, TensorType)]
    enough = len(inputs) >= sum(not port.optional for port in op.inputs)
    return enough and all(port.takes(kind) and kind.rank >= port.rank for port, kind in tensors)


def pair_with_ports(op: Callable, inputs: Sequence[T], optional: Mapping[str, T]) -> list[tuple[In, T]]:
    """What an op is given, each beside what the op declares of it."""
    required, named = [port for port in op.inputs if not port.optional], {port.name: port for port in op.inputs}
    ports = required[:1] * len(inputs) if op.variadic else required
    return [*zip(ports, inputs, strict=False), *((named[name], given) for name, given in optional.items() if name in named)]
