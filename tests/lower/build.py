"""A small hand for building bodies, as `infer` would from a spec."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from netspec.ir import Affine, Apply, Body, Call, Literal, Node, Operand, Port, Recur, Repeat, Segment, Variable, When, map_within
from netspec.library.base import Callable as Op
from netspec.library.base import Weight
from netspec.shape import Dim, Facts, TensorType

FACTS = Facts()


def tensor(text: str) -> TensorType:
    """`f32[B, 8]` as a type; dims are numbers or symbols."""
    dtype, dims = re.fullmatch(r"(\w+)\[(.*)\]", text).groups()  # type: ignore[union-attr]
    return TensorType(dtype, [Dim.of(int(d) if d.isdigit() else d) for d in dims.replace(" ", "").split(",") if d])


class Builder:
    """Nodes and wires of one body; unlabelled ops are numbered as the language says."""

    def __init__(self, name: str = "M") -> None:
        self.name = name
        self.inputs: list[Port] = []
        self.nodes: list[Node] = []
        self.types: dict[int, TensorType] = {}
        self.counter: Counter[str] = Counter()
        self.depth = 0

    def wire(self, type: TensorType) -> int:
        number = len(self.types)
        self.types[number] = type
        return number

    def input(self, name: str, type: str) -> int:
        wire = self.wire(tensor(type))
        self.inputs.append(Port(name, wire))
        return wire

    def op(self, op: Op, *inputs: Operand, label: str = "", shared: bool = False, **optional: int) -> Any:
        """Apply an op. A label stands outside repeats or names a shared instance."""
        types = [self.types[w] if isinstance(w, int) else w.value for w in inputs]
        result = op.shape(FACTS, *types, **{k: self.types[w] for k, w in optional.items()})
        wires = tuple(map(self.wire, result if isinstance(result, tuple) else (result,)))
        segment = Segment(label) if label else self._segment(op.op_name())
        self.nodes.append(Apply(op, inputs, wires, segment, tuple(optional.items()), shared))
        return wires if len(wires) > 1 else wires[0]

    def call(self, body: Body, *inputs: int, label: str = "", shared: bool = False) -> Any:
        wires = tuple(self.wire(body.types[p.wire]) for p in body.outputs if isinstance(p.wire, int))
        segment = Segment(label) if label else self._segment(body.name)
        self.nodes.append(Call(body, inputs, wires, segment, shared))
        return wires if len(wires) > 1 else wires[0]

    def variable(self, name: str, weight: Weight, buffer: bool = False) -> int:
        wire = self.wire(TensorType(weight.dtype, weight.shape))
        self.nodes.append(Variable(weight, wire, Segment(name), buffer))
        return wire

    def write(self, name: str, wire: int) -> None:
        """Give the buffer of that name its next value."""
        self.nodes = [replace(n, written=wire) if isinstance(n, Variable) and n.segment.base == name else n for n in self.nodes]

    def repeat(self, count: int, carried: Operand, step: Callable[[int, int], int], indexed: bool = False) -> int:
        """`step(carried, index)` gives the next value; `index` is the iteration's wire."""
        type = self.types[carried] if isinstance(carried, int) else TensorType("f32")
        outer, nodes, self.counter, self.nodes = self.counter, self.nodes, Counter(), []
        self.depth += 1
        inner, index = self.wire(type), self.wire(TensorType("i32"))
        result = step(inner, index)
        self.depth -= 1
        body = map_within(tuple(self.nodes), lambda node: _counted(node, self.depth, outer, self.counter))
        used, self.counter, self.nodes = self.counter, outer, nodes
        for name, uses in used.items():
            self.counter[name] += uses * count
        output = self.wire(type)
        self.nodes.append(Repeat(count, body, (carried,), (inner,), (result,), (output,), index if indexed else None))
        return output

    def when(self, phase: str, otherwise: Operand, step: Callable[[], int]) -> int:
        outer, self.nodes = self.nodes, []
        inside = step()
        nodes, self.nodes = tuple(self.nodes), outer
        output = self.wire(self.types[inside])
        self.nodes.append(When(phase, nodes, (inside,), (otherwise,), (output,)))
        return output

    def body(self, **outputs: Operand) -> Body:
        ports = tuple(Port(name, wire) for name, wire in outputs.items())
        return Body(self.name, tuple(self.inputs), ports, tuple(self.nodes), dict(self.types))

    def _segment(self, name: str) -> Segment:
        number = self.counter[name]
        self.counter[name] += 1
        return Segment(name, (Affine(number),))


def _counted(node: Node, depth: int, before: Mapping[str, int], uses: Mapping[str, int]) -> Node:
    """The node with its numbers as functions of the iteration of the repeat at that depth."""
    if isinstance(node, Repeat | When | Recur):
        return node
    numbers = node.segment.numbers
    if isinstance(node, Variable):
        numbers = tuple(Affine(n.constant, (1, *n.strides)) for n in numbers) or (Affine(0, (1,)),)
    elif numbers:
        base, n = node.segment.base, numbers[0]
        strides = [*n.strides, *([0] * (depth + 1 - len(n.strides)))]
        strides[depth] = uses[base]
        numbers = (Affine(n.constant + before[base], tuple(strides)),)
    return replace(node, segment=Segment(node.segment.base, numbers))


def literal(value: float) -> Literal:
    return Literal(value)
