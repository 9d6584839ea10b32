"""Proves that no two parameters of a finished body share a path, and that a shared instance has one set of parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from netspec.deadline import tick
from netspec.diagnostics.base import Diagnostic, Place
from netspec.diagnostics.calls.instances import AverageOfUnused, SharedChanges
from netspec.diagnostics.names.bindings import DuplicateName
from netspec.diagnostics.shapes.expansion import ExpansionTooLarge
from netspec.ir import Apply, Aux, Body, Call, Segment, Variable, walk
from netspec.ir.paths import kept_of, kept_parameters, parameters, weights_of
from netspec.limits import LIMITS
from netspec.source import NOWHERE, Span

Instance = Apply | Call


def find_clashes(body: Body, origins: Mapping[int, Span]) -> Iterator[Diagnostic]:
    """What does not hold. `origins` say where the body's wires were made."""
    yield from check_distinct_paths(body)
    yield from check_same_weights(body, origins)
    yield from check_averages(body)


def check_distinct_paths(body: Body) -> Iterator[Diagnostic]:
    """A label must not be what an unlabelled use is called: `dense_0: dense(4)` beside `dense(3)`."""
    nodes = [(node, counts) for node, counts in walk(body) if isinstance(node, Apply | Call | Variable | Aux)]
    counted = {node.segment.base for node, _ in nodes if node.segment.counted}
    suspects = {strip_numbers(node.segment) for node, _ in nodes if may_collide(node.segment, counted)}
    if not suspects:
        return
    chosen = [(node, counts) for node, counts in nodes if strip_numbers(node.segment) in suspects]
    paths = sum(prod(counts) for _, counts in chosen)
    if paths > LIMITS.paths:
        at, things = chosen[0][0].span, "paths that may be equal"
        yield ExpansionTooLarge(at=at, what="this model", count=paths, limit=LIMITS.paths, things=things)
        return
    seen: dict[str, tuple[Segment, Apply | Call | Variable | Aux]] = {}
    for node, counts in chosen:
        for loops in product(*(range(n) for n in counts)):
            tick()
            segment, first = seen.setdefault(node.segment.name(loops), (node.segment, node))
            if first is not node and segment != node.segment:
                name = node.segment.name(loops)
                yield DuplicateName(at=node.span, name=name, what="path", first=first.span)
                break


def strip_numbers(segment: Segment) -> str:
    """A segment's name without its numbers."""
    return re.sub(r"(_\d+)+$", "", segment.base)


def may_collide(segment: Segment, counted: set[str]) -> bool:
    """A label that looks like the name of an unlabelled use, or of a numbered label."""
    return not segment.counted and (segment.base in counted or re.search(r"_\d+$", segment.base) is not None)


def check_same_weights(body: Body, origins: Mapping[int, Span]) -> Iterator[Diagnostic]:
    """All uses of a shared instance give its parameters the same shapes."""
    first_use: dict[Segment, Instance] = {}
    for node, _ in walk(body):
        if not isinstance(node, Apply | Call) or not node.shared:
            continue
        first = first_use.setdefault(node.segment, node)
        before, now = describe_shapes(body, first), describe_shapes(body, node)
        changed = next((name for name in before.keys() | now.keys() if before.get(name) != now.get(name)), None)
        if changed is not None:
            made = Place(first.span, f"here {changed} is {before.get(changed, 'absent')}")
            given = [(origins.get(wire, NOWHERE), body.types[wire]) for wire in node.inputs if isinstance(wire, int)]
            yield SharedChanges(
                at=node.span,
                name=node.segment.base,
                parameter=changed,
                shape=now.get(changed, "absent"),
                first=made,
                chain=tuple(Place(span, str(kind)) for span, kind in given if span is not NOWHERE),
            )


def check_averages(body: Body) -> Iterator[Diagnostic]:
    """What an average follows is used, and has weights of the same shapes."""
    used = {node.segment: node for node, _ in walk(body) if isinstance(node, Apply | Call) and node.shared}
    for node in used.values():
        if node.average is None:
            continue
        other, mine = used.get(node.average.of), describe_shapes(body, node)
        if other is None:
            yield AverageOfUnused(at=node.span, name=node.segment.base, other=node.average.of.base)
            continue
        theirs = describe_shapes(body, other)
        changed = next((name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)), None)
        if changed is not None:
            made = Place(other.span, f"here {changed} is {theirs.get(changed, 'absent')}")
            yield SharedChanges(at=node.span, name=other.segment.base, parameter=changed, shape=mine.get(changed, "absent"), first=made)


def describe_shapes(body: Body, node: Instance) -> dict[str, str]:
    if isinstance(node, Apply):
        weights = weights_of(body, node) | kept_of(body, node)
    else:
        weights = parameters(node.body) | kept_parameters(node.body)
    return {name: f"[{', '.join(map(str, weight.shape))}]" for name, weight in weights.items()}
