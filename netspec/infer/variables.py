"""`weight` and `buffer` statements, and `when` regions: what a block has of its own, and what it does in one phase only."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.diagnostics.names.bindings import OnlyInPhase
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.expansion import FreeParameter, RepeatChanges
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import expressions, statements, types
from netspec.infer.frame import Frame
from netspec.infer.loops import binding_span, close, forget, rebound, same_type
from netspec.infer.make import as_python
from netspec.infer.values import UNKNOWN, Tensor, Unknown, describe
from netspec.ir import Operand, Variable, When
from netspec.library.base import Initializer
from netspec.library.base import Weight as Parameter
from netspec.library.initializers.distributions import require_fit
from netspec.record import replace
from netspec.shape import TensorType
from netspec.syntax import tree

PHASES = ("train", "eval", "serve")


def declare(frame: Frame, node: tree.Weight | tree.Buffer) -> None:
    """`weight w: f32[D, 3] = normal(0.02)`: a parameter or buffer under its name."""
    frame.env[node.name] = UNKNOWN
    type_, init = types.type_of(frame, node.type), initializer(frame, node)
    if type_ is None or init is None or not fixed(frame, node, type_):
        return
    try:
        require_fit(init, node.name, type_.shape)
    except Mistake as mistake:
        frame.world.report(replace(mistake.diagnostic, at=node.init.span))
        return
    tensor = frame.wire(type_, node.name_span)
    frame.wire_names[tensor.wire] = node.name
    frame.env[node.name] = tensor
    segment = frame.label(node.name, node.name_span)
    frame.emit(Variable(Parameter(type_.shape, init, type_.dtype), tensor.wire, segment, isinstance(node, tree.Buffer), span=node.span))


def initializer(frame: Frame, node: tree.Weight | tree.Buffer | tree.State) -> Initializer | None:
    value = expressions.evaluate(frame, node.init, ("initializer",))
    made = UNKNOWN if isinstance(value, Unknown) else as_python(frame, value)
    if isinstance(made, Initializer):
        return made
    if not isinstance(made, Unknown):
        problem = BadArgument(
            at=node.init.span, op=node.name, name="=", value=describe(value), expected="an initializer such as `normal(0.02)`"
        )
        frame.world.report(problem)
    return None


def fixed(frame: Frame, node: tree.Weight | tree.Buffer, type_: TensorType) -> bool:
    """The shape has no free dim of the model."""
    free = sorted({s for d in type_.shape for s in frame.facts.normal(d).symbols()})
    if free:
        what = "buffer" if isinstance(node, tree.Buffer) else "weight"
        frame.world.report(
            FreeParameter(
                at=node.type.span, op=frame.name, parameter=f"{what} `{node.name}`", shape=str(type_), symbols=tuple(free), name=node.name
            )
        )
    return not free


def written(frame: Frame) -> None:
    """At the end of a body: buffers whose name was bound anew get that value in the next step."""
    for place, node in enumerate(frame.nodes):
        if isinstance(node, Variable) and node.buffer:
            last = frame.env.get(frame.wire_names.get(node.output, ""))
            if isinstance(last, Tensor) and last.wire != node.output:
                frame.nodes[place] = replace(node, written=last.wire)
                if frame.phases.get(last.wire, "train") != "train":
                    frame.world.report(OnlyInPhase(at=node.span, name=frame.wire_names[last.wire], phase=frame.phases[last.wire]))


def when(frame: Frame, node: tree.When) -> None:
    """`when train { … }`: names bound outside keep their type and, in other phases, their value; new ones stay inside."""
    if node.phase not in PHASES:
        forget(frame, node.body)
        raise Mistake(UnknownName(at=node.span, name=node.phase, noun="phase", near=tuple(nearest(node.phase, PHASES)), options=PHASES))
    outer, before = dict(frame.env), len(statements.outputs_of(frame))
    frame.phase.append(node.phase)
    with frame.region() as nodes:
        statements.run(frame, node.body.statements)
    frame.phase.pop()
    ends = phase_outputs(frame, node, before)
    inside: dict[str, Any] = {n: frame.env.get(n) for n in rebound(node.body) if n in outer}
    close(frame, outer, set())
    fine = {n: v for n, v in inside.items() if keeps(frame, node, n, outer[n], v)}
    outputs = {n: frame.wire(outer[n].type, node.span) for n in fine}
    for name in inside:
        frame.env[name] = outputs.get(name, UNKNOWN)
    for name, tensor in outputs.items():
        frame.wire_names[tensor.wire] = name
    chosen: tuple[Operand, ...] = (*(v.wire for v in fine.values()), *(inner for inner, _ in ends))
    others: tuple[Operand | None, ...] = (*(outer[n].wire for n in fine), *(None for _ in ends))
    wires = (*(t.wire for t in outputs.values()), *(whole for _, whole in ends))
    frame.emit(When(node.phase, tuple(nodes), chosen, others, wires, node.span))


def phase_outputs(frame: Frame, node: tree.When, before: int) -> list[tuple[int, int]]:
    """Outputs that the region declares exist in its phase only; pairs of their wires inside and outside."""
    results = statements.outputs_of(frame)
    pairs = []
    for place, (name, value, span, _) in enumerate(results[before:], before):
        if isinstance(value, Tensor):
            whole = frame.wire(value.type, span)
            pairs.append((value.wire, whole.wire))
            results[place] = (name, whole, span, node.phase)
    return pairs


def keeps(frame: Frame, node: tree.When, name: str, before: object, after: object) -> bool:
    """A name rebound in a `when` is a tensor of the same type as before."""
    if isinstance(before, Unknown) or isinstance(after, Unknown):
        return False
    if isinstance(before, Tensor) and isinstance(after, Tensor) and same_type(frame, before.type, after.type):
        return True
    span = binding_span(node, name)
    frame.world.report(RepeatChanges(at=span, name=name, before=describe(before), after=describe(after), where="when"))
    return False
