"""`message_passing`: a body of its own, called under the layer's segment, so that its parts have paths below it."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Mapping
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.kinds import NotCallable
from netspec.infer import apply, instances
from netspec.infer.binding import Bound, Call
from netspec.infer.frame import Frame
from netspec.infer.make import make
from netspec.infer.values import UNKNOWN, BlockValue, Composed, Given, OpValue, Tensor, Unknown, Value, describe
from netspec.ir import Apply, Body, Port, Segment
from netspec.library.base import Callable
from netspec.library.layers.graph_messages import EdgeInputs, NodeInputs
from netspec.library.layers.message_passing import MessagePassing
from netspec.proofs.instances import find_clashes
from netspec.record import replace

if TYPE_CHECKING:
    from netspec.shape import TensorType

Tensors = Mapping[str, Tensor]


def use(frame: Frame, call: Call, value: OpValue, bound: Bound) -> Value:
    """Messages along the edges, then the nodes."""
    parts = {name: given for name, given in value.args.items() if name in MessagePassing.parts}
    op = make(frame, replace(value, args={**value.args, **{name: Given(None, given.span) for name, given in parts.items()}}))
    if not isinstance(op, MessagePassing) or apply.types_of(frame, call, op, bound) is None:
        return UNKNOWN
    names = [i.name for i in op.inputs if not i.optional]
    tensors = dict(zip(names, (given.value for given in bound.tensors), strict=True))
    tensors |= {name: given.value for name, given in bound.optional.items()}

    def build(inner: Frame, own: Tensors) -> Value:
        ends = {name: own[name] for name in own if name in ("nodes", "senders", "receivers", "edges")}
        messages = through(inner, call, "edge", parts["edge"], applied(inner, call, EdgeInputs(), ends))
        if isinstance(messages, Unknown):
            return UNKNOWN
        heard = {"messages": messages} | {name: own[name] for name in own if name != "edges"}
        return through(inner, call, "node", parts["node"], applied(inner, call, NodeInputs(how=op.how), heard))

    return called(frame, call, call.name, tensors, build, call.segment(frame), call.callee is not call.value)


def called(
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
    own = {each: instances.named_wire(inner, each, tensor.type, call.span) for each, tensor in tensors.items()}
    result = build(inner, own)
    if not isinstance(result, Tensor):
        return UNKNOWN
    ports = tuple(Port(each, tensor.wire, call.span) for each, tensor in own.items())
    ends = (Port("output", result.wire, call.span),)
    body = Body(name, ports, ends, tuple(inner.nodes), inner.types, names=inner.wire_names, facts=inner.facts, span=call.span)
    inner.world.report_all(find_clashes(body, inner.origins))
    frame.take(inner.assumed)
    made = instances.Instance(body, (result.type,), (None,), tuple(inner.assumed))
    return instances.emitted(frame, made, list(tensors.values()), segment, shared, call.span)


def applied(frame: Frame, call: Call, op: Callable, tensors: Tensors) -> Value:
    """The result of a function of the shelf."""
    given = {name: Given(tensor, call.span) for name, tensor in tensors.items()}
    required = [i.name for i in op.inputs if not i.optional]
    bound = Bound([given[name] for name in required], {name: g for name, g in given.items() if name not in required})
    types: tuple[TensorType, ...] | None = apply.types_of(frame, call, op, bound)
    if types is None:
        return UNKNOWN
    (output,) = [frame.wire(kind, call.span) for kind in types]
    optional = tuple((name, g.value.wire) for name, g in bound.optional.items())
    frame.emit(Apply(op, apply.operands(bound.tensors), (output.wire,), frame.count(op.op_name()), optional, span=call.span))
    return output


def through(frame: Frame, call: Call, name: str, part: Given, x: Value) -> Value:
    """A tensor through a layer, a block or a chain of them, which stands under its own name."""
    if not isinstance(x, Tensor) or isinstance(part.value, Unknown):
        return UNKNOWN
    if isinstance(part.value, Composed):
        stages = part.value.parts
        return called(frame, call, name, {"x": x}, lambda inner, own: chain(inner, stages, part, own["x"]), frame.label(name, part.span))
    if not isinstance(part.value, OpValue | BlockValue):
        raise Mistake(NotCallable(at=part.span, name=part.span.text, what=describe(part.value)))
    return staged(frame, part.value, part, x, name)


def chain(frame: Frame, stages: tuple[OpValue | BlockValue, ...], part: Given, x: Value) -> Value:
    for stage in stages:
        x = staged(frame, stage, part, x)
    return x


def staged(frame: Frame, stage: OpValue | BlockValue, part: Given, x: Value, label: str | None = None) -> Value:
    from netspec.infer.calls import perform  # which calls this module

    return perform(frame, Call(stage, part.span, [(None, Given(x, part.span))], True, (), label, part.span))
