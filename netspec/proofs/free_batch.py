"""Gives the examples of a graph whose batch has a written size an axis of their own: `f32[8, 3]` becomes `f32[B, 3]`, so that 8 examples
and 8 classes are told apart. What is not certain keeps its number: a result whose shape rule does not go with the symbol, or gives
another size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netspec.diagnostics.base import Mistake
from netspec.ir import Apply, Body, Call, Node, Operand, Recur, regions
from netspec.ir.traversal import map_within
from netspec.record import field, record, replace
from netspec.shape import Dim, DimTooComplex, Facts, TensorType

SYMBOL = Dim.symbol("batch.size")
"""The size of a batch; no spec can write such a name."""


@record(frozen=False)
class FreeBatch:
    """Rebuilds bodies for batches of this size."""

    size: Dim
    known: dict[tuple[int, tuple[TensorType, ...]], Body] = field(default_factory=dict)

    def free_first(self, kind: TensorType) -> TensorType:
        """The type of an input whose first axis counts examples."""
        return kind.with_shape((SYMBOL, *kind.shape[1:])) if kind.rank and kind.shape[0] == self.size else kind

    def free(self, body: Body, given: Mapping[str, TensorType]) -> Body:
        """A body with inputs of these types, by name; of others their own."""
        kinds = tuple(given.get(name, kind) for name, kind in body.input_types().items())
        key = (id(body), kinds)
        if key not in self.known:
            wires = [port.wire for port in body.inputs if isinstance(port.wire, int)]
            types = {**body.types, **dict(zip(wires, kinds, strict=True))}
            calls: dict[int, Body] = {}
            self.follow(body.nodes, replace(body, types=types), types, calls)
            nodes = map_within(body.nodes, lambda node: replace(node, body=calls[id(node)]) if isinstance(node, Call) else node)
            self.known[key] = replace(body, nodes=nodes, types=types)
        return self.known[key]

    def follow(self, nodes: Iterable[Node], body: Body, types: dict[int, TensorType], calls: dict[int, Body]) -> None:
        """The types of what the nodes make, into `types`, and the bodies of their calls."""
        for node in nodes:
            if isinstance(node, Apply):
                types.update(zip(node.outputs, self.judge(node, body), strict=True))
            elif isinstance(node, Call):
                inner = self.free(node.body, {p.name: types[w] for p, w in zip(node.body.inputs, node.inputs, strict=False)})
                calls[id(node)] = inner
                types.update({w: inner.types[p.wire] for w, p in zip(node.outputs, inner.outputs, strict=False) if isinstance(p.wire, int)})
            else:
                self.follow_regions(node, body, types, calls)

    def follow_regions(self, node: Node, body: Body, types: dict[int, TensorType], calls: dict[int, Body]) -> None:
        for region in regions(node):
            step = isinstance(node, Recur)
            types.update({wire: self.carry(types, wire, outer, step) for wire, outer in region.begins})
            self.follow(region.nodes, body, types, calls)
            types.update({wire: self.carry(types, wire, end, False) for wire, end in region.ends})

    def carry(self, types: Mapping[int, TensorType], wire: int, outer: Operand | None, step: bool) -> TensorType:
        """The type of a wire that is another one, or one step of it."""
        own = types[wire]
        if not isinstance(outer, int):
            return own
        found = types[outer]
        kinds = [found, *([found.with_shape((found.shape[0], *found.shape[2:]))] if step and found.rank > 1 else [])]
        return next((kind for kind in kinds if self.settle(kind) == self.settle(own)), own)

    def judge(self, node: Apply, body: Body) -> tuple[TensorType, ...]:
        """The types of an op's results by its own rule."""
        own = tuple(body.types[wire] for wire in node.outputs)
        inputs, optional = body.op_inputs(node)
        if all(not isinstance(kind, TensorType) or kind == self.settle(kind) for kind in (*inputs, *optional.values())):
            return own
        try:
            made = node.op.shape(Facts(), *inputs, **optional)
        except (Mistake, DimTooComplex, ValueError, TypeError):
            return own
        found = made if isinstance(made, tuple) else (made,)
        return found if tuple(self.settle(kind) for kind in found) == own else own

    def settle(self, kind: TensorType) -> TensorType:
        """The type as it was."""
        return kind.substitute({str(SYMBOL): self.size})
