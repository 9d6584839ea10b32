"""Lists the layers of a model in order, blocks and loops opened up, each with what it reads, holds and makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from netspec.cost import Spot, descend_spot
from netspec.ir import Apply, Aux, Body, Call, Literal, Node, Operand, Recur, Repeat, Segment, Variable, When, pair_inputs, regions
from netspec.ir.paths import buffers_of, weights_of
from netspec.library.base import Weight
from netspec.record import field, record
from netspec.shape import TensorType
from netspec.source import Span
from netspec.tools.ir_drawing import draw_segment, value_text

Token = tuple[str, int | str, int]
"""What a tensor comes from: ("layer", its number, which of its results), or ("input", its name, 0)."""
Sources = frozenset[Token]
Places = list[tuple[str, tuple[int, ...]]]


@record(eq=False)
class Use:
    """An instance of a block around a layer."""

    segment: str
    path: str
    body: Body
    span: Span


@record(eq=False)
class Around:
    """A loop or phase around a layer: what it is in words, and its facts by name."""

    kind: str
    facts: Mapping[str, str]
    span: Span


@record(eq=False)
class Layer:
    """A use of an op, a `weight` or `buffer` statement, or an exported value; in a `repeat` it stands for all iterations."""

    number: int
    path: str
    """With ranges where a repeat stands around it: `Block_0..5/conv_0`."""
    place: tuple[str, ...]
    """The segments of its path as they are written for any iteration: `Block_{i}`, `conv_0`."""
    paths: tuple[str, ...]
    """Its logical path in each iteration, once each."""
    kind: str
    labelled: bool
    """Its segment is a name that the spec gives, not a count of the uses of an op."""
    values: Mapping[str, Any]
    """The op's arguments, and numbers in the place of tensors."""
    given: tuple[str, ...]
    """Those that are not at their default, as text."""
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    weights: Mapping[str, Weight]
    buffers: Mapping[str, Weight]
    within: tuple[Use, ...]
    around: tuple[Around, ...]
    sources: tuple[Sources, ...]
    span: Span
    owner: Body
    """The body that it stands in."""
    root: Body
    """The model."""

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """What it computes with: its kind, arguments and weights, wherever it stands."""
        held = (f"{name} {weight_text(w)}" for name, w in (*self.weights.items(), *self.buffers.items()))
        return (self.kind, self.given, *held)

    @property
    def leaf(self) -> str:
        return self.place[-1]

    @property
    def label(self) -> str:
        """The name that the spec gives it, without what counts loops; "" where there is none."""
        return self.leaf.partition("_{")[0] if self.labelled else ""

    @property
    def call(self) -> str:
        """As the spec would call it: `conv(features=8)`."""
        return f"{self.kind}({', '.join(self.given)})" if self.given else self.kind


@record(eq=False)
class Listed:
    """The layers of a model, and what its outputs come from."""

    model: Body
    layers: tuple[Layer, ...]
    outputs: Mapping[str, Sources]


def weight_text(weight: Weight) -> str:
    """`f32[3, 3, 1, 32]`."""
    return f"{weight.dtype}[{', '.join(map(str, weight.shape))}]"


def list_layers(model: Body) -> Listed:
    """Every layer of a model in order."""
    walk = _Walk(model)
    inputs: dict[int, Sources] = {p.wire: frozenset({("input", p.name, 0)}) for p in model.inputs if isinstance(p.wire, int)}
    wires = walk.nodes(model.nodes, _Here(model, Spot(), [("", ())], (), (), ()), inputs)
    return Listed(model, tuple(walk.found), {p.name: _sources(wires, p.wire) for p in model.outputs})


def _sources(wires: Mapping[int, Sources], operand: Operand | None) -> Sources:
    return wires.get(operand, frozenset()) if isinstance(operand, int) else frozenset()


@record(eq=False)
class _Here:
    """Where the walk stands."""

    body: Body
    spot: Spot
    places: Places
    place: tuple[str, ...]
    within: tuple[Use, ...]
    around: tuple[Around, ...]

    def step(self, node: Node, spot: Spot, **changed: Any) -> _Here:
        """What holds below a node."""
        own = {"body": self.body, "places": self.places, "place": self.place, "within": self.within, "around": self.around}
        return _Here(spot=spot, **{**own, **changed})

    def paths(self, segment: Segment) -> tuple[str, ...]:
        """The logical paths one segment further."""
        found = (f"{path}/{name}" if path else name for path, loops in self.places for name in (segment.name(loops),))
        return tuple(dict.fromkeys(found))


@record(eq=False)
class _Walk:
    """Goes through a model along its wires."""

    model: Body
    found: list[Layer] = field(default_factory=list)

    def nodes(self, nodes: Iterable[Node], here: _Here, wires: dict[int, Sources]) -> dict[int, Sources]:
        """The wires with those that the nodes make."""
        for node in nodes:
            wires |= self.node(node, here, wires)
        return wires

    def node(self, node: Node, here: _Here, wires: dict[int, Sources]) -> dict[int, Sources]:
        """What a node makes, each wire with what it comes from."""
        match node:
            case Apply() | Variable() | Aux():
                number = len(self.found)
                self.found.append(_layer(number, node, here, wires, self.model))
                made = node.outputs if isinstance(node, Apply) else (node.output,) if isinstance(node, Variable) else ()
                return {wire: frozenset({("layer", number, k)}) for k, wire in enumerate(made)}
            case Call():
                return self.call(node, here, wires)
        return self.region(node, here, wires)

    def call(self, node: Call, here: _Here, wires: dict[int, Sources]) -> dict[int, Sources]:
        inside = {inner: _sources(wires, outer) for inner, outer in pair_inputs(node)}
        paths, own = here.paths(node.segment), draw_segment(node.segment)
        spot = here.spot.step(node.segment)
        use = Use(own, spot.prefix[:-1], node.body, node.span)
        below = here.step(node, spot, body=node.body, places=[(p, ()) for p in paths], place=(*here.place, own), within=(*here.within, use))
        made = self.nodes(node.body.nodes, below, inside)
        return {wire: _sources(made, port.wire) for wire, port in zip(node.outputs, node.body.outputs, strict=True)}

    def region(self, node: Node, here: _Here, wires: dict[int, Sources]) -> dict[int, Sources]:
        [region] = regions(node)
        inside = {**wires, **{wire: _sources(wires, outside) for wire, outside in region.begins}}
        places = [(p, (*loops, i)) for p, loops in here.places for i in range(node.count)] if isinstance(node, Repeat) else here.places
        below = here.step(node, descend_spot(node, here.body, here.spot), places=places, around=(*here.around, _around(node)))
        made = self.nodes(region.nodes, below, inside)
        ends = {wire: _sources(made, end) for wire, end in region.ends}
        if isinstance(node, When):
            ends = {wire: ends[wire] | _sources(wires, other) for wire, other in zip(node.outputs, node.otherwise, strict=True)}
        return ends


def _around(node: Node) -> Around:
    """A region in words."""
    match node:
        case Repeat():
            return Around("repeat", {"count": str(node.count)}, node.span)
        case When():
            return Around("when", {"phase": node.phase}, node.span)
        case Recur():
            begin = ", ".join("given" if s is not None else value_text(i) for s, i in zip(node.starts, node.inits, strict=True))
            own = {"reverse": value_text(node.reverse), "lengths": value_text(node.lengths is not None), "initial": begin}
            return Around(node.layer_name, {**own, "unroll": str(node.unroll)}, node.span)
    raise TypeError(type(node).__name__)


def _layer(number: int, node: Apply | Variable | Aux, here: _Here, wires: Mapping[int, Sources], root: Body) -> Layer:
    """A node as a layer."""
    common: dict[str, Any] = {
        "number": number,
        "path": here.spot.step(node.segment).prefix[:-1],
        "place": (*here.place, draw_segment(node.segment)),
        "paths": here.paths(node.segment),
        "within": here.within,
        "around": here.around,
        "span": node.span,
        "owner": here.body,
        "root": root,
    }
    if isinstance(node, Apply):
        return Layer(**common, **_of_op(node, here.body, wires), labelled=not node.segment.counted)
    if isinstance(node, Aux):
        kind = here.body.types[node.input]
        return Layer(**common, **_plain("aux", {}, (kind,), ()), sources=(_sources(wires, node.input),), labelled=True)
    kind, held = ("buffer" if node.buffer else "weight"), {"": node.weight}
    more = {"weights": {} if node.buffer else held, "buffers": held if node.buffer else {}}
    values = {"init": node.weight.init}
    return Layer(**common, **{**_plain(kind, values, (), (here.body.types[node.output],)), **more}, sources=(), labelled=True)


def _plain(kind: str, values: Mapping[str, Any], inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> dict[str, Any]:
    given = tuple(f"{name}={value_text(value)}" for name, value in values.items())
    return {
        "kind": kind,
        "values": values,
        "given": given,
        "inputs": tuple(inputs),
        "outputs": tuple(outputs),
        "weights": {},
        "buffers": {},
    }


def _of_op(node: Apply, body: Body, wires: Mapping[int, Sources]) -> dict[str, Any]:
    """What a use of an op has of its op."""
    op = node.op
    numbers = {f"operand {k + 1}": operand.value for k, operand in enumerate(node.inputs) if isinstance(operand, Literal)}
    more: dict[str, Any] = {} if node.average is None else {"average of": node.average.of.base, "decay": node.average.decay}
    values = {**{name: getattr(op, name) for name in op.arguments()}, **numbers, **more}
    defaults = {name: argument.initial() for name, argument in op.arguments().items()}
    given = tuple(f"{n}={value_text(v)}" for n, v in values.items() if n not in defaults or v != defaults[n])
    operands = [*(o for o in node.inputs if isinstance(o, int)), *(wire for _, wire in node.optional)]
    return {
        "kind": op.op_name(),
        "values": values,
        "given": (*given, *(f"{name}=…" for name, _ in node.optional)),
        "inputs": tuple(body.types[o] for o in operands),
        "outputs": tuple(body.types[o] for o in node.outputs),
        "weights": weights_of(body, node),
        "buffers": buffers_of(body, node),
        "sources": tuple(_sources(wires, o) for o in operands),
    }
