"""Gives a model on sequences of one length a free length, so that what is proved of positions by their number can be asked of it.

Only what is made of the fed input gets it, along axis 1, and nothing is said of a model where another size of the same number stands
elsewhere on the way: that may count channels as well as positions.
"""

from __future__ import annotations

from collections.abc import Iterable

from netspec.ir import Body, Call, Node, Operand, Recur, Repeat, pair_inputs, regions
from netspec.ir.regions import operands
from netspec.ir.traversal import map_within
from netspec.library.contracts.mask_effects import MARK
from netspec.record import field, record, replace
from netspec.shape import Dim, TensorType

FREE = Dim.symbol(MARK)


class _Unclear(Exception):
    """A size may count positions or something else."""


def free_length(model: Body, fed: str, length: int) -> Body | None:
    """The model for sequences of any length on that input; None where it is not clear what counts positions."""
    try:
        return _Rewrite(length).body(model, {port.wire for port in model.inputs if port.name == fed})[0]
    except _Unclear:
        return None


@record(eq=False)
class _Rewrite:
    """Bodies for one length, each once for every choice of inputs that run along it."""

    length: int
    known: dict[tuple[int, frozenset[Operand]], tuple[Body, set[Operand]]] = field(default_factory=dict)

    def body(self, body: Body, given: Iterable[Operand]) -> tuple[Body, set[Operand]]:
        """The body, and the wires in it that are made of these."""
        key = (id(body), frozenset(given))
        if key not in self.known:
            made = set(given)
            self.spread(body.nodes, made)
            types = {wire: self.retype(kind) if wire in made else kind for wire, kind in body.types.items()}
            nodes = map_within(body.nodes, lambda node: self.rewrite(node, made))
            facts = body.facts.bound(MARK, lo=self.length)
            self.known[key] = (replace(body, nodes=nodes, types=types, facts=facts), made)
        return self.known[key]

    def rewrite(self, node: Node, made: set[Operand]) -> Node:
        """A call with its body for what it is given."""
        return replace(node, body=self.follow_call(node, made)[0]) if isinstance(node, Call) else node

    def follow_call(self, node: Call, made: set[Operand]) -> tuple[Body, set[Operand]]:
        return self.body(node.body, {inner for inner, outer in pair_inputs(node) if outer in made})

    def spread(self, nodes: Iterable[Node], made: set[Operand]) -> None:
        """Add the wires that are made of those."""
        for node in nodes:
            if isinstance(node, Call):
                _, inside = self.follow_call(node, made)
                made |= {wire for wire, port in zip(node.outputs, node.body.outputs, strict=False) if port.wire in inside}
            elif found := list(regions(node)):
                for region in found:
                    made |= {wire for wire, outer in region.begins if outer in made}
                    for _ in range(2 if isinstance(node, Repeat | Recur) else 1):
                        self.spread(region.nodes, made)
                        made |= {wire for wire, end in region.again if end in made}
                    made |= {wire for wire, end in region.ends if end in made}
            elif any(operand in made for operand in operands(node)):
                made |= set(getattr(node, "outputs", ()))

    def retype(self, kind: TensorType) -> TensorType:
        """The type with a free axis of positions. Raises `_Unclear`."""
        places = [axis for axis, size in enumerate(kind.shape) if size == self.length]
        if kind.is_float and places and (places != [1] or kind.rank == 2):
            raise _Unclear
        return kind.with_shape([FREE if axis in places else size for axis, size in enumerate(kind.shape)]) if places else kind
