"""What a model costs, exactly: parameters, floating-point operations, bytes of activations; numbers, or polynomials of the free dims."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.ir import Apply, Body, Call, Node, Operand, Repeat, Variable, When
from netspec.record import record
from netspec.shape import Dim, TensorType


@record
class Row:
    """One op of a model: where it stands, what it makes, what it costs in one forward pass (all iterations of a repeat together)."""

    path: str
    op: str
    shape: str
    params: int
    flops: Dim | int
    bytes: Dim | int


def cost(body: Body) -> tuple[int, Dim | int, Dim | int]:
    """Trainable parameters, FLOPs and activation bytes of one forward pass in eval."""
    found = rows(body)
    return sum(r.params for r in found), total(r.flops for r in found), total(r.bytes for r in found)


def table(body: Body) -> tuple[list[Row], Row]:
    """The rows of a model and their sum."""
    params, flops, size = cost(body)
    return rows(body), Row("total", "", "", params, flops, size)


def total(parts: Iterator[Dim | int] | map) -> Dim | int:
    result: Dim | int = 0
    for part in parts:
        result = Dim.of(part) + result
    return result.value if isinstance(result, Dim) and result.is_constant else result


def rows(body: Body) -> list[Row]:
    """A row for each op in order; shared parameters count at their first use."""
    return list(Walk().body(body, "", 1))


class Walk:
    """Goes through a model and its calls, and remembers shared parameters."""

    def __init__(self) -> None:
        self.counted: set[str] = set()

    def body(self, body: Body, prefix: str, times: int) -> Iterator[Row]:
        yield from self.nodes(body, body.nodes, prefix, times, ())

    def nodes(self, body: Body, nodes: tuple[Node, ...], prefix: str, times: int, loops: tuple[int, ...]) -> Iterator[Row]:
        for node in nodes:
            match node:
                case Repeat():
                    yield from self.nodes(body, node.nodes, prefix, times * node.count, (*loops, node.count))
                case When():
                    yield from self.nodes(body, node.nodes, prefix, times if node.phase == "eval" else 0, loops)
                case Call():
                    yield from self.body(node.body, f"{prefix}{named(node, loops)}/", times)
                case Apply():
                    yield self.apply(body, node, prefix, times, loops)
                case Variable():
                    params = 0 if node.buffer else size_of(node.weight.shape)
                    path = prefix + named(node, loops)
                    yield Row(path, "buffer" if node.buffer else "weight", str(body.types[node.output]), params * times, 0, 0)

    def apply(self, body: Body, node: Apply, prefix: str, times: int, loops: tuple[int, ...]) -> Row:
        path = prefix + named(node, loops)
        inputs, optional = [type_of(body, i) for i in node.inputs], {n: body.types[w] for n, w in node.optional}
        params = sum(size_of(w.shape) for w in node.op.params(*inputs, **optional).values())
        if node.shared and path in self.counted:
            params = 0
        self.counted.add(path)
        outputs = [body.types[o] for o in node.outputs]
        once = 0 if node.shared and params == 0 else params
        flops = Dim.of(node.op.flops(*inputs, **optional)) * times
        activations = total(o.bytes for o in outputs)
        shape = ", ".join(map(str, outputs))
        return Row(
            path, node.op.op_name(), shape, once * (1 if node.shared else times), reduced(flops), reduced(Dim.of(activations) * times)
        )


def reduced(value: Dim) -> Dim | int:
    return value.value if value.is_constant else value


def type_of(body: Body, operand: Operand) -> TensorType:
    """An operand's type; a literal stands for itself, as in the shape rules."""
    return body.types[operand] if isinstance(operand, int) else operand.value  # type: ignore[return-value]


def size_of(shape: tuple[Dim | int, ...]) -> int:
    size = Dim.of(1)
    for dim in shape:
        size = size * dim
    return size.value


def named(node: Apply | Call | Variable, loops: tuple[int, ...]) -> str:
    """A segment; in a repeat with the range of its numbers, `layer_0..5`."""
    segment = node.segment
    parts = [segment.base]
    for number in segment.numbers:
        last = number.at(tuple(n - 1 for n in loops))
        parts.append(str(number.constant) if last == number.constant else f"{number.constant}..{last}")
    return "_".join(parts)
