"""Draws a model for Mermaid, which GitHub and GitLab show in Markdown: blocks and loops are boxes inside one another. Floor 5.

Mermaid refuses drawings beyond limits of its own (500 edges, 50,000 characters). A model that is larger is drawn with the instances of
blocks closed below some depth, the deepest that fits; one that fits at no depth is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netspec.diagnostics.drawing.cells import escape
from netspec.ir import Body
from netspec.record import record
from netspec.tools.diff.layers import Around, Layer, Listed, Sources, list_layers

MOST_EDGES = 400
MOST_CHARACTERS = 30_000
"""Of both less than Mermaid takes, and of characters less than half of what a comment on GitHub has."""
DEEPEST = 6
"""Boxes inside one another that are drawn."""


@record(eq=False)
class _Node:
    """A layer, or a closed instance of a block, with the boxes around it."""

    key: str
    label: str
    boxes: tuple[tuple[str, str], ...]
    """(key, title) of each, outermost first."""


def draw_model(model: Body, marks: Mapping[str, str] | None = None) -> str:
    """The drawing, without a fence; "" for a model that is too large. `marks` are classes of layers by path, "added" or "changed"."""
    listed = list_layers(model)
    deepest = max((len(_boxes(layer)) for layer in listed.layers), default=0)
    for depth in range(min(deepest, DEEPEST), -1, -1):
        edges, lines = _draw(listed, depth, marks or {})
        text = "\n".join(lines)
        if edges <= MOST_EDGES and len(text) <= MOST_CHARACTERS:
            return text
    return ""


def _boxes(layer: Layer) -> list[tuple[str, str]]:
    """(key, title) of the boxes around a layer: loops and phases, and instances of blocks, as they stand in one another."""
    found: list[tuple[str, str]] = []
    waiting = [a for a in layer.around if a.kind in ("repeat", "when")]
    for use in layer.within:
        outside = [a for a in waiting if a.span.source is use.span.source and a.span.start <= use.span.start and use.span.end <= a.span.end]
        waiting = [a for a in waiting if a not in outside]
        found += [*map(_region, outside), (use.path, f"{use.path.rpartition('/')[2]}: {use.body.name}")]
    return [*found, *map(_region, waiting)]


def _region(around: Around) -> tuple[str, str]:
    """The box of a loop or phase: each run of the walk through it makes one."""
    return f"@{id(around)}", f"{around.kind} {around.facts.get('count', around.facts.get('phase', ''))}"


def _draw(listed: Listed, depth: int, marks: Mapping[str, str]) -> tuple[int, list[str]]:
    """How many edges there are, and the lines."""
    nodes = [_node(layer, depth) for layer in listed.layers]
    names = {key: f"n{k}" for k, key in enumerate(dict.fromkeys(node.key for node in nodes))}
    ports = {f"input {p.name}": f"i{k}" for k, p in enumerate(listed.model.inputs)}
    lines = ["flowchart TD"]
    lines += [f'  {ports[f"input {p.name}"]}(["{_text(_port(listed.model, p.name, p.wire))}"])' for p in listed.model.inputs]
    lines += _nested({node.key: node for node in nodes}, names, (), 1)
    ends = {f"output {p.name}": f"o{k}" for k, p in enumerate(listed.model.outputs)}
    lines += [f'  {ends[f"output {p.name}"]}(["{_text(_port(listed.model, p.name, p.wire))}"])' for p in listed.model.outputs]
    edges: dict[str, None] = {}
    for layer, node in zip(listed.layers, nodes, strict=True):
        for sources in layer.sources:
            edges |= dict.fromkeys(_edges(sources, nodes, names, ports, names[node.key]))
    for name, sources in listed.outputs.items():
        edges |= dict.fromkeys(_edges(sources, nodes, names, ports, ends[f"output {name}"]))
    return len(edges), [*lines, *edges, *_classes(listed, nodes, names, marks)]


def _edges(sources: Sources, nodes: Sequence[_Node], names: Mapping[str, str], ports: Mapping[str, str], to: str) -> Iterator[str]:
    for kind, which, _ in sorted(sources, key=str):
        begin = ports[f"input {which}"] if kind == "input" else names[nodes[int(which)].key]
        if begin != to:
            yield f"  {begin} --> {to}"


def _node(layer: Layer, depth: int) -> _Node:
    """A layer with the boxes down to a depth; in a deeper one the box is the node."""
    boxes = _boxes(layer)
    if len(boxes) > depth:
        key, title = boxes[depth]
        return _Node(key, title, tuple(boxes[:depth]))
    last = layer.path.rpartition("/")[2]
    label = last if last.startswith(layer.kind) else f"{last}: {layer.kind}"
    shape = ", ".join(map(str, layer.outputs))
    return _Node(f"{layer.path} {layer.number}", f"{label}\n{shape}" if shape else label, tuple(boxes))


def _nested(nodes: Mapping[str, _Node], names: Mapping[str, str], around: tuple[str, ...], depth: int) -> list[str]:
    """The nodes in some boxes, and the boxes inside those."""
    margin, lines, opened = "  " * depth, [], set()
    for key, node in nodes.items():
        keys = tuple(k for k, _ in node.boxes)
        if keys == around:
            lines.append(f'{margin}{names[key]}["{_text(node.label)}"]')
        elif keys[: len(around)] == around and keys[len(around)] not in opened:
            inner, title = node.boxes[len(around)]
            opened.add(inner)
            below = {k: n for k, n in nodes.items() if tuple(b for b, _ in n.boxes)[: len(around) + 1] == (*around, inner)}
            lines.append(f'{margin}subgraph s{names[key]}x{depth}["{_text(title)}"]')
            lines += [*_nested(below, names, (*around, inner), depth + 1), f"{margin}end"]
    return lines


def _classes(listed: Listed, nodes: Sequence[_Node], names: Mapping[str, str], marks: Mapping[str, str]) -> list[str]:
    """Colours of what is marked, which can be read on light and dark pages. A closed box is new where all in it is, and changed where
    anything is."""
    inside: dict[str, list[str]] = {}
    for layer, node in zip(listed.layers, nodes, strict=True):
        around = (layer.path, *(use.path for use in layer.within))
        inside.setdefault(names[node.key], []).append(next((marks[path] for path in around if path in marks), ""))
    found: dict[str, list[str]] = {}
    for name, own in inside.items():
        if any(own):
            found.setdefault(own[0] if len(set(own)) == 1 else "changed", []).append(name)
    styles = {"added": "stroke:#1a7f37,stroke-width:3px", "changed": "stroke:#bf8700,stroke-width:3px"}
    lines = [(f"  classDef {mark} {styles[mark]}", f"  class {','.join(which)} {mark}") for mark, which in found.items()]
    return [line for pair in lines for line in pair]


def _port(model: Body, name: str, wire: object) -> str:
    return f"{name}\n{model.types[wire]}" if isinstance(wire, int) else name


def _text(label: str) -> str:
    """A label in quotes: what Mermaid or HTML would read as its own is written by its code, and so is a word of Markdown."""
    return "<br>".join("".join(_CODES.get(c, c) for c in escape(line)) for line in label.split("\n"))


_CODES = {c: f"#{ord(c)};" for c in '"<>&#;`*~|\\{}'}
