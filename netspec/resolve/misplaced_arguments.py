"""Finds settings that are arguments of what another setting holds: `learning_rate = 3e-4` beside `optimizer = adamw`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Edit, Place, Repair
from netspec.diagnostics.suggestions.aliases import aliases
from netspec.diagnostics.suggestions.nearest import find_same, squash
from netspec.diagnostics.training.settings import ArgumentAsSetting
from netspec.library.shelf import index
from netspec.record import record
from netspec.source import Span
from netspec.syntax import tree

HOLDERS = (("optimizer", ("optimizer",)), ("loss", ("loss",)), ("data", ("transform", "dataset")))
"""Settings whose calls take arguments, and the kinds of op that they call."""


@record
class Meant:
    """A setting, and the argument of a call that it was meant as."""

    setting: tree.Setting
    holder: tree.Setting
    call: tree.Call | tree.Name
    argument: str
    callee: str
    """The op that has the argument."""


def find_misplaced(body: tree.Settings, settings: Iterable[tree.Setting]) -> tuple[list[ArgumentAsSetting], list[tree.Setting]]:
    """One problem for all settings that are arguments of one call, and the settings that are none."""
    held = {item.key: item for item in body.items if isinstance(item, tree.Setting)}
    found, rest = [], []
    for setting in settings:
        meant = find_call(setting, held)
        (rest if meant is None else found).append(setting if meant is None else meant)
    groups: dict[int, list[Meant]] = {}
    for meant in found:
        groups.setdefault(id(meant.call), []).append(meant)
    return [describe(group) for group in groups.values()], rest


def find_call(setting: tree.Setting, held: dict[str, tree.Setting]) -> Meant | None:
    """The call of another setting that has, or by another name had, such an argument and is not given it."""
    for key, kinds in HOLDERS:
        holder = held.get(key)
        for call in reversed(list_calls(holder.value)) if holder is not None else ():
            name = (call.callee if isinstance(call, tree.Call) else call).text
            args = call.args if isinstance(call, tree.Call) else ()
            given = {arg.name for arg in args} | first_arguments(name, sum(arg.name is None for arg in args), kinds)
            for callee in (name, f"{name}w"):
                entry = index.lookup(callee, *kinds)
                options = [a.name for a in entry.signature if a.name not in given] if entry is not None else []
                ours = find_same(setting.key, options) or [n for n in aliases().get(squash(setting.key), ()) if n in options]
                if ours and holder is not None:
                    return Meant(setting, holder, call, ours[0], callee)
    return None


def first_arguments(name: str, count: int, kinds: tuple[str, ...]) -> set[str]:
    """The arguments of an optimizer or transform that stand there without their names."""
    entry = index.lookup(name, *kinds)
    return {a.name for a in entry.signature[:count]} if entry is not None and not entry.inputs else set()


def list_calls(value: tree.Expr) -> list[tree.Call | tree.Name]:
    """The calls of a value's chain, in order."""
    if isinstance(value, tree.Chain):
        return [*list_calls(value.head), *(stage.call for stage in value.stages if isinstance(stage, tree.Stage))]
    return [value] if isinstance(value, tree.Call | tree.Name) else []


def describe(group: Sequence[Meant]) -> ArgumentAsSetting:
    """The problem of settings that are arguments of one call, with the call as it is to be written."""
    first = group[0]
    names = tuple(meant.setting.key for meant in group)
    places = tuple(Place(meant.setting.name_span, f"`{meant.argument}` of `{meant.callee}`") for meant in group)
    return ArgumentAsSetting(
        at=first.call.span, op=group[-1].callee, setting=first.holder.key, names=names, settings=places, ways=tuple(write(group))
    )


def write(group: Sequence[Meant]) -> list[Repair]:
    """The call with the arguments, and the settings' lines deleted."""
    call, callee = group[0].call, next((m.callee for m in group if m.callee != name_of(group[0].call)), name_of(group[0].call))
    entry = index.lookup(callee)
    args = call.args if isinstance(call, tree.Call) else ()
    values = {meant.argument: meant.setting.value.span.text for meant in group}
    ahead = entry.signature[0].name if entry is not None and entry.signature else ""
    begin = not args and ahead in values
    texts = [values[ahead]] if begin else []
    texts += [f"{name}={value}" for name, value in values.items() if not (begin and name == ahead)]
    closed = call.span.text.endswith(")")
    end = Span(call.span.source, call.span.end - closed, call.span.end - closed)
    inside = f"{', ' if args else ''}{', '.join(texts)}"
    before = call.callee.span if isinstance(call, tree.Call) else call.span
    more = callee.removeprefix(before.text)
    edits = [Edit(end, inside if closed else f"{more}({inside})")]
    if closed and more:
        edits.append(Edit(Span(before.source, before.end, before.end), more))
    written = ", ".join([*(a.span.text for a in args), *texts])
    return [Repair((*edits, *(Edit(line_of(m.setting.span), "") for m in group)), f"{callee}({written})")]


def name_of(call: tree.Call | tree.Name) -> str:
    return (call.callee if isinstance(call, tree.Call) else call).text


def line_of(span: Span) -> Span:
    """A setting with its line, where it stands alone on it; else with the `;` behind it."""
    text, start, end = span.source.text, span.start, span.end
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop + 1
    if not text[begin:start].strip() and not text[end:stop].strip():
        return Span(span.source, begin, stop)
    rest = text[end:stop]
    if rest.lstrip().startswith(";"):
        return Span(span.source, start, end + len(rest) - len(rest.lstrip()) + 1)
    return span
