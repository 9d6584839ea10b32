"""Sets shapes beside the lines of a spec: what the last layer of each line makes, as it was proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from netspec.ir import Apply, Body, Call, Node, Port, Recur, Variable, list_bodies, regions
from netspec.report.markup import Html, join, tag
from netspec.shape import Dim, TensorType
from netspec.source import Source, Span

MOST_TYPES = 3
"""So many types of one line are shown, of a block that is used with several."""


@dataclass
class Line:
    """What is made on one line of a text."""

    end: int = -1
    """Where what makes it ends: of several layers on a line, the last one's result stands beside it."""
    types: list[str] = field(default_factory=list)

    def add(self, end: int, types: str) -> None:
        """What a node makes that ends there."""
        if end > self.end:
            self.end, self.types = end, [types]
        elif end == self.end and types not in self.types:
            self.types.append(types)


Notes = Mapping[tuple[str, int], Line]
"""By the path of the text and the number of the line."""


def annotate(model: Body) -> Notes:
    """What each line makes that leads to a model: its inputs and layers, those of its blocks once for each way that they are used."""
    found: dict[tuple[str, int], Line] = {}
    for body in list_bodies(model):
        dim = body.facts.normal
        for span, types in _made(body):
            if span.end > span.start and types:
                place = found.setdefault((span.source.path, span.source.position(span.end - 1)[0]), Line())
                place.add(span.end, ", ".join(_text(kind, dim) for kind in types))
    return found


def _text(kind: TensorType, dim: Callable[[Dim], Dim]) -> str:
    """A type with its sizes simplified by what the body requires of them."""
    return str(kind.with_shape(map(dim, kind.shape)))


def _made(body: Body) -> Iterator[tuple[Span, tuple[TensorType, ...]]]:
    """The places of a body where something is made, with its types."""
    for port in body.inputs:
        yield port.span, _type(body, port)
    for node in _walk(body.nodes):
        yield node.span, tuple(body.types[wire] for wire in _outputs(node))


def _walk(nodes: Iterable[Node], around: Span | None = None) -> Iterator[Node]:
    """The nodes of a body; of a layer over time, which stands in one place with its cell, only itself."""
    for node in nodes:
        if node.span != around:
            yield node
        for region in regions(node):
            yield from _walk(region.nodes, node.span if isinstance(node, Recur) else around)


def _type(body: Body, port: Port) -> tuple[TensorType, ...]:
    return (body.types[port.wire],) if isinstance(port.wire, int) else ()


def _outputs(node: Node) -> tuple[int, ...]:
    """The wires that a layer or a block makes."""
    if isinstance(node, Variable):
        return (node.output,)
    return node.outputs if isinstance(node, Apply | Call | Recur) else ()


def draw_source(source: Source, notes: Notes) -> Html:
    """A text with the numbers of its lines, and beside them what they make."""
    rows = []
    for number, line in enumerate(source.text.removesuffix("\n").split("\n"), 1):
        types = notes[source.path, number].types if (source.path, number) in notes else []
        more = f" and {len(types) - MOST_TYPES} more" if len(types) > MOST_TYPES else ""
        beside = " or ".join(types[:MOST_TYPES]) + more
        cells = (tag("td", number, class_="line"), tag("td", tag("code", line)), tag("td", tag("code", beside), class_="shape"))
        rows.append(tag("tr", *cells))
    return tag("div", tag("table", join(*rows), class_="source"), class_="wide")
