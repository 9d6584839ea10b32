"""Finds shapes in chains that say once more what is said of the very same tensor already: by the place in front of them, by the declaration
of the name that the chain begins with, or by the type of the name that it is bound to.

What is compared is what is written. A shape that only comes to the same sizes says something: that they are the same. Floor 2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.record import fields, record
from netspec.resolve.graph import Definition, Graph
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants, drop_parens

Dims = tuple[tree.Expr | tree.Dots, ...]


@record
class Said:
    """A shape as it is written, what says it, and where."""

    dims: Dims
    at: Span
    by: str


SHAPE = re.compile(r'->\s*(?:#[^\n]*\n\s*)*\[|"shape"')
"""What stands in every file with a shape in a chain, in either form: the others are not looked through."""
IN_FRONT = "the shape in front of it is the same"
Known = dict[str, Said]
"""What is said of the tensors that have a name here."""


def find_redundant_shapes(graph: Graph) -> list[Diagnostic]:
    """The shapes of a file's own chains that are said already, each once."""
    if SHAPE.search(graph.source.text) is None:
        return []
    own = [definition for definition in graph.definitions.values() if definition.node.span.source is graph.source]
    found = [problem for definition in own for problem in Walk(definition).find()]
    return found + [problem for section in (*graph.trains, *graph.serves) for problem in find_within(section, {})]


class Walk:
    """Follows the names of one body, statement by statement."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.changing = {name for name, count in Counter(list_bound(definition.node.body)).items() if count > 1}
        """Names that may mean something else from line to line: a shape that is made of one is compared within its statement alone."""

    def find(self) -> Iterator[Diagnostic]:
        """What the body says twice."""
        known: Known = {}
        for stated in self.definition.inputs:
            if stated.name not in self.definition.lists:
                self.learn(known, stated.name, Said(stated.type.dims, stated.type.span, f"the input `{stated.name}` is declared so"))
        yield from self.follow(self.definition.node.body.statements, known)

    def follow(self, statements: Iterable[tree.Statement], known: Known) -> Iterator[Diagnostic]:
        """Statements in order; `known` is what is said before them, and then behind them."""
        for node in statements:
            if isinstance(node, tree.For | tree.Repeat | tree.When):
                for name in list_bound(node):
                    known.pop(name, None)
                yield from self.follow(node.body.statements, dict(known))
            else:
                yield from find_within(node, known)
                self.bind(node, known)

    def bind(self, node: tree.Statement, known: Known) -> None:
        """What a statement says of its names."""
        match node:
            case tree.Weight() | tree.Buffer() | tree.State():
                what = type(node).__name__.lower()
                self.learn(known, node.name, Said(node.type.dims, node.type.span, f"the {what} `{node.name}` is declared so"))
            case tree.Binding():
                value = said_of(node.value, known) if len(node.targets) == 1 else None
                for target in node.targets:
                    self.learn(known, target.name, said_by_type(target.name, target.type) or value)
            case tree.Output(name=str() as name):
                self.learn(known, name, said_by_type(name, node.type) or said_of(node.value, known))

    def learn(self, known: Known, name: str, said: Said | None) -> None:
        """Takes note of what is said of a name; where that does not last, of nothing."""
        known.pop(name, None)
        if said is not None and read_names(said.dims).isdisjoint(self.changing):
            known[name] = said


def read_names(dims: Dims) -> set[str]:
    """The names that a shape is made of."""
    return {node.parts[0] for dim in dims for node in descendants(dim) if isinstance(node, tree.Name)}


def find_within(node: tree.Node, known: Known) -> Iterator[Diagnostic]:
    """What the chains of a statement or section say twice."""
    own = said_by_type(*type_of(node))
    last = drop_parens(node.value) if isinstance(node, tree.Binding | tree.Output) else None
    for chain in descendants(node):
        if isinstance(chain, tree.Chain):
            yield from find_in_chain(chain, known, own if chain is last else None)


def find_in_chain(chain: tree.Chain, known: Known, own: Said | None) -> Iterator[Diagnostic]:
    """The shapes of a chain that the place in front of them says already, or at its end the type of what it is bound to."""
    said, count = said_of(chain.head, known), len(chain.stages)
    tail = next((n for n in range(count, 0, -1) if not isinstance(chain.stages[n - 1], tree.ShapeStage)), 0)
    for place, stage in enumerate(chain.stages):
        if not isinstance(stage, tree.ShapeStage):
            said = None
            continue
        sayers = [each for each in (said, own if place >= tail else None) if each is not None and is_same(each.dims, stage.dims)]
        if sayers:
            yield describe(stage, sayers[0])
        else:
            said = Said(stage.dims, stage.span, IN_FRONT)


def said_of(value: tree.Expr, known: Known) -> Said | None:
    """What is said of the tensor that an expression is."""
    value = drop_parens(value)
    if isinstance(value, tree.Name):
        return known.get(value.text)
    last = value.stages[-1] if isinstance(value, tree.Chain) else None
    return Said(last.dims, last.span, IN_FRONT) if isinstance(last, tree.ShapeStage) else None


def said_by_type(name: str | None, written: tree.TensorRef | None) -> Said | None:
    """What the type of a name says."""
    return None if written is None else Said(written.dims, written.span, f"`{name}` is declared so")


def type_of(node: tree.Node) -> tuple[str | None, tree.TensorRef | None]:
    """The one name that a statement binds, and its type."""
    if isinstance(node, tree.Binding) and len(node.targets) == 1:
        return node.targets[0].name, node.targets[0].type
    return (node.name, node.type) if isinstance(node, tree.Output) else (None, None)


def list_bound(region: tree.Node) -> Iterator[str]:
    """The names that a body or a loop binds, in the loops inside of it too, as often as it does."""
    for node in descendants(region):
        match node:
            case tree.Binding():
                yield from (target.name for target in node.targets)
            case tree.Output(name=str() as name):
                yield name
            case tree.For() | tree.ForClause():
                yield from names_of(node.names)
            case tree.Repeat() if node.index is not None:
                yield node.index.name


def names_of(names: Iterable[tree.LoopName]) -> Iterator[str]:
    """The names that a loop binds for each of its passes."""
    for name in names:
        yield from (node.name for node in descendants(name) if isinstance(node, tree.Target))


def is_same(first: Dims, second: Dims) -> bool:
    """Two shapes are written alike, but for parentheses and how numbers are spelled."""
    return meaning_of(first) == meaning_of(second)


def meaning_of(node: Any) -> Any:
    """What stands there, without where and how it is spelled."""
    node = drop_parens(node)
    if isinstance(node, tree.Number):
        return node.value, node.unit
    if isinstance(node, tuple):
        return tuple(map(meaning_of, node))
    return (type(node), *(meaning_of(getattr(node, f.name)) for f in fields(node) if f.compare)) if isinstance(node, tree.Node) else node


def describe(stage: tree.ShapeStage, said: Said) -> Diagnostic:
    from netspec.diagnostics.shapes.claims import RedundantShape  # few specs have this problem
    from netspec.syntax.printer import print_stage

    return RedundantShape(at=stage.span, shape=print_stage(stage), by=said.by, said=said.at, remarked=bool(stage.comments.before))
