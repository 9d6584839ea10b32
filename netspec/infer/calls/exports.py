"""Emits the values that an op exports besides its result: a method of its own on the same inputs, and an `aux` under the op's path."""

from __future__ import annotations

from netspec.infer.frame import Frame
from netspec.ir import Apply, Aux
from netspec.library.base import Callable
from netspec.library.shelf import index
from netspec.record import replace


def export_values(frame: Frame, node: Apply) -> None:
    """`moe_0/balance`, by `moe.balance`, after the use of `moe`. What nobody reads is not computed."""
    inputs = [frame.types[wire] if isinstance(wire, int) else wire.value for wire in node.inputs]
    optional = {name: frame.types[wire] for name, wire in node.optional}
    for name in node.op.exports:
        method = index.load(f"{node.op.op_name()}.{name}", "method")(**vars(node.op))
        assert isinstance(method, Callable)
        kind = method.shape(frame.facts, *inputs, **optional)  # type: ignore[arg-type]
        assert not isinstance(kind, tuple)
        made = frame.wire(kind, node.span)
        frame.emit(replace(node, op=method, outputs=(made.wire,), shared=True))
        frame.emit(Aux(made.wire, replace(node.segment, part=name), node.span, node.shared))
