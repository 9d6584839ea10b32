"""The call rule (DESIGN §3): a stage fills required inputs, parentheses fill parameters, and a call without tensors is a value."""

from __future__ import annotations

from netspec.diagnostics.calls.arguments import TooManyArguments
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.infer.calls.binding import bind, complete
from netspec.infer.calls.op_uses import use_op
from netspec.infer.frame import Frame
from netspec.infer.shelf import DECODER, MEASURES, takes_tensors
from netspec.infer.uses import Call, signature_of
from netspec.infer.values import UNKNOWN, BlockValue, OpValue, SharedInstance, Unknown, Value
from netspec.record import replace


def perform(frame: Frame, use: Call) -> Value:
    """Bind inputs and arguments, then make the instance, or the value when no tensor is there."""
    frame.world.call()
    entry = signature_of(use.value)
    if use.chained and not takes_tensors(use.value):
        return report_not_a_stage(frame, use)
    bound = bind(frame, use, entry)
    if isinstance(use.callee, SharedInstance) and bound.args:
        given = next(iter(bound.args.values()))
        return frame.report(TooManyArguments(at=given.span, op=use.name, signature=entry.text(), shared=True))
    if bound.broken:
        return UNKNOWN
    value = replace(use.value, args={**use.value.args, **bound.args}, span=use.span)
    if not bound.tensors and not use.chained and (entry.required or not takes_tensors(value)):
        return value
    if not takes_tensors(value):
        return report_not_a_stage(frame, use)
    if isinstance(value, OpValue) and value.entry.kind in MEASURES:
        frame.fill_numbers(value, bound)
    if not complete(frame, use, entry, bound):
        return UNKNOWN
    if isinstance(value, BlockValue):
        return frame.world.elaborate.use_block(frame, use, value, bound)
    if value.entry.kind in (*MEASURES, DECODER):
        return frame.use_in_section(use, value, bound)
    return use_op(frame, use, value, bound)


def report_not_a_stage(frame: Frame, use: Call) -> Unknown:
    """A tensor flows into something that takes none."""
    if any(isinstance(given.value, Unknown) for _, given in use.inputs):
        return UNKNOWN
    kind = use.value.entry.kind if isinstance(use.value, OpValue) else "block"
    return frame.report(WrongKind(at=use.span, name=use.name, is_a=kind, wanted="a layer, function or block"))
