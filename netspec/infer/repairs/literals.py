"""Finds where a value was written that an argument has: there, in the call of the block, or where a param or a name gets it."""

from __future__ import annotations

from netspec.infer.frame import Frame, World
from netspec.infer.repairs.lineage import Written, calls_in, is_written
from netspec.resolve.graph import Definition
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

FARTHEST = 6
"""Names behind names that are followed."""


def find_literal(frame: Frame, span: Span) -> Span | None:
    """Where the number stands that an argument's text is worth; None where it is computed."""
    definition = frame.world.graph.definitions.get(frame.name)
    if span.text in frame.written and is_written(frame.written[span.text]):
        own = frame.written[span.text]
        return own if own.text.isdigit() else follow(frame.world, definition, [], own, FARTHEST)
    uses = [place.span for place in reversed(frame.world.trail)]
    return follow(frame.world, definition, uses, span, FARTHEST)


def follow(world: World, definition: Definition | None, uses: list[Span], span: Span, left: int) -> Span | None:
    """The same from one body to the one that uses it."""
    if span.text.lstrip("-").replace("_", "").isdigit():
        return span if is_written(span) else None
    if definition is None or left == 0 or not span.text.isidentifier():
        return None
    param = next((p for p in definition.params if p.name == span.text), None)
    if param is None:
        bound = find_binding(definition, span.text)
        return follow(world, definition, uses, bound, left - 1) if bound is not None else None
    if uses and (given := find_given(world, uses[0], definition, param.name)) is not None:
        outer, found = given
        return follow(world, outer, uses[1:], found, left - 1)
    return follow(world, definition, uses, param.default.span, left - 1) if param.default is not None else None


def find_binding(definition: Definition, name: str) -> Span | None:
    """The value of a name that is bound once."""
    found = [n for n in descendants(definition.node.body) if isinstance(n, tree.Binding) and any(t.name == name for t in n.targets)]
    return found[0].value.span if len(found) == 1 and len(found[0].targets) == 1 else None


def find_given(world: World, use: Span, definition: Definition, param: str) -> tuple[Definition, Span] | None:
    """What a use of a block gives one of its params, and the body in which it stands."""
    for outer in world.graph.definitions.values():
        span = outer.node.span
        if span.source is use.source and span.start <= use.start and use.end <= span.end:
            call = calls_in(outer.node.body).get((use.start, use.end))
            found = name_given(definition, call).get(param) if call is not None else None
            return (outer, found) if found is not None else None
    return None


def name_given(definition: Definition, call: Written) -> dict[str, Span]:
    """The arguments of a block's call by name."""
    positional = [a.value.span for a in call.args if a.name is None]
    taken = 0 if call.stage else len(definition.inputs)
    names = [p.name for p in definition.params]
    return dict(zip(names, positional[taken:], strict=False)) | {a.name: a.value.span for a in call.args if a.name in names}
