"""Elaborates layers made of layers that the spec gives (`message_passing`): each gets a body, under whose path its parts have theirs."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Mapping

from netspec.diagnostics.calls.kinds import NotCallable
from netspec.infer.calls import op_uses
from netspec.infer.calls.call_rule import Bound, Call, perform
from netspec.infer.calls.construction import construct
from netspec.infer.frame import Frame
from netspec.infer.instance import Instance, emit_instance
from netspec.infer.values import UNKNOWN, BlockValue, Composed, Given, OpValue, Tensor, Unknown, Value, describe
from netspec.ir import Apply, Body, Port, Segment
from netspec.library.base import Callable
from netspec.library.shelf import index
from netspec.proofs.instances import find_clashes
from netspec.record import replace
from netspec.shape import TensorType

Tensors = Mapping[str, Tensor]


def use_parts(frame: Frame, call: Call, value: OpValue, bound: Bound) -> Value:
    """The parts in order, each on what the op gathers for it: messages along the edges, then the nodes."""
    cls = index.load(value.entry)
    assert issubclass(cls, Callable)
    parts = {name: given for name, given in value.args.items() if name in cls.parts}
    op = construct(frame, replace(value, args={**value.args, **{name: Given(None, given.span) for name, given in parts.items()}}))
    if not isinstance(op, Callable) or op_uses.prove_types(frame, call, op, bound) is None:
        return UNKNOWN
    names = [i.name for i in op.inputs if not i.optional]
    tensors = dict(zip(names, (given.value for given in bound.tensors), strict=True))
    tensors |= {name: given.value for name, given in bound.optional.items()}

    def build(inner: Frame, own: Tensors) -> Value:
        result: Value = UNKNOWN
        for part in op.assembly():
            if part.hears and isinstance(result, Unknown):
                return UNKNOWN
            heard = {part.hears: result} if part.hears else {}
            gathered = apply_function(inner, call, part.gather, heard | {name: own[name] for name in own if name in part.takes})
            result = pass_part(inner, call, part.name, parts[part.name], gathered)
        return result

    return call_body(frame, call, call.name, tensors, build, call.segment(frame), call.callee is not call.value)


def call_body(
    frame: Frame,
    call: Call,
    name: str,
    tensors: Tensors,
    build: Function[[Frame, Tensors], Value],
    segment: Segment,
    shared: bool = False,
) -> Value:
    """The result of a body that is built in a frame of its own."""
    inner = Frame(frame.world, name, frame.facts)
    own = {each: inner.named_wire(each, tensor.type, call.span) for each, tensor in tensors.items()}
    result = build(inner, own)
    if not isinstance(result, Tensor):
        return UNKNOWN
    ports = tuple(Port(each, tensor.wire, call.span) for each, tensor in own.items())
    ends = (Port("output", result.wire, call.span),)
    body = Body(name, ports, ends, tuple(inner.nodes), inner.types, names=inner.wire_names, facts=inner.facts, span=call.span)
    inner.world.report_all(find_clashes(body, inner.origins))
    frame.take(inner.assumed)
    made = Instance(body, (result.type,), (None,), tuple(inner.assumed))
    return emit_instance(frame, made, list(tensors.values()), segment, shared, call.span)


def apply_function(frame: Frame, call: Call, op: Callable, tensors: Tensors) -> Value:
    """The result of a function of the shelf."""
    given = {name: Given(tensor, call.span) for name, tensor in tensors.items()}
    required = [i.name for i in op.inputs if not i.optional]
    bound = Bound([given[name] for name in required], {name: g for name, g in given.items() if name not in required})
    types: tuple[TensorType, ...] | None = op_uses.prove_types(frame, call, op, bound)
    if types is None:
        return UNKNOWN
    (output,) = [frame.wire(kind, call.span) for kind in types]
    optional = tuple((name, g.value.wire) for name, g in bound.optional.items())
    frame.emit(Apply(op, op_uses.to_operands(bound.tensors), (output.wire,), frame.count(op.op_name()), optional, span=call.span))
    return output


def pass_part(frame: Frame, call: Call, name: str, part: Given, x: Value) -> Value:
    """A tensor through a layer, a block or a chain of them, which stands under its own name."""
    if not isinstance(x, Tensor) or isinstance(part.value, Unknown):
        return UNKNOWN
    if isinstance(part.value, Composed):
        stages = part.value.parts
        return call_body(
            frame, call, name, {"x": x}, lambda inner, own: pass_stages(inner, stages, part, own["x"]), frame.label(name, part.span)
        )
    if not isinstance(part.value, OpValue | BlockValue):
        return frame.report(NotCallable(at=part.span, name=part.span.text, what=describe(part.value)))
    return pass_stage(frame, part.value, part, x, name)


def pass_stages(frame: Frame, stages: tuple[OpValue | BlockValue, ...], part: Given, x: Value) -> Value:
    """A tensor through a chain of layers."""
    for stage in stages:
        x = pass_stage(frame, stage, part, x)
    return x


def pass_stage(frame: Frame, stage: OpValue | BlockValue, part: Given, x: Value, label: str | None = None) -> Value:
    """A tensor through one layer or block, by the call rule."""
    return perform(frame, Call(stage, part.span, [(None, Given(x, part.span))], True, (), label, part.span))
