"""Elaborates `when` regions, which hold what a block does in one phase only."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.names.bindings import BufferNotKept
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.expansion import RepeatChanges
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.bodies import statements, variables
from netspec.infer.bodies.loops import close_scope, find_binding, forget_names, list_rebound
from netspec.infer.frame import Frame
from netspec.infer.types import have_same_type
from netspec.infer.values import UNKNOWN, Tensor, Unknown, describe
from netspec.ir import Operand, When
from netspec.syntax import tree

PHASES = ("train", "eval", "serve")


def elaborate_when(frame: Frame, node: tree.When) -> None:
    """`when train { … }`: names bound outside keep their type and, in other phases, their value; new ones stay inside."""
    if node.phase not in PHASES:
        forget_names(frame, node.body)
        frame.report(UnknownName(at=node.span, name=node.phase, noun="phase", near=tuple(nearest(node.phase, PHASES)), options=PHASES))
        return
    outer, before = dict(frame.env), len(statements.outputs_of(frame))
    frame.phase.append(node.phase)
    with frame.region() as nodes:
        statements.run(frame, node.body.statements)
        variables.bind_written(frame)
    frame.phase.pop()
    for name in list_rebound(node.body) if node.phase != "train" else ():
        if name in outer and name in frame.buffers:
            frame.report(BufferNotKept(at=find_binding(node, name), name=name, phase=node.phase))
    ends = close_phase_outputs(frame, node, before)
    inside: dict[str, Any] = {n: frame.env.get(n) for n in list_rebound(node.body) if n in outer}
    close_scope(frame, outer, set())
    fine = {n: v for n, v in inside.items() if keeps_type(frame, node, n, outer[n], v)}
    outputs = {n: frame.wire(outer[n].type, node.span) for n in fine}
    for name in inside:
        frame.env[name] = outputs.get(name, UNKNOWN)
    for name, tensor in outputs.items():
        frame.wire_names[tensor.wire] = name
        if outer[name].wire in frame.phases:  # there is nothing that it could be in the others
            frame.phases[tensor.wire] = frame.phases[outer[name].wire]
    chosen: tuple[Operand, ...] = (*(v.wire for v in fine.values()), *(inner for inner, _ in ends))
    others: tuple[Operand | None, ...] = (*(others_of(frame, outer[n]) for n in fine), *(None for _ in ends))
    wires = (*(t.wire for t in outputs.values()), *(whole for _, whole in ends))
    frame.emit(When(node.phase, tuple(nodes), chosen, others, wires, node.span))


def others_of(frame: Frame, value: Tensor) -> int | None:
    """What a name that was bound anew is in the other phases; nothing where it exists in none of them."""
    return None if value.wire in frame.phases else value.wire


def close_phase_outputs(frame: Frame, node: tree.When, before: int) -> list[tuple[int, int]]:
    """Outputs that the region declares exist in its phase only; pairs of their wires inside and outside."""
    results = statements.outputs_of(frame)
    pairs = []
    for place, (name, value, span, _) in enumerate(results[before:], before):
        if isinstance(value, Tensor):
            whole = frame.wire(value.type, span)
            pairs.append((value.wire, whole.wire))
            results[place] = (name, whole, span, node.phase)
    return pairs


def keeps_type(frame: Frame, node: tree.When, name: str, before: object, after: object) -> bool:
    """A name rebound in a `when` is a tensor of the same type as before."""
    if isinstance(before, Unknown) or isinstance(after, Unknown):
        return False
    if isinstance(before, Tensor) and isinstance(after, Tensor) and have_same_type(frame, before.type, after.type):
        return True
    span = find_binding(node, name)
    frame.report(RepeatChanges(at=span, name=name, before=describe(before), after=describe(after), where="when"))
    return False
