"""Draws a typed body as text: every node with its wires, types and path. Floor 5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from netspec.cost import sequences_of_cell
from netspec.ir import (
    Apply,
    Aux,
    Average,
    Body,
    Call,
    Literal,
    Node,
    Operand,
    Port,
    Recur,
    Repeat,
    Segment,
    Variable,
    When,
    descend,
    list_bodies,
)
from netspec.library.base import Op
from netspec.shape import Dim, TensorType

INDENT = "  "


def draw_ir(body: Body) -> str:
    """The body, then each block that it instantiates, once, in the order of first use.

    ```text
    body M
      input %0 image: f32[B, 8, 8, 3]
      %1: f32[B, 8, 8, 4] = conv(%0, features=4, kernel=[3, 3])  # conv_0
      output y = %1
    ```
    """
    return "\n\n".join("\n".join(_body(b)) for b in list_bodies(body))


def _body(body: Body) -> Iterator[str]:
    """A body's lines: its name with arguments, its inputs, nodes and outputs."""
    arguments = ", ".join(f"{name}={value_text(value)}" for name, value in body.arguments.items())
    yield f"body {body.name}" + (f"({arguments})" if arguments else "")
    yield from (f"{INDENT}input {operand(p.wire)} {p.name}: {_type(body, p)}" for p in body.inputs)
    yield from _nodes(body, body.nodes, 1)
    yield from (f"{INDENT}output {p.name} = {operand(p.wire)}{_phase(p)}" for p in body.outputs)


def _phase(port: Port) -> str:
    """The phase that an input belongs to, where it belongs to one."""
    return f" when {port.phase}" if port.phase else ""


def _type(body: Body, port: Port) -> TensorType | str:
    """The type of a port's wire."""
    return body.types[port.wire] if isinstance(port.wire, int) else "literal"


def _nodes(body: Body, nodes: Sequence[Node], depth: int) -> Iterator[str]:
    """The lines of nodes, indented by their depth."""
    for node in nodes:
        yield from (INDENT * depth + line for line in _node(body, node))


def _node(body: Body, node: Node) -> Iterator[str]:
    """A node's line, and those of its region."""
    match node:
        case Apply():
            named = [f"{name}={operand(wire)}" for name, wire in node.optional]
            call = call_text(node.op.op_name(), [*map(operand, node.inputs), *named, *arguments_text(node.op)])
            yield f"{_wires(body, node.outputs)} = {call}{_path(node.segment, node.shared)}{_average(node.average)}"
        case Call():
            call = call_text(node.body.name, map(operand, node.inputs))
            yield f"{_wires(body, node.outputs)} = {call}{_path(node.segment, node.shared)}{_average(node.average)}"
        case Variable():
            kind = "read" if node.borrowed else "buffer" if node.buffer else "weight"
            begin = value_text(node.weight.init) if node.begins is None else draw_segment(node.begins)
            written = f", next {operand(node.written)}" if node.written is not None else ""
            yield f"{_wires(body, (node.output,))} = {kind}({'' if node.borrowed else begin}){written}{_path(node.segment)}"
        case Aux():
            yield f"aux {operand(node.input)}{_path(node.segment)}"
        case Repeat():
            index = f" as {operand(node.index)}" if node.index is not None else ""
            yield f"{_wires(body, node.outputs)} = repeat {node.count}{index} ({_pairs(node.inner, node.carried)}) {{"
            yield from _nodes(body, node.nodes, 1)
            yield f"}} next ({_operands(node.results)})"
        case Recur():
            ends = (*node.outputs, *node.finals)
            starts = [operand(s) if s is not None else value_text(i) for s, i in zip(node.starts, node.inits, strict=True)]
            states = ", ".join(f"%{wire} = {start}" for wire, start in zip(node.inner, starts, strict=True))
            extra = (", reversed" if node.reverse else "") + (f", lengths %{node.lengths}" if node.lengths is not None else "")
            yield f"{_wires(body, ends)} = over time ({_pairs(node.steps, node.sequences)}; {states}{extra}) {{"
            yield from _nodes(body, node.nodes, 1)
            yield f"}} makes ({_operands(node.made)}) next ({_operands(node.results)})"
        case When():
            yield f"{_wires(body, node.outputs)} = when {node.phase} {{"
            yield from _nodes(body, node.nodes, 1)
            yield f"}} gives ({_operands(node.inside)}) else ({_operands(o for o in node.otherwise if o is not None)})"


def _wires(body: Body, wires: Iterable[int]) -> str:
    """Wires with their types."""
    return ", ".join(f"%{wire}: {body.types[wire]}" for wire in wires) or "()"


def operand(value: Operand) -> str:
    """`%3`, or a literal as the language writes it."""
    return value_text(value.value) if isinstance(value, Literal) else f"%{value}"


def _operands(values: Iterable[Operand]) -> str:
    """The operands of arithmetic as text."""
    return ", ".join(map(operand, values))


def _pairs(inner: Iterable[int], carried: Iterable[Operand]) -> str:
    """What each wire of a region is in the first iteration, or outside."""
    return ", ".join(f"%{wire} = {operand(value)}" for wire, value in zip(inner, carried, strict=True))


def _average(average: Average | None) -> str:
    """Whose average its weights are."""
    return "" if average is None else f", {average.decay:g} average of {average.of.base}"


def _path(segment: Segment, shared: bool = False) -> str:
    """The segment of a path that a node stands under, as a comment behind its line."""
    return f"  # {draw_segment(segment)}{' (shared)' if shared else ''}"


def draw_segment(segment: Segment) -> str:
    """`conv_0`; in a repeat `conv_{1 + 2 i}`, with `i`, `j`, … for the enclosing loops, outermost first."""
    own = "_".join([segment.base, *(_affine(n.constant, n.strides) for n in segment.numbers)])
    return f"{own}/{segment.part}" if segment.part else own


def _affine(constant: int, strides: Sequence[int]) -> str:
    """A number that depends on loop indices: `{1 + 2 i}`."""
    terms = [f"{'' if s == 1 else f'{s} '}{'ijklmnop'[d % 8]}" for d, s in enumerate(strides) if s]
    if not terms:
        return str(constant)
    return "{" + " + ".join([*([str(constant)] if constant else []), *terms]) + "}"


def call_text(name: str, arguments: Iterable[str]) -> str:
    """A call as text."""
    return f"{name}({', '.join(arguments)})"


def arguments_text(op: Op) -> list[str]:
    """The arguments that are not at their default, `name=value`."""
    given = {name: (getattr(op, name), argument.initial()) for name, argument in op.arguments().items()}
    return [f"{name}={value_text(value)}" for name, (value, default) in given.items() if value != default]


def value_text(value: Any) -> str:
    """A static value as the language writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case list() | tuple():
            return "[" + ", ".join(map(value_text, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key}: {value_text(item)}" for key, item in value.items()) + "}"
        case Op():
            return call_text(value.op_name(), arguments_text(value))
    return str(value)


# --- shapes ----------------------------------------------------------------------------------------------------------


def draw_shapes(body: Body, dim: Callable[[Dim], Dim] = Dim.of) -> str:
    """Inputs, the output of every op by path, and outputs, each with its type; blocks opened up, repeats once. `dim` rewrites the sizes.

    ```text
    input image           f32[B, 8, 8, 3]
    Stem_0/conv_0         f32[B, 8, 8, 4]
    output y              f32[B, 8, 8, 4]
    ```
    """
    rows = [(f"input {p.name}", _port_types(body, p)) for p in body.inputs]
    rows += _shape_rows(body)
    rows += [(f"output {p.name}", _port_types(body, p)) for p in body.outputs]
    widest = max(len(name) for name, _ in rows)
    texts = [(name, ", ".join(str(t.with_shape(map(dim, t.shape))) for t in types) or "literal") for name, types in rows]
    return "\n".join(f"{name:<{widest}}  {text}" for name, text in texts)


def _port_types(body: Body, port: Port) -> tuple[TensorType, ...]:
    """The type of what a port carries; a literal has none."""
    return (body.types[port.wire],) if isinstance(port.wire, int) else ()


def _shape_rows(body: Body) -> Iterator[tuple[str, tuple[TensorType, ...]]]:
    """The name and the types of every op and variable of a body, at any depth."""
    nothing: tuple[TensorType, ...] = ()
    for node, owner, (prefix, sequences) in descend(body, ("", nothing), _step_below):
        if isinstance(node, Apply):
            yield f"{prefix}{draw_segment(node.segment)}", sequences or tuple(owner.types[w] for w in node.outputs)
        elif isinstance(node, Variable):
            yield f"{prefix}{draw_segment(node.segment)}", (owner.types[node.output],)


def _step_below(node: Node, body: Body, here: tuple[str, tuple[TensorType, ...]]) -> tuple[str, tuple[TensorType, ...]]:
    """The prefix of paths, and in a layer such as `lstm` what it gives instead of its cell."""
    if isinstance(node, Call):
        return f"{here[0]}{draw_segment(node.segment)}/", ()
    return here[0], sequences_of_cell(node, body) if isinstance(node, Recur) else ()
