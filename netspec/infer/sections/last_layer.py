"""Finds the layer that gives an output of the trained model its last axis, in the text of the model, and edits it."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagnostics.base import Edit
from netspec.infer.sections.section import Section
from netspec.library.shelf import index
from netspec.resolve.foreign_settings.lines import apply_inside, give_arguments, insert
from netspec.resolve.graph import Definition
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

UNITS = "features"


def give_units(section: Section, output: str, count: int) -> Iterator[tuple[str, list[Edit]]]:
    """The last layer with so many units: its number is exchanged, or the param's that stands there."""
    definition = section.world.graph.definitions.get(section.node.model)
    found = () if definition is None else (find_in_block(section, definition, output), find_last(definition, output))
    for call in (call for call in found if call is not None and definition is not None):
        order = [a.name for a in index.entries(call.callee.text)[0].signature]
        given = next((a for a in call.args if a.name == UNITS), None) or (call.args[0] if call.args and call.args[0].name is None else None)
        if given is not None and isinstance(given.value, tree.Name) and definition is not None:
            yield from give_param(section, definition, given.value.text, count)
        edits = give_arguments(call, order, {UNITS: str(count)})
        yield apply_inside(call.span, edits), edits


def give_param(section: Section, definition: Definition, name: str, count: int) -> Iterator[tuple[str, list[Edit]]]:
    """A param with that value: where the section gives it, else its default."""
    argument = next((a for a in section.node.args if a.name == name), None)
    param = next((p for p in definition.params if p.name == name), None)
    if argument is not None:
        yield f"train {section.node.model}({name}={count})", [Edit(argument.value.span, str(count))]
    elif param is not None and param.default is not None:
        yield f"param {name}: {param.type.span.text} = {count}", [Edit(param.default.span, str(count))]


def flatten_before(section: Section, output: str) -> Iterator[tuple[str, list[Edit]]]:
    """The axes of space go before the first layer behind those on images, or before the last one: as one axis, or by their mean."""
    definition = section.world.graph.definitions.get(section.node.model)
    call = None if definition is None else find_last(definition, output)
    if definition is None or call is None or not is_stage(definition, call):
        return
    for stage, at in (("flatten", find_first_flat(definition, call)), ("flatten", call), ("global_avg_pool", call)):
        yield f"{stage} -> {at.span.text}", [insert(at.span.source, at.span.start, f"{stage} -> ")]


def find_first_flat(definition: Definition, last: tree.Call) -> tree.Call:
    """The first layer of a row of layers with units that do not work on images, of which the last one is given."""
    for chain in (node for node in descendants(definition.node.body) if isinstance(node, tree.Chain)):
        calls = [stage.call for stage in chain.stages if isinstance(stage, tree.Stage) and isinstance(stage.call, tree.Call)]
        if any(call is last for call in calls):
            own = [call for call in calls[: calls.index(last) + 1] if has_units(call)]
            spatial = max((n for n, call in enumerate(own) if is_over_space(call)), default=-1)
            return own[spatial + 1] if spatial + 1 < len(own) else last
    return last


def is_over_space(call: tree.Call) -> bool:
    """It works on images."""
    entry = index.lookup(call.callee.text, "layer")
    return entry is not None and bool(getattr(index.load(entry), "over_space", False))


def is_stage(definition: Definition, call: tree.Call) -> bool:
    return any(isinstance(node, tree.Stage) and node.call is call for node in descendants(definition.node.body))


def find_last(definition: Definition, output: str) -> tree.Call | None:
    """The call of a layer with units that stands last on the way to an output."""
    bound: dict[str, tree.Expr] = {}
    found: tree.Expr | None = None
    for statement in definition.node.body.statements:
        if isinstance(statement, tree.Binding) and len(statement.targets) == 1:
            bound[statement.targets[0].name] = statement.value
        if isinstance(statement, tree.Output) and statement.name == output:
            found = statement.value
            break
    seen: set[str] = set()
    value = found if found is not None else bound.get(output)
    while value is not None:
        last = find_in(value)
        if last is not None:
            return last
        name = head_of(value)
        if name in seen:
            return None
        seen.add(name)
        value = bound.get(name)
    return None


def find_in_block(section: Section, definition: Definition, output: str) -> tree.Call | None:
    """The same where the output comes from a block of the file, which has one output."""
    value = next((s.value for s in definition.node.body.statements if isinstance(s, tree.Output) and s.name == output), None)
    names = [node.text for node in descendants(value) if isinstance(node, tree.Name)] if value is not None else []
    blocks = [block for name in names if (block := section.world.graph.definitions.get(name)) is not None and not block.is_model]
    outputs = [s for s in blocks[-1].node.body.statements if isinstance(s, tree.Output)] if blocks else []
    return find_in(outputs[0].value) if len(outputs) == 1 and outputs[0].value is not None else None


def find_in(value: tree.Expr) -> tree.Call | None:
    """The last call with units in an expression."""
    calls = [node for node in descendants(value) if isinstance(node, tree.Call) and has_units(node)]
    return max(calls, key=lambda call: call.span.start, default=None)


def has_units(call: tree.Call) -> bool:
    """Whether it is a layer that is told how many features it gives."""
    entry = index.lookup(call.callee.text, "layer")
    return entry is not None and any(a.name == UNITS for a in entry.signature)


def head_of(value: tree.Expr) -> str:
    """The name that an expression is, or that its chain begins with."""
    head = value.head if isinstance(value, tree.Chain) else value
    return head.text if isinstance(head, tree.Name) else ""
