"""Tells which ops of an objective leave out, by `batch_mask`, the examples that only fill up a batch."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.ir import BATCH_MASK, Apply, Body, Literal, Node, Operand, reads, walk_nodes, writes
from netspec.ir.def_use import DefUse


class LeftOut:
    """What `batch_mask` is put on in one objective."""

    def __init__(self, body: Body) -> None:
        self.body, self.nodes = body, [*walk_nodes(body.nodes)]
        self.makers = DefUse.of(body).makers
        self.masked = self._reach(port.wire for port in body.inputs if port.name == BATCH_MASK)
        """The mask, and all that is made of it."""

    def holds(self, node: Apply, pairs: bool) -> bool:
        """Does this op see nothing of what fills up, or is that taken out of what it gives? Only of `pairs`, where the axis of examples is
        still there twice, can anything be taken out afterwards. Zeros in the place of others are numbers for an op that counts them."""
        if self.masked.isdisjoint(reads(node)):
            return pairs and self._meets_mask(node)
        return not (node.op.counts_zeros() and any(self._is_zeroed(wire) for wire in reads(node)))

    def _reach(self, begun: Iterable[Operand | None]) -> set[int]:
        """These wires and all that are made of them."""
        found = {wire for wire in begun if isinstance(wire, int)}
        for node in self.nodes:
            if not found.isdisjoint(reads(node)):
                found.update(writes(node))
        return found

    def _meets_mask(self, node: Node) -> bool:
        """Is something that is made of the op's results put together with the mask later?"""
        own = self._reach(writes(node))
        mixed = (set(reads(other)) for other in self.nodes)
        return any(wires & own and wires & (self.masked - own) for wires in mixed)

    def _is_zeroed(self, wire: Operand) -> bool:
        """Is the tensor 0 where the mask leaves something out: by `where`, or as a product with the mask in numbers?"""
        node = self.makers.get(wire) if isinstance(wire, int) else None
        if not isinstance(node, Apply) or not node.op.elementwise:
            return False
        types = [kind.value if isinstance(kind, Literal) else self.body.types[kind] for kind in node.inputs]
        return node.op.factors or node.op.fills(*types) == 0  # type: ignore[arg-type]
