"""Sets shapes beside the lines of a spec: what the last layer of each line makes, as it was proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from netspec.ir import Apply, Body, Call, Node, Port, Recur, Variable, list_bodies, regions
from netspec.report.markup import Html, tag
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


def draw_source(source: Source, notes: Sequence[Notes], labels: Sequence[str] = ()) -> Html:
    """A text with the numbers of its lines, and beside them what they make; of several runs with this text, in a column for each."""
    rows = []
    for number, line in enumerate(source.text.removesuffix("\n").split("\n"), 1):
        shapes = (tag("td", tag("code", _shown(own, source.path, number)), class_="shape") for own in notes)
        rows.append(tag("tr", tag("td", number, class_="line"), tag("td", tag("code", line)), *shapes))
    head = tag("tr", tag("td"), tag("td"), *(tag("th", label, scope="col") for label in labels)) if labels else None
    return tag("div", tag("table", head, *rows, class_="source"), class_="wide")


def _shown(notes: Notes, path: str, number: int) -> str:
    """What a line makes, as far as there is room."""
    types = notes[path, number].types if (path, number) in notes else []
    more = f" and {len(types) - MOST_TYPES} more" if len(types) > MOST_TYPES else ""
    return " or ".join(types[:MOST_TYPES]) + more
