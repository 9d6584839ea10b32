"""Binds the names of expressions: values before callables, callables by position."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.kinds import NeedsQuotes, NotCallable
from netspec.diagnostics.names.bindings import DuplicateName
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.text.residuals import ResidualNeedsParentheses
from netspec.library.shelf import index
from netspec.record import replace
from netspec.resolve.graph import UNREAD, Bad, BlockRef, Builtin, Definition, Function, FunctionRef, Global, Late, Local, Meaning, ShelfRef
from netspec.resolve.name_scope import Known, Scope
from netspec.shape import DTYPES
from netspec.source import NOWHERE, Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.resolve.foreign.calls import Takes

CALLABLE = ("layer", "function")
OF_MODELS = ("params", "aux")
"""What a `train` section says of its model: `params("**/kernel")`, `aux("**/balance")`."""
STATIC_FUNCTIONS = ("range", "len", "enumerate", "reverse", "zip", "sum", "min", "max", "floor", "ceil", "round")


class Names:
    """Gives every `Name` of an expression its meaning. `late` accepts unknown values (fields of the data, outputs of the model)."""

    def __init__(
        self,
        params: Mapping[str, tree.Param],
        definitions: Mapping[str, Definition],
        report: Callable[[Diagnostic], None],
        meanings: dict[int, Meaning],
    ) -> None:
        self.params, self.definitions, self.report, self.meanings = params, definitions, report, meanings
        self.wanted: tuple[str, ...] = CALLABLE
        """The kinds of op that the present place asks for, for what is said of a name that nothing has."""
        self.training = False
        """The present place is in a `train` section."""
        self.owner: tuple[tree.Train | None, Definition | None] = (None, None)
        """The `train` section around the present place, and the model that it trains."""
        self.later: Mapping[str, Span] = {}
        """Where the present body binds each of its names first."""
        self.own: frozenset[str] = frozenset()
        """Params of the model that the present section is about: there they hide the file's."""
        self.unread: frozenset[str] = frozenset()
        """Names of blocks and functions that text which could not be read may define."""
        self.functions: Mapping[str, Function] = {}
        """The functions that the file defines or imports."""

    def expression(self, node: tree.Expr, scope: Scope, late: bool = False) -> None:
        """Bind the names in an expression standing where a value is wanted."""
        match node:
            case tree.Name():
                self.value(node, scope, late)
            case tree.Call():
                self.call(node, scope, late)
            case tree.Chain():
                self.chain(node, scope, late)
            case tree.ListExpr():
                self.each(node.items, scope, late)
            case tree.Comprehension():
                self.comprehension(node, scope, late)
            case tree.Member():
                self.expression(node.value, scope, late)
            case tree.TupleExpr():
                self.each([a.value for a in node.items], scope, late)
            case tree.DictExpr():
                self.keys(node)
                self.each([i.value for i in node.items], scope, late)
            case tree.Paren():
                self.expression(node.inner, scope, late)
            case tree.Unary():
                self.expression(node.value, scope, late)
            case tree.Binary():
                self.each(operands(node), scope, late)
            case tree.If():
                self.each([node.condition, node.then, node.otherwise], scope, late)
            case tree.Index():
                self.index(node, scope, late)
            case _:
                pass

    def each(self, nodes: list | tuple, scope: Scope, late: bool) -> None:
        for node in nodes:
            self.expression(node, scope, late)

    def comprehension(self, node: tree.Comprehension, scope: Scope, late: bool) -> None:
        """Binds a comprehension, whose names are seen behind their `for` and in the value."""
        for clause in node.clauses:
            self.expression(clause.iterable, scope, late)
            scope = Scope(scope)
            self.loop(clause.names, scope)
            self.each(clause.conditions, scope, late)
        self.expression(node.value, scope, late)

    def loop(self, names: tuple[tree.LoopName, ...], scope: Scope) -> None:
        """Declares the names of a loop, which need not be read."""
        for target in list_targets(names):
            taken = scope.find(target.name) is not None
            if target.name != "_":
                self.declare(scope, target.name, "loop", target.span)
                scope.read(target.name)
            if taken and target.name != "_":
                scope.names[target.name] = Known("taken", target.span, read=True)

    def declare(self, scope: Scope, name: str, what: str, span: Span) -> None:
        """Binds a name that may not be bound already."""
        before = scope.bind(name, what, span)
        if before is not None:
            self.report(DuplicateName(at=span, name=name, first=before.span, first_what=before.what))

    def keys(self, node: tree.DictExpr) -> None:
        """No key of a dict stands twice."""
        first: dict[str, tree.DictItem] = {}
        for item in node.items:
            if first.setdefault(item.key, item) is not item:
                self.report(DuplicateName(at=item.span, name=item.key, what="key", first=first[item.key].span))

    def index(self, node: tree.Index, scope: Scope, late: bool) -> None:
        """Binds an index; a symbol in the brackets of `f32[…]` is written as in a type."""
        self.expression(node.value, scope, late)
        written = isinstance(node.value, tree.Name) and node.value.text in DTYPES
        for item in node.items:
            if written and isinstance(item, tree.Name) and item.text[:1].isupper() and scope.find(item.text) is None:
                self.settle(item, Late(item.text))  # a symbol of the type
                continue
            parts = [item.start, item.stop, item.step] if isinstance(item, tree.Slice) else [item]
            self.each([p for p in parts if p is not None and not isinstance(p, tree.Dots)], scope, late)

    def chain(self, node: tree.Chain, scope: Scope, late: bool) -> None:
        """Binds a chain; behind the head of a data chain stand transforms."""
        if isinstance(node.head, tree.Binary):
            self.residual(node.head, node)
        self.expression(node.head, scope, late)
        wanted = self.wanted
        self.wanted = ("transform",) if "dataset" in wanted else wanted  # behind the head
        for stage in node.stages:
            if isinstance(stage, tree.ShapeStage):
                self.each([d for d in stage.dims if not isinstance(d, tree.Dots)], scope, late)
            elif isinstance(stage.call, tree.Call):
                self.call(stage.call, scope, late)
            else:
                self.callable(stage.call, scope)
        self.wanted = wanted

    def residual(self, head: tree.Binary, chain: tree.Chain) -> None:
        """Reports `x + x -> f`, where the sum was meant to be the head of nothing: parentheses are missing."""
        seen: set[str] = set()
        for name in plain_names(head):
            if name.text in seen:
                right = operands(head)[-1].span
                close = Span(right.source, chain.span.end, chain.span.end)
                opens = Span(right.source, right.start, right.start)
                self.report(
                    ResidualNeedsParentheses(at=head.span, name=name.text, head=head.span.text, right=right.text, opens=opens, closes=close)
                )
                return
            seen.add(name.text)

    def call(self, node: tree.Call, scope: Scope, late: bool) -> None:
        """Binds a call: its callee, then its arguments."""
        meaning = self.callable(node.callee, scope, node)
        odd = {*map(id, self.arguments(node, meaning))}
        for arg in node.args:
            if id(arg) in odd or isinstance(meaning, Bad):
                with self.forgiving(id(arg) in odd):
                    self.expression(arg.value, scope, late)
            elif not self.bare_word(node.callee, meaning, arg, scope):
                self.expression(arg.value, scope, late)

    @contextmanager
    def forgiving(self, all_names: bool) -> Iterator[None]:
        """Inside stands what nothing takes: a foreign name in it, as in `activation=nn.relu`, is part of that mistake."""
        report = self.report
        self.report = lambda found: None if isinstance(found, UnknownName) and (all_names or found.noun == "value") else report(found)
        try:
            yield
        finally:
            self.report = report

    def bare_word(self, callee: tree.Name, meaning: Meaning, arg: tree.Arg, scope: Scope) -> bool:
        """`padding=SAME`, a string without its quotes: reported here, with the quotes as its repair."""
        node = arg.value
        if not isinstance(meaning, ShelfRef) or not isinstance(node, tree.Name):
            return False
        if scope.find(node.parts[0]) or node.parts[0] in self.params or node.parts[0] in self.own:
            return False
        taken = words_of(meaning.name, arg.name)
        word = next((w for w in taken if w.lower() == node.text.lower()), None)
        if word is not None:
            self.settle(node, Bad())
            self.report(NeedsQuotes(at=node.span, op=callee.text, name=node.text, word=word, options=tuple(taken)))
        return word is not None

    def arguments(self, node: tree.Call, meaning: Meaning) -> list[tree.Arg]:
        """Named arguments must exist, and those that do not are reported; the values are checked when the op is used."""
        options = self.argument_names(meaning)
        odd = [arg for arg in node.args if arg.name is not None and arg.name not in options] if options is not None else []
        if odd:
            from netspec.resolve.foreign.calls import Written  # only specs with a problem need it
            from netspec.resolve.suggestions import unknown_arguments

            known = self.fitting(meaning) or options or []
            for problem in unknown_arguments(Written(node.span, node.args), odd, self.taken_by(node.callee.text, meaning), known):
                self.report(problem)
        return odd

    def taken_by(self, name: str, meaning: Meaning) -> Takes:
        """What the callee takes; of several ops of the name the one that the present place asks for."""
        from netspec.resolve.foreign.calls import Takes, takes_of  # only specs with a problem need it

        if isinstance(meaning, ShelfRef):
            return replace(takes_of(index.lookup(meaning.name, *self.wanted) or index.entries(meaning.name)[0]), op=name)
        if isinstance(meaning, FunctionRef):
            return Takes(name, "let", (), (), {p.name: p.type.span.text for p in meaning.function.params})
        return replace(takes_of(meaning.definition), op=name)  # type: ignore[union-attr]

    def argument_names(self, meaning: Meaning) -> list[str] | None:
        """The names that a callee's arguments may have; None where they are not known."""
        if isinstance(meaning, BlockRef):
            definition = meaning.definition
            if definition is UNREAD or definition.unread:
                return None
            return [p.name for p in definition.params] + [i.name for i in definition.inputs]
        if isinstance(meaning, FunctionRef):
            return [p.name for p in meaning.function.params]
        if isinstance(meaning, ShelfRef) and not any(e.open_arguments for e in index.entries(meaning.name)):
            return of_entries(index.entries(meaning.name))
        return None

    def fitting(self, meaning: Meaning) -> list[str]:
        """The arguments of those ops of the name that the present place asks for."""
        entries = index.entries(meaning.name) if isinstance(meaning, ShelfRef) else []
        return of_entries([e for e in entries if e.kind in self.wanted])

    def value(self, node: tree.Name, scope: Scope, late: bool) -> Meaning:
        """What a name means where a value stands: names of the body before those of the file."""
        first = node.parts[0]
        known = scope.find(first)
        if known is not None:
            known.read = True
            if known.unshared is not None and len(node.parts) > 1:
                self.report(without_instance(node, known.unshared))
                return self.settle(node, Bad())
            return self.settle(node, Bad() if known.what == "taken" else Local(first))
        if first in self.params and first not in self.own:
            return self.settle(node, Global(first, self.params[first]))
        if late:
            return self.settle(node, Late(first))
        found = Builtin(node.text) if node.text in DTYPES else self.named(node)
        if found is None and first not in self.unread:
            below = self.later.get(first, NOWHERE)
            from netspec.resolve.suggestions import suggest_for_plugin, unknown_value  # only specs with a problem need it

            near = tuple(unknown_value(node.parts[-1]) or nearest(first, chain(scope.names_in_sight(), self.params), aliases={}))
            unknown = UnknownName(at=node.span, name=node.text, noun="value", near=near, below=below)
            if len(node.parts) > 1 and not near:
                from netspec.resolve.suggestions import name_labelled

                unknown = name_labelled(unknown, first)
            self.report(suggest_for_plugin(node.span, node.text) or unknown)
        return self.settle(node, found or Bad())

    def callable(self, node: tree.Name, scope: Scope, call: tree.Call | None = None) -> Meaning:
        """What a name means before `(` or as a stage: shared instances and layers before ops."""
        first = node.parts[0]
        known = scope.find(first)
        if known is not None and known.what == "taken":
            return self.settle(node, Bad())
        if known is not None and known.unshared is not None:
            known.read = True
            self.report(
                NotCallable(at=node.span, name=first, what="a value", ways=tuple(share(first, known.unshared)), layer_at=known.unshared)
            )
            return self.settle(node, Bad())
        if known is not None and (known.what in ("shared", "layer", "unread") or known.layer or len(node.parts) > 1):
            known.read = True
            return self.settle(node, Local(first))
        found = self.named(node)
        if known is not None and known.what == "loop":
            return self.settle(node, Local(first, found))
        if found is not None:
            return self.settle(node, found)
        if known is not None:
            known.read = True
            self.report(NotCallable(at=node.span, name=node.text, what=DESCRIBED.get(known.what, "a value")))
            return self.settle(node, Bad())
        if node.text in self.unread:
            return self.settle(node, Bad())
        ours = (self.definitions, self.functions, STATIC_FUNCTIONS) if self.wanted == CALLABLE else (self.functions,)
        others = chain(*ours, OF_MODELS if self.training else ())
        from netspec.resolve.foreign.calls import Written  # only specs with a problem need it
        from netspec.resolve.suggestions import unknown_op

        written = Written(call.span, call.args) if call is not None else Written(node.span)
        self.report(unknown_op(node.span, node.text, self.wanted, others, written))
        return self.settle(node, Bad())

    def is_layer(self, node: tree.Expr, scope: Scope) -> bool:
        """Is it the name of a layer, function or block, or a choice among such: `if deep { gelu } else { relu }`?"""
        match node:
            case tree.Paren():
                return self.is_layer(node.inner, scope)
            case tree.If():
                return self.is_layer(node.then, scope) and self.is_layer(node.otherwise, scope)
            case tree.Name():
                known = scope.find(node.parts[0])
                return isinstance(self.named(node), ShelfRef | BlockRef) if known is None else known.what == "layer" or known.layer
            case tree.Call() if node.callee.parts[1:] == ("average",):
                known = scope.find(node.callee.parts[0])
                return known is not None and known.what == "shared"
        return False

    def lacks_shared(self, value: tree.Expr, target: Span, scope: Scope) -> Span | None:
        """Where `shared` is missing in `f = dense(3)`, a layer that is made without an input and is meant to be used by its name."""
        while isinstance(value, tree.Chain):
            value = value.head
        if not isinstance(value, tree.Call):
            return None
        known = scope.find(value.callee.parts[0])
        if known is not None:
            return known.unshared
        found = self.meanings.get(id(value.callee))
        if any(not isinstance(arg.value, LITERAL_VALUES) and arg.name is None for arg in value.args):
            return None
        layers = isinstance(found, ShelfRef) and any(e.kind == "layer" and e.inputs for e in index.entries(found.name))
        return target if layers or (isinstance(found, BlockRef) and bool(found.definition.inputs)) else None

    def named(self, node: tree.Name) -> Meaning | None:
        """What a name means that no body binds: a block, a function of the file, an op, a static function."""
        if node.text in self.definitions:
            return BlockRef(self.definitions[node.text])
        if node.text in self.functions:
            return FunctionRef(self.functions[node.text])
        if node.text in STATIC_FUNCTIONS or (self.training and node.text in OF_MODELS):
            return Builtin(node.text)
        return ShelfRef(node.text) if index.entries(node.text) else None

    def settle(self, node: tree.Name, meaning: Meaning) -> Meaning:
        """Notes what the name means, once and for all that comes behind."""
        self.meanings[id(node)] = meaning
        return meaning


LITERAL_VALUES = (tree.Number, tree.String, tree.Constant, tree.ListExpr)
"""What is an argument and no tensor that flows in."""


def share(name: str, at: Span) -> list[Repair]:
    """The repair that makes the layer of a binding an instance, and averages of it too."""
    text = at.source.text
    if at.source.pointers is not None:
        return []
    line = text[at.start :].partition("\n")[0].partition(";")[0].partition("#")[0].rstrip()
    first = Edit(Span(at.source, at.start, at.start), "shared ")
    found = re.compile(rf"^[ \t]*(?=\w+ *= *{re.escape(name)}\.average\b)", re.MULTILINE).finditer(text, at.start)
    averages = tuple(Edit(Span(at.source, m.end(), m.end()), "shared ") for m in found)
    return [Repair(edits, f"shared {line}") for edits in dict.fromkeys(((first,), (first, *averages)))]


def without_instance(node: tree.Name, at: Span) -> Diagnostic:
    """`d.kernel` of a layer that was bound at `at` without `shared`."""
    first, weight = node.parts[0], ".".join(node.parts[1:])
    return NotCallable(at=node.span, name=first, what="a value", ways=tuple(share(first, at)), layer_at=at, weight=weight)


DESCRIBED = {
    "param": "a param",
    "input": "an input",
    "binding": "a value",
    "loop": "a loop's value",
    "dim": "a dim",
    "weight": "a weight",
    "buffer": "a buffer",
    "state": "a state",
}


def list_targets(names: Sequence[tree.LoopName]) -> list[tree.Target]:
    """All names that a loop binds, those in brackets among them."""
    return [t for n in names for t in ([n] if isinstance(n, tree.Target) else list_targets(n.names))]


def words_of(op: str, argument: str | None) -> list[str]:
    """The strings that an op takes for an argument, or for any of them where it is not named."""
    types = [a.type for e in index.entries(op) for a in e.signature if argument in (None, a.name)]
    return list(dict.fromkeys(word for text in types for word in re.findall(r'"(\w+)"', text)))


def operands(node: tree.Binary) -> list[tree.Expr]:
    """The operands of a run of binary operators, left to right, without recursion on the left side."""
    parts: list[tree.Expr] = []
    left: tree.Expr = node
    while isinstance(left, tree.Binary):
        parts.append(left.right)
        left = left.left
    return [left, *reversed(parts)]


def plain_names(node: tree.Expr) -> list[tree.Name]:
    """Names that stand as operands of an expression: not inside calls, indices or parentheses."""
    if isinstance(node, tree.Binary):
        return [n for part in operands(node) for n in plain_names(part)]
    if isinstance(node, tree.Unary):
        return plain_names(node.value)
    return [node] if isinstance(node, tree.Name) else []


def of_entries(entries: Sequence[index.Entry]) -> list[str]:
    """The arguments and inputs of ops that share a name."""
    return [n for e in entries for n in (*(a[0] for a in e.signature), *(i[0] for i in e.inputs))]
