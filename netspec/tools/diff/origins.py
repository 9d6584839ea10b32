"""Follows a value to what set it: from an argument of a layer through params of blocks, and names in them, to a literal or a param."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.ir import Body
from netspec.library.shelf import index
from netspec.source import NO_SOURCE, Source, Span
from netspec.syntax import tree
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.tree_walk import descendants
from netspec.tools.diff.difference import Cause
from netspec.tools.diff.layers import Layer, Use
from netspec.tools.ir_drawing import value_text

DEEPEST = 24
"""So many steps are followed."""


def place_text(span: Span) -> str:
    """`m.net:12`; nothing for what stands nowhere."""
    return "" if span.source is NO_SOURCE else f"{span.source.path}:{span.line}"


class Origins:
    """Finds causes of values in two specs. `given` are places of the values that a `train` section gives to its model's params."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.files: dict[int, tuple[Source, tree.File | None]] = {}
        self.calls: dict[int, dict[tuple[int, int], tuple[tree.Call | tree.Name, bool]]] = {}

    def of_argument(self, before: Layer, after: Layer, name: str) -> Cause:
        """Why an argument of a layer has another value."""
        own = Cause("argument", name, value_text(before.values.get(name)), value_text(after.values.get(name)), place_text(after.span))
        expression = self.argument(after.span, _signature(after.kind, name))
        return own if expression is None else self.follow(expression, before, after, len(after.within), own)

    def of_loop(self, before: Layer, after: Layer, span: Span, own: Cause) -> Cause:
        """Why a `repeat` of the body that a layer stands in runs so often."""
        file = self.file(span.source)
        found = (node for node in (descendants(file) if file is not None else ()) if isinstance(node, tree.Repeat))
        loop = next((node for node in found if (node.span.start, node.span.end) == (span.start, span.end)), None)
        level = next((k for k, use in enumerate(after.within) if use.span.start >= span.start and use.span.end <= span.end), 0)
        return own if loop is None else self.follow(loop.count, before, after, level, own)

    def follow(self, expression: tree.Node, before: Layer, after: Layer, level: int, own: Cause, depth: int = 0) -> Cause:
        """The first name in an expression that has another value now, followed on; `level` calls are around it."""
        if depth > DEEPEST:
            return own
        now = _owner(after, level)
        then = _owner(before, level) if len(before.within) == len(after.within) else None
        for name in _names(expression):
            found = self.of_name(name, now, then, before, after, level, own, depth)
            if found is not None:
                return found
        return own

    def of_name(
        self, name: str, now: Body, then: Body | None, before: Layer, after: Layer, level: int, own: Cause, depth: int
    ) -> Cause | None:
        """Why a name has another value; None where it has the same, or nothing is known."""
        if then is not None and name in now.arguments and name in then.arguments:
            old, new = value_text(then.arguments[name]), value_text(now.arguments[name])
            if old == new:
                return None
            return self.of_param(name, old, new, now, before, after, level, depth)
        binding = self.bound(now, name)
        if binding is not None:
            found = self.follow(binding, before, after, level, own, depth + 1)
            return None if found is own and not self.differs(binding, then, name) else found
        return self.of_file_param(name, now, then)

    def of_param(self, name: str, old: str, new: str, now: Body, before: Layer, after: Layer, level: int, depth: int) -> Cause:
        """Why a param of a block or model has another value."""
        definition = self.definition(now)
        if level == 0:
            return Cause("param", name, old, new, self.place_of_param(now, name))
        use = after.within[level - 1]
        written = self.argument(use.span, self.place_of(use, definition, name))
        if written is None:
            default = next((p for p in _params(definition) if p.name == name), None)
            return Cause("param", f"{name} of {now.name}", old, new, place_text((default or now).span))
        own = Cause("argument", f"{name} of {now.name}", old, new, place_text(written.span))
        return self.follow(written, before, after, level - 1, own, depth + 1)

    def of_file_param(self, name: str, now: Body, then: Body | None) -> Cause | None:
        """Why a param at the top of the file has another value."""
        new, old = self.file_param(now, name), self.file_param(then, name) if then is not None else None
        if new is None or old is None or new.default is None or old.default is None or new.default.span.text == old.default.span.text:
            return None
        return Cause("param", name, old.default.span.text, new.default.span.text, place_text(new.span))

    def place_of_param(self, model: Body, name: str) -> str:
        """Where a model's param has its value from."""
        default = next((p for p in _params(self.definition(model)) if p.name == name), None)
        return self.given.get(name) or place_text((default or model).span)

    def differs(self, binding: tree.Node, then: Body | None, name: str) -> bool:
        """The text that a name is bound to was another one."""
        old = self.bound(then, name) if then is not None else None
        return old is None or old.span.text != binding.span.text

    # --- what stands in the text -------------------------------------------------------------------------------------

    def argument(self, call: Span, place: tuple[str, int, int]) -> tree.Node | None:
        """The expression of an argument of the call that stands there: by its name, or by its place among the params, behind the inputs."""
        name, number, inputs = place
        found = self.calls_of(call.source).get((call.start, call.end))
        node, stage = found or (None, False)
        if not isinstance(node, tree.Call):
            return None
        named = next((a.value for a in node.args if a.name == name), None)
        positional = [a.value for a in node.args if a.name is None][0 if stage else inputs :]
        return named if named is not None or not 0 <= number < len(positional) else positional[number]

    def calls_of(self, source: Source) -> dict[tuple[int, int], tuple[tree.Call | tree.Name, bool]]:
        """The calls of a file by place, each with whether it is a stage of a chain."""
        if id(source) not in self.calls:
            found: dict[tuple[int, int], tuple[tree.Call | tree.Name, bool]] = {}
            file = self.file(source)
            for node in descendants(file) if file is not None else ():
                if isinstance(node, tree.Stage):
                    found[node.call.span.start, node.call.span.end] = (node.call, True)
                elif isinstance(node, tree.Call):
                    found.setdefault((node.span.start, node.span.end), (node, False))
            self.calls[id(source)] = found
        return self.calls[id(source)]

    def file(self, source: Source) -> tree.File | None:
        if id(source) not in self.files:
            self.files[id(source)] = (source, None if source is NO_SOURCE else parse_spec(source)[0])
        return self.files[id(source)][1]

    def definition(self, body: Body) -> tree.Block | tree.Model | None:
        """The block or model as it is written."""
        file = self.file(body.span.source)
        found = (s for s in (file.sections if file is not None else ()) if isinstance(s, tree.Block | tree.Model))
        inside = [s for s in found if s.span.start <= body.span.start <= s.span.end]
        return inside[0] if inside else None

    def place_of(self, use: Use, definition: tree.Block | tree.Model | None, name: str) -> tuple[str, int, int]:
        """How a param of a block is given: by name, as the so many-th, behind so many inputs."""
        names = [p.name for p in _params(definition)]
        return name, names.index(name) if name in names else -1, len(use.body.inputs)

    def bound(self, body: Body, name: str) -> tree.Node | None:
        """The expression that a name inside of a body is bound to: a value, or what a loop runs over."""
        definition = self.definition(body)
        for node in descendants(definition.body) if definition is not None else ():
            if isinstance(node, tree.Binding) and any(t.name == name for t in node.targets):
                return None if isinstance(node.value, tree.Chain) else node.value
            if isinstance(node, tree.For) and name in _loop_names(node.names):
                return node.iterable
        return None

    def file_param(self, body: Body, name: str) -> tree.Param | None:
        file = self.file(body.span.source)
        return next((s for s in (file.sections if file is not None else ()) if isinstance(s, tree.Param) and s.name == name), None)


def _owner(layer: Layer, level: int) -> Body:
    """The body that so many calls lead into."""
    return layer.within[level - 1].body if level else layer.root


def _signature(kind: str, name: str) -> tuple[str, int, int]:
    """How an argument of an op is given: by name, as the so many-th, behind so many inputs."""
    for entry in index.entries(kind):
        names = [a.name for a in entry.signature]
        if name in names:
            return name, names.index(name), sum(not optional for _, optional in entry.inputs)
    return name, -1, 0


def _params(definition: tree.Block | tree.Model | None) -> Sequence[tree.Param]:
    return [s for s in definition.body.statements if isinstance(s, tree.Param)] if definition is not None else []


def _names(expression: tree.Node) -> Iterator[str]:
    """The names in an expression, in order."""
    yield from dict.fromkeys(node.parts[0] for node in descendants(expression) if isinstance(node, tree.Name))


def _loop_names(names: Sequence[Any]) -> Iterator[str]:
    for name in names:
        if isinstance(name, tree.LoopNames):
            yield from _loop_names(name.names)
        else:
            yield name.name
