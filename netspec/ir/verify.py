"""Checks the grammar of Typed: what must hold of every body after `infer` and after every pass. Floor 2."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.ir.nodes import Apply, Aux, Body, Call, Literal, Node, Operand, Recur, Repeat, Variable, When
from netspec.ir.plans import Typed
from netspec.ir.regions import operands, reads_after, regions, writes
from netspec.ir.traversal import list_bodies
from netspec.shape import TensorType, Verdict


class BrokenIR(AssertionError):
    """A bug of netspec: a body that says something impossible."""


def verify(body: Body) -> None:
    """Raise BrokenIR unless every wire is made once, before its use, with the type that its op's shape rule gives, under a unique path."""
    for each in list_bodies(body):
        for problem in find_problems(each):
            raise BrokenIR(f"{each.name}: {problem}")


def verify_all(typed: Typed) -> None:
    """Verify every model of a file, and the objectives of its train sections."""
    for body in typed.models.values():
        verify(body)
    for plan in typed.trains:
        objectives = (plan.objective, plan.eval.objective, *(u.objective for u in plan.updates))
        for each in (plan.model, *(o.body for o in objectives), *(o.finish for o in objectives)):
            verify(each)


def find_problems(body: Body) -> Iterator[str]:
    """What is wrong with a body."""
    made = {p.wire for p in body.inputs if isinstance(p.wire, int)}
    yield from Check(body).nodes(body.nodes, made, ())
    for port in body.outputs:
        if isinstance(port.wire, int) and port.wire not in made:
            yield f"output `{port.name}` reads wire {port.wire}, which nothing makes"
    for wire in (wire for node in body.nodes for wire in reads_after(node)):
        if wire not in made:
            yield f"a buffer is written with wire {wire}, which nothing makes"


class Check:
    """One body under verification."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.paths: dict[str, Node] = {}

    def nodes(self, nodes: tuple[Node, ...], made: set[int], counts: tuple[int, ...]) -> Iterator[str]:
        """Problems of nodes in order; `made` grows by the wires they make."""
        for node in nodes:
            yield from self.unread(operands(node), made)
            if not isinstance(node, Repeat | When | Recur):
                yield from self.path(node, counts)
            for region in regions(node):
                inside = made | set(region.starts)
                yield from self.nodes(region.nodes, inside, (*counts, node.count) if isinstance(node, Repeat) else counts)
                yield from self.unread(region.results, inside)
            yield from self.typed(node)
            yield from self.makes(node, made)

    def unread(self, operands: tuple[Operand, ...], made: set[int]) -> Iterator[str]:
        """Operands that no node has made yet."""
        for operand in operands:
            if not isinstance(operand, Literal) and operand not in made:
                yield f"wire {operand} is read before it is made"

    def makes(self, node: Node, made: set[int]) -> Iterator[str]:
        for wire in writes(node):
            if wire in made:
                yield f"wire {wire} is made twice"
            if wire not in self.body.types:
                yield f"wire {wire} has no type"
            made.add(wire)

    def typed(self, node: Node) -> Iterator[str]:
        """The types of a node's wires go together."""
        match node:
            case Apply():
                yield from self.apply(node)
            case Call():
                yield from self.call(node)
            case Repeat():
                yield from self.repeat(node)
            case Recur():
                yield from self.recur(node)

    def apply(self, node: Apply) -> Iterator[str]:
        """The shape rule gives the types that the wires have."""
        types = self.body.types
        inputs, optional = self.body.op_inputs(node)
        found = node.op.shape(self.body.facts, *inputs, **optional)
        for wire, type_ in zip(node.outputs, found if isinstance(found, tuple) else (found,), strict=True):
            if not self.same(types[wire], type_):
                yield f"`{node.op.op_name()}` makes {type_}, but its wire is {types[wire]}"

    def call(self, node: Call) -> Iterator[str]:
        """Wires of a call whose types are not those of the block's ports."""
        ends = [(node.inputs, node.body.inputs), (node.outputs, node.body.outputs)]
        for wires, ports in ends:
            for wire, port in zip(wires, ports, strict=True):
                if isinstance(port.wire, int) and not self.same(self.body.types[wire], node.body.types[port.wire]):
                    yield f"`{node.body.name}.{port.name}` is {node.body.types[port.wire]}, but its wire is {self.body.types[wire]}"

    def repeat(self, node: Repeat) -> Iterator[str]:
        """A carried value keeps its type."""
        for group in zip(node.carried, node.inner, node.results, node.outputs, strict=True):
            kinds = {str(self.body.types[w]) for w in group if isinstance(w, int)}
            if len(kinds) > 1:
                yield f"a carried value changes its type: {', '.join(sorted(kinds))}"

    def recur(self, node: Recur) -> Iterator[str]:
        """A state keeps its type; a sequence is its step with the time axis behind the batch."""
        types = self.body.types
        for group in zip(node.inner, node.results, node.finals, strict=True):
            if len({str(types[w]) for w in group}) > 1:
                yield f"a state changes its type: {', '.join(sorted({str(types[w]) for w in group}))}"
        for whole, part in [*zip(node.sequences, node.steps, strict=True), *zip(node.outputs, node.made, strict=True)]:
            if types[part].shape != (*types[whole].shape[:1], *types[whole].shape[2:]):
                yield f"{types[part]} is no step of {types[whole]}"

    def path(self, node: Apply | Call | Variable | Aux, counts: tuple[int, ...]) -> Iterator[str]:
        """First and last iterations have paths of their own."""
        shared = node.borrowed if isinstance(node, Variable) else node.shared
        ends = {tuple(0 for _ in counts), tuple(n - 1 for n in counts)}
        for name in {node.segment.name(loops) for loops in ends}:
            first = self.paths.setdefault(name, node)
            if first is not node and not shared:
                yield f"two nodes have the path `{name}`"

    def same(self, a: TensorType, b: TensorType) -> bool:
        """Whether two types are proved to be equal."""
        equal = self.body.facts.equal
        return a.dtype == b.dtype and a.rank == b.rank and all(equal(x, y) is Verdict.PROVED for x, y in zip(a.shape, b.shape, strict=True))
