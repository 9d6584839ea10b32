"""Takes a block for a function where one is wanted: `lstm(8, gate_activation=MyGate)`, if it works element by element."""

from __future__ import annotations

from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.frame import Frame
from netspec.infer.values import BlockValue, Given, Tensor
from netspec.ir import Apply, Literal, Node, Operand
from netspec.ir import Call as CallNode
from netspec.library.base import Function, Layer
from netspec.library.functions.formula import Step, make_formula
from netspec.shape import TensorType

FEATURES = 8
"""Of the tensor that a block is tried with: a function has no parameters, to which it would matter."""


def read_formula(frame: Frame, block: BlockValue) -> Function | None:
    """The block as a function of one tensor; None where it is none, or has a problem, which is reported."""
    if len(block.definition.inputs) != 1 or block.definition.is_cell:
        return None
    inner = Frame(frame.world, block.name, frame.facts)
    x = inner.wire(TensorType("f32", ["B", FEATURES]), block.span)
    made = frame.world.elaborate.use_block(inner, Call(block, block.span), block, Bound(tensors=[Given(x, block.span)]))
    if not isinstance(made, Tensor) or made.type != x.type:
        return None
    values: dict[Operand, int] = {x.wire: 0}
    steps: list[Step] = []
    if not all(add_steps(node, inner.types, values, steps) for node in inner.nodes):
        return None
    return make_formula(block.name, steps) if steps and values.get(made.wire) == len(steps) else None


def add_steps(node: Node, types: dict[int, TensorType], values: dict[Operand, int], steps: list[Step]) -> bool:
    """Adds what a node computes; False where that is not element by element."""
    if isinstance(node, CallNode):
        inside: dict[Operand, int] = {port.wire: values[wire] for port, wire in zip(node.body.inputs, node.inputs, strict=True)}
        if not all(add_steps(below, dict(node.body.types), inside, steps) for below in node.body.nodes):
            return False
        values.update({wire: inside[port.wire] for wire, port in zip(node.outputs, node.body.outputs, strict=True) if port.wire in inside})
        return True
    if not isinstance(node, Apply) or node.optional or not node.op.elementwise or node.op.random or isinstance(node.op, Layer):
        return False
    numbers = tuple(operand.value if isinstance(operand, Literal) else None for operand in node.inputs)
    if any(not isinstance(operand, Literal) and operand not in values for operand in node.inputs):
        return False
    reads = tuple(None if isinstance(operand, Literal) else values[operand] for operand in node.inputs)
    steps.append(Step(node.op, reads, numbers, types[node.outputs[0]].dtype))
    values[node.outputs[0]] = len(steps)
    return True
