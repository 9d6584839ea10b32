"""Uses of library ops: the op is made, its inputs checked, its shape rule asked, its node emitted."""

from __future__ import annotations

import sys

from netspec.diagnostics.running.plugins import PluginFault
from netspec.infer.calls.construction import construct_use
from netspec.infer.calls.shape_rules import prove_types, shapes_are_fixed, to_operands
from netspec.infer.frame import Frame
from netspec.infer.uses import Bound, Call
from netspec.infer.values import UNKNOWN, Mean, OpValue, Parameters, Several, Value
from netspec.ir import Apply
from netspec.library.base import Callable
from netspec.library.shelf import index
from netspec.record import replace


def use_op(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """Emit the node of an op and return its result. What goes wrong in the code of a plugin is laid at its use."""
    try:
        return emit_use(frame, use, value, bound)
    except Exception as error:
        fault = find_fault(error)
        if fault is None:
            raise
        return frame.report(replace(fault, at=use.span))


def emit_use(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """Emit one node, or what is built for the op where that is more."""
    built = index.load(value.entry).built  # type: ignore[attr-defined]
    if built:
        return frame.world.elaborate.builders[built](frame, use, value, bound)
    op = construct_use(frame, value)
    if not isinstance(op, Callable):
        return UNKNOWN
    if any(isinstance(g.value, Mean | Parameters) for g in (*bound.tensors, *bound.optional.values())):
        measured = frame.use_measured(use, op, bound)
        if measured is not None:
            return measured
    results = prove_types(frame, use, op, bound)
    if results is None or not shapes_are_fixed(frame, use, op, bound):
        return UNKNOWN
    outputs = [frame.wire(t, use.span) for t in results]
    optional = tuple((n, g.value.wire) for n, g in bound.optional.items())
    segment = use.segment(frame)
    shared = use.callee is not use.value
    node = Apply(op, to_operands(bound.tensors), tuple(o.wire for o in outputs), segment, optional, shared, use.span)
    frame.emit(node)
    if op.exports:
        from netspec.infer.calls.exports import export_values  # few ops do

        export_values(frame, node)
    return outputs[0] if len(outputs) == 1 else Several(tuple((None, o) for o in outputs))


def find_fault(error: Exception) -> PluginFault | None:
    """The plugin that failed, where plugins are in use at all."""
    plugins = sys.modules.get("netspec.library.shelf.plugins")
    return plugins.blamed(error) if plugins else None
