"""Shows an op's examples as models of the language, with what these prove: results, parameters, costs. Floor 5."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.cost import cost
from netspec.infer import infer
from netspec.ir import Apply, Body, walk
from netspec.ir.paths import parameters
from netspec.library.base import Callable, Example, Weight
from netspec.library.layers.cells import Cell, Recurrence
from netspec.library.shelf.op_text import to_text
from netspec.record import record
from netspec.resolve import resolve
from netspec.shape import Facts, TensorType
from netspec.source import Source
from netspec.syntax.spec_file import parse_spec

Kept = tuple[tuple[str, str], ...]

STEPS = 7
"""Length of the sequences that cells are shown on."""


@record
class Shown:
    """An example as text, and what was proved of it."""

    call: str
    """The op on its inputs: `x -> conv(4, kernel=3)`."""
    model: str
    """A whole model around the call, without the first line of a file."""
    results: tuple[str, ...]
    flops: str
    """FLOPs of one forward pass."""
    params: int
    weights: Kept
    """The op's parameters: name below the op's path, type and initial value."""
    buffers: Kept

    def kept(self) -> tuple[tuple[str, Kept], ...]:
        """Parameters and buffers with what they are called."""
        return ("Parameters", self.weights), ("Buffers", self.buffers)


def show_example(example: Example) -> Shown:
    """An example of a callable, elaborated as a model. Raises `ValueError` when its model has a problem."""
    call, model = write_example(example)
    body = prove_model(model)
    count, flops, _ = cost(body)
    types = tuple(str(kind) for kind in body.output_types().values())
    return Shown(call, model, types, f"{flops:,}" if isinstance(flops, int) else str(flops), count, *list_kept(body))


def write_example(example: Example) -> tuple[str, str]:
    """The call of an example of a callable, and a whole model around it."""
    op, inputs, named = example.op, example.inputs, tuple(example.named.items())
    assert isinstance(op, Callable)
    if isinstance(op, Cell):
        return write_cell(op, inputs[0])
    wires = names(op, len(inputs))
    head, call = call_text(op, wires, [name for name, _ in named])
    return call, model_text([*zip(wires, inputs, strict=True), *named], [*head, *results(op, inputs, call, named)])


def write_cell(op: Cell, step: str) -> tuple[str, str]:
    """A cell is one step of time; it runs inside `rnn`, here over a few steps."""
    call = f"x -> rnn({to_text(op)})"
    return call, model_text([("x", step.replace(",", f", {STEPS},", 1))], [f"output y = {call}"])


def model_text(inputs: Sequence[tuple[str, str]], statements: Sequence[str]) -> str:
    """A model with these inputs and statements."""
    lines = [*(f"input {name}: {kind}" for name, kind in inputs), *statements]
    return "model Example {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def names(op: Callable, count: int) -> list[str]:
    """The inputs' names; numbered for the tensors of a variadic op that has more than a layer over one sequence."""
    several = op.variadic and not (isinstance(op, Recurrence) and count == 1)
    if several or count > len(op.inputs):
        return [f"x{i}" for i in range(count)]
    return [tensor.name for tensor in op.inputs[:count]]


def call_text(op: Callable, wires: list[str], named: list[str]) -> tuple[list[str], str]:
    """Statements that come first, and the call: of an operator its symbol, of a method its shared instance, else a chain."""
    text, chain = to_text(op), wires[0] if len(wires) == 1 else f"({', '.join(wires)})"
    if op.kind == "operator":
        return [], operator_text(text, wires)
    if op.kind == "method":
        layer, _, method = op.op_name().rpartition(".")
        return [f"shared s = {text.replace(op.op_name(), layer, 1)}"], f"{chain} -> {add_named(f's.{method}', named)}"
    text = add_named(text, named)
    return [], f"{chain} -> {text}" if wires else text if text.endswith(")") else f"{text}()"


def operator_text(text: str, wires: list[str]) -> str:
    """An operator between, before or behind the names of its operands."""
    if text.startswith("["):
        return f"{wires[0]}{text}"
    if len(wires) > 1:
        return (text if text == "**" else f" {text} ").join(wires)
    return f"{text}{' ' if text.isalpha() else ''}{wires[0]}"


def add_named(text: str, named: list[str]) -> str:
    """A call with optional inputs by name."""
    extra = ", ".join(f"{name}={name}" for name in named)
    if not extra:
        return text
    return f"{text[:-1]}, {extra})" if text.endswith(")") else f"{text}({extra})"


def results(op: Callable, inputs: Sequence[str], call: str, named: Kept = ()) -> list[str]:
    """The statements that name what the call gives."""
    if isinstance(op, Recurrence):
        return ["y, carry = " + call, "output y", "output h = carry.h"] if op.return_state else [f"output y = {call}"]
    found = op.shape(Facts(), *map(type_of, inputs), **{n: type_of(t) for n, t in named}) if inputs and not op.variadic else None
    if not isinstance(found, tuple):
        return [f"output y = {call}"]
    own = [f"y{i}" for i in range(len(found))]
    return [f"{', '.join(own)} = {call}", *(f"output {name}" for name in own)]


def type_of(text: str) -> TensorType:
    """The type that an example writes: `f32[2, 8, 8, 3]`."""
    dtype, _, dims = text.rstrip("]").partition("[")
    return TensorType(dtype, [int(dim) if dim.isdigit() else dim for dim in dims.replace(" ", "").split(",") if dim])


def prove_model(model: str) -> Body:
    """The typed body of a model's text."""
    source = Source("example.net", f"netspec 1\n{model}")
    file, problems = parse_spec(source)
    if file is not None and not problems:
        graph, problems = resolve(file, source)
        typed, more = infer(graph)
        problems = [*problems, *more]
        if not problems:
            return typed.models["Example"]
    raise ValueError(f"{model}{problems[0].message()}")


def list_kept(body: Body) -> tuple[Kept, Kept]:
    """The parameters and buffers of the model's layer, named below the layer: `kernel` of `dense_0/kernel`."""
    weights = {path.partition("/")[2]: weight_text(w) for path, w in parameters(body).items()}
    buffers: dict[str, str] = {}
    for node, _ in walk(body):
        if isinstance(node, Apply):
            types = [body.types[w] for w in node.inputs if isinstance(w, int)]
            optional = {name: body.types[w] for name, w in node.optional}
            buffers |= {name: weight_text(w) for name, w in node.op.buffers(*types, **optional).items()}
    return tuple(weights.items()), tuple(buffers.items())


def weight_text(weight: Weight) -> str:
    """Its type and what it begins as, as behind `weight NAME:`."""
    return f"{weight.dtype}[{', '.join(map(str, weight.shape))}] = {to_text(weight.init)}"
