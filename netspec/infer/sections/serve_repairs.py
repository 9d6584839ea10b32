"""Finds what is meant where a line of `serve` does not fit its model: another output, a decoder around it, an op that looks back alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.infer.frame import World
from netspec.infer.sections.last_layer import give_units
from netspec.ir import Body
from netspec.library.shelf import index
from netspec.record import record
from netspec.resolve.foreign_settings.lines import apply_inside, give_arguments
from netspec.source import NOWHERE, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

BACKWARD: tuple[tuple[str, str], ...] = (("causal", "true"), ("padding", '"CAUSAL"'), ("reverse", "false"), ("capacity_factor", "none"))
"""Arguments with the values by which an op looks back alone."""
USUAL_LENGTHS = (50, 20, 10, 5)
"""Lengths of an answer that are proposed where none is said."""


@record
class Served:
    """What `last_layer` asks of a section."""

    world: World
    node: tree.Serve


# --- ops that look ahead ---------------------------------------------------------------------------------------------


def make_causal(world: World, problem: Diagnostic) -> tuple[Repair, ...]:
    """The op with the argument that lets it look back alone; and with it all of its kind that look ahead as well."""
    node = find_node(world, problem.at)
    if node is None:
        return ()
    found = []
    for name, value in BACKWARD:
        edits = turn_back(node, name, value)
        others = [turn_back(other, name, value) for other in list_alike(world, node)]
        if edits:
            found.append(Repair(tuple(edits), apply_inside(node.span, edits)))
            every = [*edits, *(edit for more in others for edit in more)]
            found += [Repair(tuple(every), apply_inside(node.span, edits))] if len(every) > len(edits) else []
    if name_of(node) == "bidirectional":
        callee = node.callee if isinstance(node, tree.Call) else node
        edit = Edit(callee.span, "rnn")
        found.append(Repair((edit,), apply_inside(node.span, [edit])))
    return tuple(found)


def turn_back(node: tree.Call | tree.Name, name: str, value: str) -> list[Edit]:
    """An op with that argument, where it takes it and is not given it so."""
    entry = index.lookup(name_of(node), "layer", "function")
    order = [a.name for a in entry.signature] if entry is not None else []
    given = next((a.value.span.text for a in node.args if a.name == name), "") if isinstance(node, tree.Call) else ""
    return give_arguments(node, order, {name: value}) if name in order and given != value else []


def name_of(node: tree.Call | tree.Name) -> str:
    return node.callee.text if isinstance(node, tree.Call) else node.text


def find_node(world: World, at: Span) -> tree.Call | tree.Name | None:
    """The call, or the bare name of an op, at a place of the file's blocks and models."""
    for definition in world.graph.definitions.values():
        if definition.node.span.source is at.source and definition.node.span.start <= at.start <= definition.node.span.end:
            for node in descendants(definition.node.body):
                if isinstance(node, tree.Call | tree.Name) and node.span == at:
                    return node
    return None


def list_alike(world: World, node: tree.Call | tree.Name) -> Iterator[tree.Call | tree.Name]:
    """The other uses of the same op in the same file."""
    name = name_of(node)
    for definition in world.graph.definitions.values():
        if definition.node.span.source is node.span.source:
            for other in descendants(definition.node.body):
                callee = isinstance(other, tree.Stage) and other.call or other
                if isinstance(callee, tree.Call) and callee is not node and callee.callee.text == name and isinstance(other, tree.Call):
                    yield callee
                elif isinstance(other, tree.Stage) and isinstance(callee, tree.Name) and callee is not node and callee.text == name:
                    yield callee


# --- lines -----------------------------------------------------------------------------------------------------------


def name_output(problem: Diagnostic, outputs: Sequence[str]) -> tuple[Repair, ...]:
    """An output of the model in the place of what is none, or not the one."""
    return tuple(Repair((Edit(problem.at, name),), name) for name in outputs if name != problem.at.text)


def write_decoder(item: tree.Setting, outputs: Sequence[str]) -> tuple[Repair, ...]:
    """A decoder where the line has something else: the one that is named, with the arguments that stand there, else `greedy`."""
    value = item.value
    said = value.value if isinstance(value, tree.String) else name_of(value) if isinstance(value, tree.Call | tree.Name) else ""
    op = said if index.lookup(said, "decoder") else "greedy"
    args = [a.span.text for a in value.args if a.name is not None] if isinstance(value, tree.Call) and op == said else []
    known = [a.name for a in value.args if a.name is not None] if args and isinstance(value, tree.Call) else []
    found = []
    for output in outputs:
        for length in USUAL_LENGTHS if "limit" not in known else (None,):
            text = f"{op}({', '.join([output, *args, *([f'limit={length}'] if length else [])])})"
            found.append(Repair((Edit(value.span, text),), text, guess=length is not None))
    return tuple(found)


def set_argument(item: tree.Setting, name: str, value: int) -> tuple[Repair, ...]:
    """The decoder with another number."""
    for node in (item.value, *descendants(item.value)):
        if isinstance(node, tree.Call) and any(a.name == name for a in node.args):
            edits = give_arguments(node, (), {name: str(value)})
            return (Repair(tuple(edits), f"{name}={value}", guess=True),)
    return ()


def fit_classes(world: World, node: tree.Serve, output: str, classes: int) -> tuple[Repair, ...]:
    """The last layer with as many units as the input has elements."""
    served: Any = Served(world, node)
    return tuple(Repair(tuple(edits), words) for words, edits in give_units(served, output, classes))


def free_length(declared: Span, symbols: Mapping[str, Any] | Sequence[str]) -> tuple[Repair, ...]:
    """An input with a free dim where it has a number."""
    found = re.search(r"i32\[\s*\w+\s*,\s*(\w+)\s*\]", declared.text) if declared is not NOWHERE else None
    if found is None or "T" in symbols:
        return ()
    start = declared.start + found.start(1)
    edit = Edit(Span(declared.source, start, start + len(found[1])), "T")
    return (Repair((edit,), apply_inside(declared, [edit])),)


def feed_input(item: tree.Setting, body: Body, fitting: Sequence[str]) -> tuple[Repair, ...]:
    """The only input that can be fed, in the place of another name."""
    return tuple(Repair((Edit(item.name_span, name),), f"{name} = {item.value.span.text}") for name in fitting) if len(fitting) == 1 else ()
