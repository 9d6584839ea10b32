"""Binds the names of a file's functions of static values, and finds those that call themselves."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import RecursiveFunction
from netspec.diagnostics.names.bindings import DuplicateName, UnusedBinding
from netspec.library.shelf import index
from netspec.resolve.expressions import CALLABLE, OF_MODELS, STATIC_FUNCTIONS, Names
from netspec.resolve.graph import Bad, Function, FunctionRef
from netspec.resolve.name_scope import Scope
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def find_collision(node: tree.Function, others: Mapping[str, tree.Param | tree.Block | tree.Model]) -> Diagnostic | None:
    """The problem of a function whose name a section of the file has, or something that netspec itself calls so."""
    if node.name in others:
        return DuplicateName(at=node.name_span, name=node.name, what="function", first=others[node.name].name_span)
    return find_built_in(node.name, node.name_span)


def find_built_in(name: str, at: Span) -> Diagnostic | None:
    """The problem of a function, written or imported, whose name something has that netspec itself calls so."""
    entry = index.lookup(name, *CALLABLE)
    built_in = "" if entry is None else f"the built-in {entry.kind}"
    if name in (*STATIC_FUNCTIONS, *OF_MODELS):
        built_in = "the static function"
    return DuplicateName(at=at, name=name, what="function", built_in=built_in) if built_in else None


class Functions:
    """Walks the functions of one file. A call that leads back to its own function is reported, and means nothing from then on."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.calls: dict[str, list[tuple[tree.Name, str]]] = {}
        """Function -> the calls of functions of the same file in it."""

    def check(self, functions: Mapping[str, Function]) -> None:
        """Binds every name in the functions, and refuses circles."""
        for name, function in functions.items():
            self.bind(function)
            found = [(node, self.names.meanings.get(id(node))) for node in descendants(function.node) if isinstance(node, tree.Name)]
            called = [(node, meaning.function) for node, meaning in found if isinstance(meaning, FunctionRef)]
            self.calls[name] = [(node, other.name) for node, other in called if functions.get(other.name) is other]
        self.refuse_circles()

    def bind(self, function: Function) -> None:
        """A function sees its params, those before a default in that too, and the params of the file."""
        scope = Scope()
        for param in function.params:
            if param.default is not None:
                self.names.expression(param.default, scope)
            self.names.declare(scope, param.name, "layer" if param.type.name == "layer" else "param", param.name_span)
        self.names.expression(function.node.value, scope)
        for name, known in scope.names.items():
            if not known.read and not name.startswith("_"):
                self.names.report(UnusedBinding(at=known.span, name=name, what="param"))

    def refuse_circles(self) -> None:
        """Walks along the calls, without recursion; one that leads to a function on the way closes a circle."""
        done: set[str] = set()
        for start in self.calls:
            way = {start: iter(self.calls[start])} if start not in done else {}
            while way:
                now = next(reversed(way))
                node, other = next(way[now], (None, ""))
                if node is None:
                    done.add(now)
                    del way[now]
                elif other in way:
                    names = list(way)
                    self.names.report(RecursiveFunction(at=node.span, cycle=(*names[names.index(other) :], other)))
                    self.names.settle(node, Bad())
                elif other not in done:
                    way[other] = iter(self.calls[other])
