"""Proposes inputs in the place of those that an op refuses: the same in another order, in another element type, or a mask of lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.calls.arguments import SwappedArguments
from netspec.infer.frame import Frame
from netspec.infer.types import try_shape
from netspec.infer.values import Given, Mean, Tensor
from netspec.library.base import Callable, In
from netspec.shape import Dim, TensorType
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.infer.calls.call_rule import Bound, Call

MOST = 4
"""Inputs that are tried in every order."""


def find_swapped(frame: Frame, use: Call, op: Callable, bound: Bound) -> SwappedArguments | None:
    """The problem of inputs that are right in another order, of which there is one."""
    tensors, required = bound.tensors, [i for i in op.inputs if not i.optional]
    spans = [g.span for g in tensors]
    flowing = [g for g in tensors if isinstance(g.value, Tensor | Mean)]
    if not 2 <= len(tensors) <= min(MOST, len(required)) or op.variadic or len(flowing) < 2:
        return None
    apart = all(a.end <= b.start or b.end <= a.start for n, a in enumerate(spans) for b in spans[n + 1 :])
    fine = [order for order in permutations(range(len(tensors))) if fits_in_order(frame, op, tensors, bound, order)]
    if len(fine) != 1:
        return None
    order = fine[0]
    moved = [n for n, place in enumerate(order) if n != place]
    edits = tuple(Edit(spans[n], spans[order[n]].text) for n in moved) if apart else swap_names(spans[0], order)
    at = min((spans[n] for n in moved), key=lambda s: s.start).to(max((spans[n] for n in moved), key=lambda s: s.end))
    first, second = required[moved[0]].name, required[moved[1]].name
    ways = (Repair(edits, show(use.span, edits)),) if edits else ()
    return SwappedArguments(at=at if apart else use.span, op=use.name, first=first, second=second, ways=ways, swapped=edits)


def fits_in_order(frame: Frame, op: Callable, tensors: list[Given], bound: Bound, order: tuple[int, ...]) -> bool:
    """The op takes its inputs in this order."""
    values = [tensors[n].value for n in order]
    types = [value.type if isinstance(value, Tensor | Mean) else value for value in values]
    if any(n != place and not isinstance(types[place], TensorType) for place, n in enumerate(order)):
        return False
    return try_shape(frame.facts, op, types, {n: g.value.type for n, g in bound.optional.items()}) is not None


def swap_names(head: Span, order: tuple[int, ...]) -> tuple[Edit, ...]:
    """`(label, logits) -> …`: names in brackets in another order."""
    text = head.text
    if not re.fullmatch(r"\(\s*\w+(\s*,\s*\w+)*\s*\)", text):
        return ()
    names = re.findall(r"\w+", text)
    return (Edit(head, f"({', '.join(names[n] for n in order)})"),) if len(names) == len(order) else ()


def show(span: Span, edits: tuple[Edit, ...]) -> str:
    """A call as it will read."""
    inside = [e for e in edits if span.start <= e.span.start and e.span.end <= span.end]
    text, end = "", span.start
    for edit in sorted(inside, key=lambda e: e.span.start):
        text += span.source.text[end : edit.span.start] + edit.text
        end = edit.span.end
    return " ".join((text + span.source.text[end : span.end]).split()) if len(inside) == len(edits) else ", ".join(e.text for e in edits)


# --- element types -----------------------------------------------------------------------------------------------------


def propose_types(frame: Frame, use: Call, bound: Bound, declared: In, given: Given) -> tuple[Repair, ...]:
    """The input as the op wants it: a mask of lengths or of numbers, or converted."""
    type_: TensorType = given.value.type
    within = use.span.start <= given.span.start and given.span.end <= use.span.end
    if declared.dtype == "bool" and within:
        return tuple(Repair((Edit(given.span, text),), text) for text in write_masks(frame, bound, given.span.text, type_))
    dtype = {"float": "f32", "int": "i32", "number": "f32"}.get(declared.dtype)
    if dtype is None:
        return ()
    if within:
        text = f"cast({given.span.text}, {dtype})"
        return (Repair((Edit(given.span, text),), text),)
    at = stage_start(use.span)
    return (Repair((Edit(at, f"cast({dtype}) -> "),), f"cast({dtype}) -> {use.span.text}"),) if at is not None else ()


def stage_start(span: Span) -> Span | None:
    """The place behind the arrow before a stage, its label included; None where it is none."""
    before = span.source.text[: span.start][-200:]
    found = re.search(r"->\s*((\w+\s*:\s*)?)$", before)
    return Span(span.source, span.start - len(found[1]), span.start - len(found[1])) if found else None


def write_masks(frame: Frame, bound: Bound, text: str, found: TensorType) -> Iterator[str]:
    """A mask made of lengths, of numbers that are 0 where something is masked, or of numbers with a fraction."""
    operand = text if re.fullmatch(r"[\w.]+(\(.*\))?", text, re.DOTALL) else f"({text})"
    first = bound.tensors[0].value if bound.tensors else None
    if found.rank == 1 and isinstance(first, Tensor) and first.type.rank >= 2:
        length = name_size(frame, first.type.shape[1])
        lengths = re.sub(r"^cast\((\w+), *f\d+\)$", r"\1", text) if found.is_float else text
        mask = f"iota({length})[none, :] < {lengths if lengths.isidentifier() else operand}[:, none]"
        yield mask
        yield f"({mask})[:, none, none, :]"
    yield f"{operand} > 0.0" if found.is_float else f"{operand} != 0"
    yield f"({operand} {'> 0.0' if found.is_float else '!= 0'})[:, none, none, :]"


def name_size(frame: Frame, size: Dim | int) -> str:
    """A size as the body calls it."""
    named = (name for name, value in frame.env.items() if name[:1].isupper() and isinstance(value, Dim | int) and value == size)
    return next(named, str(size))
