"""Reads the weights of an instance by themselves: `d.kernel` of `shared d = dense(8)`, `f.dense_0.kernel` of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.instances import WeightBeforeUse, WeightOfSteps
from netspec.diagnostics.names.unknown_names import UnknownWeight
from netspec.diagnostics.shapes.proofs import BadOperands
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, OpValue, SharedChain, SharedInstance, Tensor, Unknown, describe
from netspec.ir import Apply, Body, Call, Node, Variable
from netspec.ir.paths import buffers_of, kept_of, weights_of
from netspec.library.base import Weight
from netspec.library.shelf import index
from netspec.record import record, replace
from netspec.shape import Dim, TensorType
from netspec.source import Span
from netspec.syntax import tree

Instance = SharedInstance | SharedChain


@record(eq=False)
class Part:
    """What stands under a name below an instance: a weight, or a layer or block that has some."""

    path: str
    begins: str
    """The path of that as which it begins."""
    kept: bool
    weight: Weight | None = None
    buffer: bool = False
    below: tuple[Body, Node] | None = None


def read_weight(frame: Frame, node: tree.Name, value: Instance, spans: list[Span]) -> Tensor | Unknown:
    """The tensor of `d.kernel`: in training gradients flow to the layer's own weight. `spans` are the places of the parts behind dots."""
    first = frame.layers.get(value.segment)
    if first is None:
        return report_unused(frame, node, value)
    at, path, begins, kept = (Body(frame.name, (), (), (), frame.types), first), "", "", value.average is not None
    for place, name in enumerate(node.parts[1:], 1):
        parts = dict(list_parts(*at))
        last = place == len(node.parts) - 1
        found = parts.get(name)
        if found is None and (rest := "/".join(node.parts[place:])) in parts:  # an op's own parts, such as experts
            found, last = parts[rest], True
        if found is None or (found.below is not None and last):
            return frame.report(describe_unknown(node, place, spans[place - 1], value, parts))
        path, begins, kept = f"{path}/{found.path}", f"{begins}/{found.begins}", kept or found.kept
        if found.weight is not None:
            read = replace(found, path=path[1:], begins=begins[1:], kept=kept)
            return emit_reading(frame, node, value, read) if last else report_attribute(frame, node, place, read)
        assert found.below is not None
        at = found.below
    return UNKNOWN


def emit_reading(frame: Frame, node: tree.Name, value: Instance, found: Part) -> Tensor:
    """The node that reads a weight."""
    assert found.weight is not None
    tensor = frame.wire(type_of(found.weight), node.span)
    buffer = found.buffer or found.kept
    segment = replace(value.segment, part=found.path)
    frame.emit(Variable(found.weight, tensor.wire, segment, buffer, span=node.span, kept=found.kept and not found.buffer, borrowed=True))
    begins = value.segment if value.average is None or found.buffer else value.average.begins
    frame.begun[tensor.wire] = (found.weight, replace(begins, part=found.begins))
    return tensor


def type_of(weight: Weight) -> TensorType:
    return TensorType(weight.dtype, tuple(map(Dim.of, weight.shape)))


def list_parts(body: Body, node: Node) -> Iterator[tuple[str, Part]]:
    """What a use of an op, or the body that a use of a block calls, has under which name."""
    if isinstance(node, Apply):
        kept, buffers = kept_of(body, node), buffers_of(body, node)
        for name, weight in {**weights_of(body, node), **buffers}.items():
            yield name, Part(name, name, node.kept, weight, name in buffers and name not in kept)
    elif isinstance(node, Call):
        for inner in node.body.nodes:
            yield from list_own(node.body, inner)


def list_own(body: Body, node: Node) -> Iterator[tuple[str, Part]]:
    """What a node of a block's body has; what stands in a loop is there several times, and has no name."""
    if isinstance(node, Variable) and not node.borrowed:
        name = node.segment.name()
        yield name, Part(name, (node.begins or node.segment).name(), node.kept, node.weight, node.buffer and not node.kept)
    elif isinstance(node, Apply | Call) and any(True for _ in list_parts(body, node)):
        name = node.segment.name()
        begins = name if node.average is None else node.average.begins.name()
        yield name, Part(name, begins, node.average is not None, below=(body, node))


def report_unused(frame: Frame, node: tree.Name, value: Instance) -> Unknown:
    """The instance has not been used so far, or its weights belong to what it is made of."""
    if value.segment in frame.failed:
        return UNKNOWN
    if value.segment in frame.used:
        return frame.report(WeightOfSteps(at=node.span, name=node.parts[0]))
    return frame.report(WeightBeforeUse(at=node.span, name=node.parts[0], weight=".".join(node.parts[1:])))


def report_attribute(frame: Frame, node: tree.Name, place: int, found: Part) -> Unknown:
    """`d.kernel.T`: what other libraries keep in a tensor's attribute."""
    assert found.weight is not None
    written, last = ".".join(node.parts[: place + 1]), node.parts[place + 1]
    turned = last in ("T", "mT") and len(node.parts) == place + 2
    ways = (Repair((Edit(node.span, f"transpose({written})"),), f"transpose({written})"),) if turned else ()
    return frame.report(BadOperands(at=node.span, op=f".{last}", left=describe(Tensor(0, type_of(found.weight))), ways=ways))


def describe_unknown(node: tree.Name, place: int, at: Span, value: Instance, parts: Mapping[str, Part]) -> Diagnostic:
    """There is no such weight: those that there are, and the nearest."""
    owner, name = ".".join(node.parts[:place]), node.parts[place]
    known = [each.replace("/", ".") for each in parts]
    below = parts[name].below if name in parts else None
    if below is not None:  # a layer, whose weights are below it
        inside = [f"{name}.{each}" for each in dict(list_parts(*below))]
        return UnknownWeight(at=at, of=owner, name=name, near=tuple(inside[:1]), options=tuple(inside), layer=True)
    if place == 1 and isinstance(value, SharedInstance) and isinstance(value.value, OpValue):
        entry = value.value.entry
        if index.lookup(f"{entry.alias_of or entry.name}.{name}", "method") is not None:
            how = f"`{name}` is what the layer does with its weights: `x -> {owner}.{name}`"
            return UnknownWeight(at=at, of=owner, name=name, how=how, options=tuple(known))
    return UnknownWeight(at=at, of=owner, name=name, near=tuple(nearest(name, known, ALIASES, limit=1)), options=tuple(known))


ALIASES = {
    **dict.fromkeys(("weight", "weights", "w", "matrix"), ("kernel", "embedding", "scale")),
    **dict.fromkeys(("table", "vectors", "embeddings"), ("embedding",)),
    **dict.fromkeys(("gamma", "gain"), ("scale",)),
    **dict.fromkeys(("beta", "b", "offset", "shift"), ("bias",)),
    **dict.fromkeys(("runningmean", "movingmean"), ("mean",)),
    **dict.fromkeys(("runningvar", "movingvariance", "variance"), ("var",)),
}
"""Squashed names of other libraries -> what layers call their weights here."""
