"""Binds the names of blocks' and models' bodies, statement by statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, islice

from netspec.deadline import note_progress
from netspec.diagnostics.names.bindings import DuplicateName, MisplacedDeclaration, MissingOutput, UnnamedOutput, UnusedBinding
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.limits import LIMITS
from netspec.resolve.expressions import Names
from netspec.resolve.graph import Bad, Definition
from netspec.resolve.name_scope import Scope
from netspec.source import NOWHERE, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

FIXED = ("param", "shared", "layer", "weight", "dim")
"""What a binding may not rebind."""
OF_THE_BODY = {tree.Param: ("for", "repeat", "when"), tree.Input: ("for", "repeat", "when"), tree.State: ("for", "repeat", "when")} | {
    tree.Output: ("for", "repeat")
}
"""What a block or model declares of itself, and the regions that it may not stand in. A `when` may hold outputs of its phase."""


class Bodies:
    """Walks one body with a scope. `sections` are those about it: they see its params."""

    def __init__(self, names: Names, definition: Definition, sections: Sequence[tree.Section] = ()) -> None:
        self.names, self.definition, self.sections, self.report = names, definition, sections, names.report
        self.regions: list[tree.For | tree.Repeat | tree.When] = []
        """The regions around the present statement, outermost first."""

    def check(self) -> None:
        """Binds every name of the definition and reports what is wrong with them."""
        scope = Scope()
        self.names.later = find_bindings(self.definition.node.body)
        self.dims(scope)
        self.statements(self.definition.node.body.statements, scope)
        self.conditions(scope)
        self.outputs(scope)
        self.unused(scope)
        self.names.later = {}

    def conditions(self, scope: Scope) -> None:
        """A param's `where` sees all params, those below it too, and the inputs' dims."""
        seen = Scope()
        seen.names = {name: known for name, known in scope.names.items() if known.what in ("param", "layer", "dim")}
        for param in self.definition.params:
            self.optional(param.where, seen)

    def dims(self, scope: Scope) -> None:
        """Symbols of the inputs' types are bound in the whole body."""
        for stated in self.definition.inputs:
            for dim in stated.type.dims:
                if isinstance(dim, tree.Name) and dim.text[:1].isupper():
                    scope.bind(dim.text, "dim", dim.span)
        for name, hole in self.definition.unread_symbols:
            if scope.find(name) is None:
                scope.bind(name, "unread", hole.span)
        for known in scope.names.values():
            known.read = True

    def statements(self, statements: tuple[tree.Statement, ...], scope: Scope) -> None:
        """Binds statements in order; a long body looks at the clock."""
        for statement in statements:
            note_progress("looking up the names of this", statement.span)
            self.statement(statement, scope)

    def statement(self, node: tree.Statement, scope: Scope) -> None:
        """Binds what a statement reads, then declares what it gives."""
        if type(node) in OF_THE_BODY:
            self.place(node)
        match node:
            case tree.Param():
                self.optional(node.default, scope)
                self.names.declare(scope, node.name, "layer" if node.type.name == "layer" else "param", node.name_span)
                self.forgive(scope, node.name)
            case tree.Input():
                self.type(next((i.type for i in self.definition.inputs if i.name == node.name), node.type), scope)
                self.names.declare(scope, node.name, "input", node.name_span)
                self.forgive(scope, node.name)
            case tree.Output():
                self.output(node, scope)
            case tree.Weight() | tree.Buffer() | tree.State():
                self.type(node.type, scope)
                self.names.expression(node.init, scope)
                self.names.declare(scope, node.name, type(node).__name__.lower(), node.name_span)
                self.forgive(scope, node.name if isinstance(node, tree.State) else "")
            case tree.Shared():
                self.names.expression(node.value, scope)
                self.names.declare(scope, node.name, "shared", node.name_span)
            case tree.Aux():
                self.names.expression(node.value, scope)
            case tree.Binding():
                self.binding(node, scope)
            case tree.Require() | tree.Assume():
                self.names.expression(node.condition, scope)
            case tree.DimBound():
                self.dim_bound(node, scope)
            case tree.For():
                self.names.expression(node.iterable, scope)
                self.inner(node, scope, node.names)
            case tree.Repeat():
                self.names.expression(node.count, scope)
                self.inner(node, scope, (node.index,) if node.index else ())
            case tree.When():
                self.excluded(node)
                self.inner(node, scope, ())
            case tree.Hole():
                for name in node.names:
                    scope.bind(name, "unread", node.span)
                for name in (*node.names, *node.mentions):
                    scope.read(name)

    def dim_bound(self, node: tree.DimBound, scope: Scope) -> None:
        """Binds the bound of a dim, which an input must have brought."""
        self.names.expression(node.bound, scope)
        known = scope.find(node.name)
        if known is None or known.what != "dim":
            near = tuple(nearest(node.name, scope.dims_in_sight()))
            listed = () if near else tuple(islice(scope.dims_in_sight(), LIMITS.listed_names))
            self.report(UnknownName(at=node.name_span, name=node.name, noun="dim", near=near, options=listed))

    def place(self, node: tree.Statement) -> None:
        """Reports a declaration of the body itself that stands in a region of it, or a state that no block has."""
        region = next((r for r in self.regions if keyword_of(r) in OF_THE_BODY[type(node)]), None)
        stateless = isinstance(node, tree.State) and self.definition.is_model
        if region is None and not stateless:
            return
        name = (output_name(node) if isinstance(node, tree.Output) else node.name) or ""  # type: ignore[union-attr]
        owner = f"{'model' if self.definition.is_model else 'block'} {self.definition.name}"
        where = (keyword_of(region), head_of(region)) if region is not None and not stateless else ("", NOWHERE)
        problem = MisplacedDeclaration(at=node.span, keyword=keyword_of(node), name=name, owner=owner, region=where[0], region_at=where[1])
        self.report(problem)

    def excluded(self, node: tree.When) -> None:
        """Reports a phase inside of another one, which nothing ever runs."""
        around = next((r for r in self.regions if isinstance(r, tree.When) and r.phase != node.phase), None)
        if around is not None:
            owner = f"{'model' if self.definition.is_model else 'block'} {self.definition.name}"
            where = {"region": f"when {around.phase}", "region_at": head_of(around)}
            self.report(MisplacedDeclaration(at=head_of(node), keyword="when", name=node.phase, owner=owner, **where))

    def forgive(self, scope: Scope, name: str) -> None:
        """A misplaced declaration is no unused one besides."""
        if self.regions or (self.definition.is_model and name and scope.find(name).what == "state"):  # type: ignore[union-attr]
            scope.read(name)

    def inner(self, node: tree.For | tree.Repeat | tree.When, scope: Scope, loop_names: tuple[tree.LoopName, ...]) -> None:
        """Binds the body of a loop or a `when`, whose new names stay inside."""
        inner = Scope(scope)
        self.names.loop(loop_names, inner)
        self.regions.append(node)
        self.statements(node.body.statements, inner)
        self.regions.pop()
        self.unused(inner)

    def optional(self, node: tree.Expr | None, scope: Scope) -> None:
        """Binds the names of an expression that may be absent."""
        if node is not None:
            self.names.expression(node, scope)

    def type(self, ref: tree.TensorRef | None, scope: Scope) -> None:
        """Binds the dims of a type; a small letter that nothing has bound was meant as a symbol."""
        for dim in ref.dims if ref else ():
            if isinstance(dim, tree.Name) and self.is_small_symbol(dim, scope):
                how = f"a free size has a name that begins with a capital: `{dim.text.capitalize()}`"
                near = (dim.text.capitalize(),)
                self.report(UnknownName(at=dim.span, name=dim.text, noun="static value", near=near, how=how))
                self.names.settle(dim, Bad())
            elif not isinstance(dim, tree.Dots):
                self.names.expression(dim, scope)

    def is_small_symbol(self, dim: tree.Name, scope: Scope) -> bool:
        """`f32[b, 16]`: a size that nothing binds, with the name of a value."""
        if len(dim.parts) > 1 or not dim.text[:1].islower():
            return False
        if scope.find(dim.text) is not None or dim.text in self.names.params or dim.text in self.names.later:
            return False
        return not nearest(dim.text, chain(scope.names_in_sight(), self.names.params, self.names.later), aliases={})

    def binding(self, node: tree.Binding, scope: Scope) -> None:
        """Binds the value, then its names, which may be those of earlier bindings but of nothing else."""
        self.names.expression(node.value, scope)
        layer = len(node.targets) == 1 and self.names.is_layer(node.value, scope)
        for target in node.targets:
            self.type(target.type, scope)
            if target.name == "_":
                continue
            lacks = self.names.lacks_shared(node.value, target.span, scope) if len(node.targets) == 1 and not layer else None
            before = scope.bind(target.name, "binding", target.span, layer)
            bound = scope.find(target.name)
            if bound is not None:
                bound.unshared = lacks
            if before is not None and before.what in FIXED:
                self.report(
                    DuplicateName(at=target.span, name=target.name, what=f"{before.what}'s name", first=before.span, first_what=before.what)
                )

    def output(self, node: tree.Output, scope: Scope) -> None:
        """Binds an output, which can be read like any other name."""
        self.names.expression(node.value, scope)
        self.type(node.type, scope)
        if node.name is not None:
            scope.bind(node.name, "binding", node.name_span)
            scope.read(node.name)

    def outputs(self, scope: Scope) -> None:
        """There is one; a model's are named; no two share a name."""
        definition = self.definition
        if not definition.outputs and not has_hole(definition.node.body):
            last = last_name(definition)
            scope.read(last or "")
            self.report(MissingOutput(at=definition.node.name_span, name=definition.name, last=last, end=end_of(definition)))
        seen: dict[str, Span] = {}
        for output in definition.outputs:
            name = output_name(output)
            if name is None:
                if definition.is_model or len(definition.outputs) > 1:
                    self.report(UnnamedOutput(at=output.value.span, model=definition.name))
            elif name in seen:
                place = output.name_span if output.name else output.value.span
                self.report(DuplicateName(at=place, name=name, what="output", first=seen[name]))
            else:
                seen[name] = output.name_span if output.name else output.value.span

    def unused(self, scope: Scope) -> None:
        """Reports names that nothing reads."""
        for name, known in scope.names.items():
            if known.read or name.startswith("_") or (known.what in ("param", "layer") and name in self.spoken_of):
                continue
            if known.what != "input" or not self.gives_sizes(name):
                self.report(UnusedBinding(at=known.span, name=name, what="param" if known.what == "layer" else known.what))

    def gives_sizes(self, name: str) -> bool:
        """Is a size used that only this input brings, `P` of `input like: f32[B, P, D]`?"""
        stated = [each for each in self.definition.inputs if each.name == name]
        own = Counter(dim for each in stated for dim in plain_symbols(each))
        brought = [dim for dim in own if own[dim] == self.brought[dim]]
        inside = Counter(n.parts[0] for each in stated for n in descendants(each) if isinstance(n, tree.Name))
        return any(self.read_names[dim] > inside[dim] for dim in brought)

    @cached_property
    def brought(self) -> Counter[str]:
        """How many inputs bring each symbol."""
        return Counter(dim for each in self.definition.inputs for dim in plain_symbols(each))

    @cached_property
    def read_names(self) -> Counter[str]:
        """How often each name is read in the body."""
        statements = self.definition.node.body.statements
        return Counter(n.parts[0] for each in statements for n in descendants(each) if isinstance(n, tree.Name))

    @cached_property
    def spoken_of(self) -> frozenset[str]:
        """The names in the sections about the model, its params among them."""
        return frozenset(n.parts[0] for section in self.sections for n in descendants(section) if isinstance(n, tree.Name))


def keyword_of(node: tree.Statement) -> str:
    """The word that a statement begins with."""
    return type(node).__name__.lower()


def head_of(region: tree.For | tree.Repeat | tree.When) -> Span:
    """The line that opens a region, up to its brace."""
    start, end = region.span.start, max(region.body.span.start, region.span.start)
    text = region.span.source.text[start:end]
    return Span(region.span.source, start, start + len(text.rstrip(" \n{"))) if text.strip() else NOWHERE


def plain_symbols(stated: tree.Input) -> set[str]:
    """The symbols that an input's type binds."""
    return {dim.text for dim in stated.type.dims if isinstance(dim, tree.Name) and dim.text[:1].isupper()}


def output_name(output: tree.Output) -> str | None:
    """The name of an output: as written, or that of the value in `output x`."""
    if output.name is not None:
        return output.name
    return output.value.text if isinstance(output.value, tree.Name) and len(output.value.parts) == 1 else None


def find_bindings(body: tree.Body) -> dict[str, Span]:
    """The first binding of each name that the body's own statements bind."""
    found: dict[str, Span] = {}
    for statement in body.statements:
        if isinstance(statement, tree.Binding):
            for target in statement.targets:
                found.setdefault(target.name, target.span)
        elif isinstance(statement, tree.Param | tree.Input | tree.Shared):
            found.setdefault(statement.name, statement.name_span)
    return found


def has_hole(body: tree.Body) -> bool:
    """A statement of it, however deep, could not be read."""
    inner = [s.body for s in body.statements if isinstance(s, tree.For | tree.Repeat | tree.When)]
    return any(isinstance(s, tree.Hole) for s in body.statements) or any(map(has_hole, inner))


def last_name(definition: Definition) -> str | None:
    """The name that the last binding gives, which an output without a value may have meant."""
    last = next((s for s in reversed(definition.node.body.statements) if isinstance(s, tree.Binding)), None)
    return last.targets[-1].name if last else None


def end_of(definition: Definition) -> Span:
    """The place before a body's closing brace, at the start of its line."""
    body = definition.node.body.span
    if body is NOWHERE or not body.text.endswith("}"):
        return NOWHERE
    start = body.source.text.rfind("\n", 0, body.end) + 1
    return Span(body.source, start, start) if body.source.text[start : body.end - 1].strip() == "" else NOWHERE
