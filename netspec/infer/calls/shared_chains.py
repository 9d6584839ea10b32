"""Elaborates `shared s = a -> b`, several layers as one instance: each use calls the same body, so all uses have the same weights."""

from __future__ import annotations

from netspec.diagnostics.base import Place
from netspec.diagnostics.calls.arguments import TooManyArguments
from netspec.diagnostics.calls.inputs import MissingInput, NotATensor, WrongCount
from netspec.infer import expressions, instance
from netspec.infer.calls import call_rule
from netspec.infer.calls.call_rule import Call, signature_of
from netspec.infer.frame import Frame
from netspec.infer.instance import Instance
from netspec.infer.values import UNKNOWN, Composed, Given, Several, SharedChain, Tensor, Unknown, Value, describe
from netspec.ir import Body, Port
from netspec.proofs.instances import find_clashes
from netspec.source import Span
from netspec.syntax import tree

Inputs = list[tuple[str | None, Given]]


def call_shared(frame: Frame, chain: SharedChain, node: tree.Call) -> Value:
    """`s(x)`."""
    return use_shared(frame, chain, node.span, [(a.name, Given(expressions.evaluate(frame, a.value), a.span)) for a in node.args])


def stage_shared(frame: Frame, chain: SharedChain, node: tree.Stage, inputs: Inputs) -> Value:
    """`x -> s`."""
    if isinstance(node.call, tree.Call) and node.call.args:
        return frame.report(TooManyArguments(at=node.call.args[0].span, op=chain.name, signature="", shared=True))
    return use_shared(frame, chain, node.call.span, inputs)


def use_shared(frame: Frame, chain: SharedChain, span: Span, inputs: Inputs) -> Value:
    """One use of the instance, on tensors."""
    if any(isinstance(given.value, Unknown) for _, given in inputs):
        return UNKNOWN
    if not inputs:
        required = signature_of(chain.value.parts[0]).required
        return frame.report(MissingInput(at=span, op=chain.name, names=required, all=required))
    for _, given in inputs:
        if not isinstance(given.value, Tensor):
            return frame.report(NotATensor(at=given.span, what=describe(given.value), wanted=f"an input of `{chain.name}`"))
    made = make_shared_instance(frame, chain, span, inputs)
    since = len(frame.nodes)
    value = instance.emit_instance(frame, made, [given.value for _, given in inputs], chain.segment, True, span)
    if chain.average is not None and len(frame.nodes) > since:
        from netspec.infer.calls.averages import keep_nodes  # few specs have any

        keep_nodes(frame, since, chain, span)
    return value


def make_shared_instance(frame: Frame, chain: SharedChain, span: Span, inputs: Inputs) -> Instance:
    """The body for inputs of these types, elaborated once."""
    world = frame.world
    key = ("shared", id(chain.value), tuple((name, given.value.type) for name, given in inputs), id(frame.facts))
    if key not in world.instances:
        world.trail.append(Place(span, f"in this use of `{chain.name}`"))
        try:
            world.instances[key] = (elaborate_shared(frame, chain, inputs), frame.facts, chain)
        finally:
            world.trail.pop()
    made: Instance = world.instances[key][0]
    frame.take(made.assumed)
    return made


def elaborate_shared(outer: Frame, chain: SharedChain, inputs: Inputs) -> Instance:
    """The body of a shared chain on inputs of these types."""
    frame = Frame(outer.world, chain.name, outer.facts)
    names = [name or f"input{number or ''}" for number, (name, _) in enumerate(inputs)]
    ends = [frame.named_wire(name, given.value.type, given.span) for name, (_, given) in zip(names, inputs, strict=True)]
    ports = tuple(Port(name, end.wire) for name, end in zip(names, ends, strict=True))
    value = pass_layers(frame, chain.value, [(name, Given(end, given.span)) for (name, given), end in zip(inputs, ends, strict=True)])
    results = value.values if isinstance(value, Several) else ((None, value),)
    if any(not isinstance(v, Tensor) for _, v in results):
        return Instance(None, tuple(UNKNOWN for _ in results), tuple(None for _ in results))
    outputs = tuple(Port(name or f"output{number or ''}", v.wire) for number, (name, v) in enumerate(results))
    body = Body(chain.name, ports, outputs, tuple(frame.nodes), frame.types, {}, frame.wire_names, frame.facts, chain.value.span)
    frame.world.report_all(find_clashes(body, frame.origins))
    return Instance(body, tuple(v.type for _, v in results), tuple(name for name, _ in results), tuple(frame.assumed))


def pass_layers(frame: Frame, chain: Composed, inputs: Inputs) -> Value:
    """The tensors behind the last layer."""
    value: Value = UNKNOWN
    for part in chain.parts:
        value = call_rule.perform(frame, Call(part, part.span, inputs, True))
        if isinstance(value, Unknown):
            return UNKNOWN
        inputs = [(name, Given(v, part.span)) for name, v in (value.values if isinstance(value, Several) else ((None, value),))]
    if isinstance(value, Several) and any(not isinstance(v, Tensor) for _, v in value.values):
        last = chain.parts[-1]
        return frame.report(WrongCount(at=last.span, names=1, values=len(value.values), place="the end of a shared chain"))
    return value
