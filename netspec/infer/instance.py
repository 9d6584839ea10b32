"""Defines an elaborated body with its results, and the node that a use of it emits."""

from __future__ import annotations

from netspec.infer.frame import Assumption, Frame
from netspec.infer.values import UNKNOWN, Several, Tensor, Unknown, Value
from netspec.ir import Affine, Body, Segment
from netspec.ir import Call as CallNode
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import TensorType
from netspec.source import Span


@record
class Instance:
    """A body and its results: tensors' types, or unknown where an output has a problem."""

    body: Body | None
    results: tuple[TensorType | Unknown, ...]
    names: tuple[str | None, ...]
    assumed: tuple[Assumption, ...] = ()
    varying: tuple[str, ...] = ()
    """Its params whose numbers differ from pass to pass of a `repeat` around: further inputs of its body, in this order."""
    """What its body assumes of its caller's sizes."""


STATE = "state."
"""Before the names of a cell's ports that are states."""
PASS = "pass."
"""The same of inputs that are params."""
FIRST = Affine(0)
"""The number of an unlabelled use that is the only one."""


def emit_instance(frame: Frame, instance: Instance, tensors: list[Tensor], segment: Segment, shared: bool, span: Span) -> Value:
    """The results of calling an instance."""
    results: list[Value] = [UNKNOWN if isinstance(t, Unknown) else frame.wire(t, span) for t in instance.results]
    if instance.body is not None:
        frame.world.nodes += len(instance.body.nodes)  # every use of an instance counts, though it is elaborated once
        frame.world.connect(instance.body.nodes)
        frame.world.hold("nodes", frame.world.nodes, LIMITS.nodes, "nodes", span)
        for port, result in zip(instance.body.outputs, results, strict=True):
            if port.phase is not None:
                frame.phases[result.wire] = port.phase
        outputs = tuple(r.wire for r in results)
        frame.emit(CallNode(instance.body, tuple(t.wire for t in tensors), outputs, segment, shared, span))
    if len(results) == 1:
        return results[0]
    return Several(tuple(zip(instance.names, results, strict=True)))
