"""Finds images whose axes stand as another library has them: without an axis of examples, or with the channels in front of the space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.diagnostics.base import Diagnostic
from netspec.ir import Apply, Body, Call, Node, Operand, Port, fold, pair_inputs, regions
from netspec.shape import Dim, TensorType
from netspec.source import NOWHERE, Meant, Span

CHANNELS = (1, 3)
LEAST = 8
"""Sides from which on something is an image."""


def find_odd_images(models: Iterable[Body]) -> list[Diagnostic]:
    """The inputs of models that are read as something else than they look like, each once."""
    found, seen = [], {}
    for model in models:
        odd: dict[Operand, Port] = {
            port.wire: port for port in model.inputs if isinstance(port.wire, int) and looks_odd(model.types[port.wire])
        }
        if odd and fold(model, lambda node, below: (isinstance(node, Apply) and node.op.over_space) or any(below), any, seen):
            for port, use in dict(find_readers(model.nodes, model, dict(odd))).items():
                found.append(describe(port, model.types[port.wire], use))  # type: ignore[index]
    return found


def looks_odd(kind: TensorType) -> bool:
    return is_bare(kind) or is_turned(kind)


def is_bare(kind: TensorType) -> bool:
    """[height, width, channels], or [channels, height, width], and no more."""
    if kind.rank != 3 or not kind.is_constant:
        return False
    a, b, c = (dim.value for dim in kind.shape)
    return (c in CHANNELS and min(a, b) >= LEAST and max(a, b) <= 4 * min(a, b)) or (a in CHANNELS and b == c >= LEAST)


def is_turned(kind: TensorType) -> bool:
    """[batch, channels, height, width], with equal sides; or a volume."""
    if kind.rank not in (4, 5) or not all(dim.is_constant for dim in kind.shape[1:]):
        return False
    channels, *space = (dim.value for dim in kind.shape[1:])
    return channels in CHANNELS and min(space) >= LEAST and len(set(space)) == 1


def find_readers(nodes: Iterable[Node], body: Body, images: dict[Operand, Port]) -> Iterator[tuple[Port, Apply]]:
    """The uses of ops over space that read images as they come, or after what leaves their axes alone."""
    for node in nodes:
        if isinstance(node, Call):
            yield from find_readers(node.body.nodes, node.body, {port: images[wire] for port, wire in pair_inputs(node) if wire in images})
        elif isinstance(node, Apply) and node.inputs:
            image = next((images[wire] for wire in node.inputs if wire in images), None)
            if image is not None and node.op.over_space:
                yield image, node
            elif image is not None and node.op.elementwise:
                images[node.outputs[0]] = image
        else:
            for region in regions(node):
                yield from find_readers(region.nodes, body, dict(images))


def find_type(port: Port) -> Span:
    """Where the type of an input is written."""
    span = port.span
    start = span.text.find(":")
    own = span.text[start + 1 :]
    begin = span.start + start + 1 + len(own) - len(own.lstrip())
    return (
        Span(span.source, begin, span.end) if start >= 0 and not isinstance(span, Meant) and span.end <= len(span.source.text) else NOWHERE
    )


def describe(port: Port, kind: TensorType, use: Apply) -> Diagnostic:
    from netspec.diagnostics.calls.habits import ChannelsFirst, ImageWithoutBatch  # few specs have these problems

    shape, facts = kind.shape, {"at": port.span, "name": port.name, "input": str(kind), "op": use.op.op_name()}
    facts["declared"] = find_type(port)
    if is_bare(kind):
        last = shape if shape[-1].value in CHANNELS else (*shape[1:], shape[0])
        return ImageWithoutBatch(**facts, rows=str(shape[0]), meant=str(kind.with_shape((Dim.symbol("B"), *last))))
    order = (0, *range(2, kind.rank), 1)
    return ChannelsFirst(**facts, channels=str(shape[-1]), meant=str(kind.with_shape([shape[axis] for axis in order])), order=order)
