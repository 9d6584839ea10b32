"""The grammar of Typed, executable: what must hold of every body after `infer` and after every pass. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.ir import Apply, Aux, Body, Call, Literal, Node, Operand, Recur, Repeat, Typed, Variable, When
from netspec.shape import TensorType, Verdict


class BrokenIR(AssertionError):
    """A bug of netspec: a body that says something impossible."""


def verify(body: Body) -> None:
    """Raise BrokenIR unless every wire is made once, before its use, with the type that its op's shape rule gives, under a unique path."""
    for problem in problems(body, set()):
        raise BrokenIR(f"{body.name}: {problem}")


def verify_all(typed: Typed) -> None:
    """Verify every model of a file, and the objectives of its train sections."""
    for body in typed.models.values():
        verify(body)
    for plan in typed.trains:
        objectives = (plan.objective, plan.eval.objective, *(u.objective for u in plan.updates))
        for each in (plan.model, *(o.body for o in objectives), *(o.finish for o in objectives)):
            verify(each)


def problems(body: Body, seen: set[int]) -> Iterator[str]:
    """What is wrong with a body and those it calls."""
    if id(body) in seen:
        return
    seen.add(id(body))
    check = Check(body)
    made = {p.wire for p in body.inputs if isinstance(p.wire, int)}
    yield from check.nodes(body.nodes, made, ())
    for port in body.outputs:
        if isinstance(port.wire, int) and port.wire not in made:
            yield f"output `{port.name}` reads wire {port.wire}, which nothing makes"
    for node in check.calls:
        yield from problems(node.body, seen)


class Check:
    """One body under verification."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.paths: dict[str, Node] = {}
        self.calls: list[Call] = []

    def nodes(self, nodes: tuple[Node, ...], made: set[int], counts: tuple[int, ...]) -> Iterator[str]:
        """Problems of nodes in order; `made` grows by the wires they make."""
        for node in nodes:
            yield from self.reads(node, made)
            match node:
                case Apply():
                    yield from self.apply(node)
                    yield from self.path(node, counts)
                case Call():
                    self.calls.append(node)
                    yield from self.call(node)
                    yield from self.path(node, counts)
                case Variable() | Aux():
                    yield from self.path(node, counts)
                case Repeat():
                    yield from self.repeat(node, made, counts)
                case Recur():
                    inside = made | set(node.steps) | set(node.inner)
                    yield from self.nodes(node.nodes, inside, counts)
                    yield from self.unread((*node.made, *node.results), inside)
                    yield from self.recur(node)
                case When():
                    inside = set(made)
                    yield from self.nodes(node.nodes, inside, counts)
                    yield from self.unread(node.inside, inside)
            yield from self.makes(node, made)

    def reads(self, node: Node, made: set[int]) -> Iterator[str]:
        """Wires that a node reads before they are made."""
        operands: tuple[Operand, ...] = ()
        if isinstance(node, Apply):
            operands = (*node.inputs, *(w for _, w in node.optional))
        elif isinstance(node, Call):
            operands = node.inputs
        elif isinstance(node, Aux):
            operands = (node.input,)
        elif isinstance(node, Repeat):
            operands = node.carried
        elif isinstance(node, When):
            operands = tuple(o for o in node.otherwise if o is not None)
        elif isinstance(node, Recur):
            operands = (*node.sequences, *(s for s in node.starts if s is not None), *(() if node.lengths is None else (node.lengths,)))
        yield from self.unread(operands, made)

    def unread(self, operands: tuple[Operand, ...], made: set[int]) -> Iterator[str]:
        """Operands that no node has made yet."""
        for operand in operands:
            if not isinstance(operand, Literal) and operand not in made:
                yield f"wire {operand} is read before it is made"

    def makes(self, node: Node, made: set[int]) -> Iterator[str]:
        """Wires that are made twice, or have no type."""
        outputs = (node.output,) if isinstance(node, Variable) else () if isinstance(node, Aux) else node.outputs
        if isinstance(node, Recur):
            outputs = (*outputs, *node.finals)
        for wire in outputs:
            if wire in made:
                yield f"wire {wire} is made twice"
            if wire not in self.body.types:
                yield f"wire {wire} has no type"
            made.add(wire)

    def apply(self, node: Apply) -> Iterator[str]:
        """The shape rule gives the types that the wires have."""
        types = self.body.types
        inputs = [types[i] if isinstance(i, int) else i.value for i in node.inputs]
        found = node.op.shape(self.body.facts, *inputs, **{n: types[w] for n, w in node.optional})  # type: ignore[arg-type]
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

    def repeat(self, node: Repeat, made: set[int], counts: tuple[int, ...]) -> Iterator[str]:
        """A loop's region, and carried wires whose types change on the way."""
        inside = made | set(node.inner) | ({node.index} if node.index is not None else set())
        yield from self.nodes(node.nodes, inside, (*counts, node.count))
        yield from self.unread(node.results, inside)
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
        shared = not isinstance(node, Variable) and node.shared
        ends = {tuple(0 for _ in counts), tuple(n - 1 for n in counts)}
        for name in {node.segment.name(loops) for loops in ends}:
            first = self.paths.setdefault(name, node)
            if first is not node and not shared:
                yield f"two nodes have the path `{name}`"

    def same(self, a: TensorType, b: TensorType) -> bool:
        """Whether two types are proved to be equal."""
        equal = self.body.facts.equal
        return a.dtype == b.dtype and a.rank == b.rank and all(equal(x, y) is Verdict.PROVED for x, y in zip(a.shape, b.shape, strict=True))
