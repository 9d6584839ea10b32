"""Puts the values of `--set` from the command line into the tree before names are bound, so that they are checked like the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.overrides import AmbiguousOverride, BadOverride, UnknownOverride
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.library.shelf import index
from netspec.record import fields, is_record, record, replace
from netspec.resolve.setting_names import GROUPS, SETTINGS
from netspec.source import COMMAND_LINE, Source, Span
from netspec.syntax import tree
from netspec.syntax.fragments import parse_expression

LABELLED = ("update",)
"""Groups of which a section may have several, each with a name."""


def override(file: tree.File, values: Mapping[str, str], train: str | None = None) -> tuple[tree.File, list[Diagnostic]]:
    """The file with each NAME or path set to its value; `train` is the section that `train.…` means (the first one without it)."""
    problems: list[Diagnostic] = []
    for path, text in values.items():
        try:
            file = put(file, path, value_of(path, text), train)
        except Mistake as mistake:
            problem = mistake.diagnostic
            if isinstance(problem, UnknownOverride):
                problem = replace(problem, **find_meant_path(file, path, text, train))
            problems.append(replace(problem, at=place(path, text)))
    return file, problems


def find_meant_path(file: tree.File, path: str, text: str, train: str | None) -> dict[str, Any]:
    """Facts of a path that names nothing: the path and the value that were meant, or what is true instead."""
    from netspec.diagnostics.suggestions.setting_words import find_meaning  # only commands with a problem need them
    from netspec.resolve.meant_paths import find_meant, find_whole

    section = next((s for s in file.sections if isinstance(s, tree.Train) and train in (None, s.alias or s.model)), None)
    items = [i for i in section.body.items if isinstance(i, tree.Setting)] if section is not None else []
    inside = {i.key: [name for op in ops_of(i.value) for name in arguments(op)] for i in items}
    value, known = value_of(path, text), [*param_names(file, train)]
    meant = find_meant(path, value, text, known, inside, lambda other, own: put(file, other, own, train))
    meant = meant or find_whole(path, value, next((i for i in items if i.key == "optimizer"), None))
    return {"meant": meant, "instead": "" if meant else find_meaning(path.rpartition(".")[2])[1]}


def place(path: str, text: str) -> Span:
    """The place of a text of the command line, which stands in no file."""
    source = Source(f"{COMMAND_LINE}{path}", text)
    return Span(source, 0, len(text))


def value_of(path: str, text: str) -> tree.Expr:
    """The expression that a value is, its span on a source of its own."""
    value, problems = parse_expression(f"{COMMAND_LINE}{path}", text)
    if value is None or problems:
        why = problems[0].message() if problems else "this is not a value of the language"
        raise Mistake(BadOverride(path=path, value=text, why=why))
    return at_place(value, place(path, text))


def at_place(node: Any, span: Span) -> Any:
    """The node with every span the whole value."""
    if isinstance(node, tuple):
        return tuple(at_place(n, span) for n in node)
    if not is_record(node) or isinstance(node, Span):
        return node
    changed = {f.name: span if isinstance(getattr(node, f.name), Span) else at_place(getattr(node, f.name), span) for f in fields(node)}
    return replace(node, **changed)  # type: ignore[type-var]


def put(file: tree.File, path: str, value: tree.Expr, train: str | None) -> tree.File:
    """The file with a value in the place that the path names."""
    parts = path.split(".")
    if parts[0] == "train" and len(parts) > 1:
        section = find_trained(file, path, train)
        return exchange(file, section, replace(section, body=set_setting(section.body, "train", parts[1:], path, value)))
    known = param_names(file, train)
    if path not in known and (model := find_imported(file, parts, train)) is not None:
        return override_sections(file, model, parts[-1], (), value, train)
    param = require_param(known, path)
    refuse_bare_word(param, path, value, known)
    model = next((s for s in file.sections if isinstance(s, tree.Model) and any(p is param for p in params_of(s))), None)
    if model is not None:
        file = override_sections(file, model.name, param.name, [p.name for p in params_of(model)], value, train)
    return exchange(file, param, replace(param, default=value))


def refuse_bare_word(param: tree.Param, path: str, value: tree.Expr, known: Mapping[str, tree.Param]) -> None:
    """Raises `Mistake` for a string without quotes: a word that names no param, where a string is wanted."""
    if param.type.name == "str" and isinstance(value, tree.Name) and value.text not in known:
        why = f"`{value.text}` is a name, and nothing has it; a string has quotes of its own"
        raise Mistake(BadOverride(path=path, value=value.text, why=why, repair=f'"{value.text}"'))


def override_sections(file: tree.File, model: str, name: str, places: Sequence[str], value: tree.Expr, train: str | None) -> tree.File:
    """The file with the value wherever a section gives its model's param another one: the command line has the last word.

    `places` are the params in order; without them, of a model in another file, the value becomes an argument of its sections.
    """
    for section in file.sections:
        if not isinstance(section, tree.Train | tree.Serve) or section.model != model:
            continue
        if isinstance(section, tree.Train) and train not in (None, section.alias or section.model):
            continue
        names = [arg.name or (places[place] if place < len(places) else None) for place, arg in enumerate(section.args)]
        args = [replace(arg, value=value) if found == name else arg for arg, found in zip(section.args, names, strict=True)]
        if not places and name not in names:
            args.append(tree.Arg(value, name, span=value.span, name_span=value.span))
        file = exchange(file, section, replace(section, args=tuple(args)))
    return file


def find_imported(file: tree.File, parts: Sequence[str], train: str | None) -> str | None:
    """The model of another file that `NAME` (of the trained one) or `Model.NAME` means; whether it has the param is seen later."""
    brought = {n.alias or n.name for s in file.sections if isinstance(s, tree.Import) for n in s.names}
    trains = [s for s in file.sections if isinstance(s, tree.Train) and train in (None, s.alias or s.model)]
    owner = parts[0] if len(parts) == 2 else trains[0].model if len(parts) == 1 and trains else None
    used = {s.model for s in file.sections if isinstance(s, tree.Train | tree.Serve)}
    return owner if owner in brought & used else None


def find_trained(file: tree.File, path: str, train: str | None) -> tree.Train:
    """The `train` section that is meant. Raises `Mistake` when there is none."""
    sections = [s for s in file.sections if isinstance(s, tree.Train)]
    found = next((s for s in sections if train in (None, s.alias or s.model)), None)
    if found is None:
        raise Mistake(UnknownOverride(path=path, options=tuple(param_names(file, train))))
    return found


def require_param(known: Mapping[str, tree.Param], path: str) -> tree.Param:
    """File-level params first, then the trained model's; `Model.NAME` another's."""
    if path not in known:
        raise Mistake(UnknownOverride(path=path, near=tuple(nearest(path, known)), options=tuple(known)))
    return known[path]


def param_names(file: tree.File, train: str | None) -> dict[str, tree.Param]:
    """Every param that `--set` reaches, by the name that reaches it."""
    sections = [s for s in file.sections if isinstance(s, tree.Train) and train in (None, s.alias or s.model)]
    models = {s.name: s for s in file.sections if isinstance(s, tree.Model)}
    main = models.get(sections[0].model) if sections else (next(iter(models.values())) if len(models) == 1 else None)
    found: dict[str, tree.Param] = {}
    if main is not None:
        found.update({p.name: p for p in params_of(main)})
    found.update({s.name: s for s in file.sections if isinstance(s, tree.Param)})
    found.update({f"{m.name}.{p.name}": p for m in models.values() for p in params_of(m)})
    return found


def params_of(model: tree.Model) -> list[tree.Param]:
    """The params that a model declares, in their order."""
    return [s for s in model.body.statements if isinstance(s, tree.Param)]


def set_setting(body: tree.Settings, section: str, parts: list[str], path: str, value: tree.Expr) -> tree.Settings:
    """A setting of a section set; one that is left out is added."""
    key, rest = parts[0], parts[1:]
    items = [i for i in body.items if isinstance(i, tree.Setting | tree.Group) and i.key == key]
    if key in LABELLED:
        return set_labelled(body, items, key, rest, path, value)
    item = next(iter(items), None)
    if isinstance(item, tree.Group) and rest:
        return exchange(body, item, replace(item, body=set_setting(item.body, key, rest, path, value)))
    if isinstance(item, tree.Setting):
        return exchange(body, item, replace(item, value=set_value(item.value, rest, path, value)))
    if item is None and not rest and key in SETTINGS[section]:
        return replace(body, items=(*body.items, tree.Setting(key, value, span=value.span, name_span=value.span)))
    if item is None and rest and key in GROUPS[section]:
        group = set_setting(tree.Settings(()), key, rest, path, value)
        return replace(body, items=(*body.items, tree.Group(key, None, group, span=value.span, name_span=value.span)))
    options = [*SETTINGS[section], *GROUPS[section]]
    raise describe_unknown(path, parts, options)


def set_labelled(body: tree.Settings, items: list, key: str, rest: list[str], path: str, value: tree.Expr) -> tree.Settings:
    """A setting of one of several groups of a kind: `train.update.critic.loss`."""
    found = next((i for i in items if rest and isinstance(i, tree.Group) and i.label == rest[0]), None)
    if found is None:
        raise describe_unknown(path, rest or [""], [i.label for i in items if isinstance(i, tree.Group) and i.label])
    if len(rest) == 1:
        raise describe_unknown(path, [""], SETTINGS[key])
    return exchange(body, found, replace(found, body=set_setting(found.body, key, rest[1:], path, value)))


def describe_unknown(path: str, parts: list[str], options: Sequence[str]) -> Mistake:
    """A path whose end, `parts`, begins with none of the options."""
    prefix = path[: len(path) - len(".".join(parts))] if parts[0] else f"{path}."
    near = tuple(prefix + n for n in nearest(parts[0], options) if n != parts[0])
    return Mistake(UnknownOverride(path=path, near=near, options=tuple(prefix + o for o in options)))


@record
class Spot:
    """An argument of an op inside a setting: present, or left out and to be added."""

    call: tree.Call | tree.Name
    name: str
    arg: tree.Arg | None

    @property
    def op(self) -> str:
        """The name of the op in whose call the spot is."""
        return self.call.callee.text if isinstance(self.call, tree.Call) else self.call.text


def set_value(node: tree.Expr, parts: list[str], path: str, value: tree.Expr) -> tree.Expr:
    """The value itself, or an argument deep inside it: op, then argument; the op may be left out when one fits."""
    if not parts:
        return value
    ops = ops_of(node)
    named = [op for op in ops if op_text(op) == parts[0]]
    if named and len(parts) > 1:
        ops, parts = named[:1], parts[1:]
    spots = [spot for op in ops if (spot := spot_of(op, parts[0])) is not None]
    prefix = path.removesuffix("." + ".".join(parts))
    if not spots:
        options = [f"{prefix}.{name}" for op in ops for name in arguments(op)]
        near = tuple(f"{prefix}.{name}" for name in nearest(parts[0], [name for op in ops for name in arguments(op)]))
        raise Mistake(UnknownOverride(path=path, near=near, options=tuple(options)))
    if len(spots) > 1:
        raise Mistake(AmbiguousOverride(path=path, candidates=tuple(f"{prefix}.{s.op}.{'.'.join(parts)}" for s in spots)))
    return set_at_spot(node, spots[0], parts[1:], path, value)


def set_at_spot(node: tree.Expr, spot: Spot, rest: list[str], path: str, value: tree.Expr) -> tree.Expr:
    """The expression with the value at a spot, or deeper inside what stands there."""
    if spot.arg is not None:
        return exchange(node, spot.arg, replace(spot.arg, value=set_value(spot.arg.value, rest, path, value)))
    if rest:
        raise Mistake(UnknownOverride(path=path))
    added = tree.Arg(value, spot.name, span=value.span, name_span=value.span)
    call = spot.call if isinstance(spot.call, tree.Call) else tree.Call(spot.call, (), span=spot.call.span)
    return exchange(node, spot.call, replace(call, args=(*call.args, added)))


def ops_of(node: tree.Expr) -> list[tree.Call | tree.Name]:
    """The ops of a value: of a chain its head and stages, of arithmetic its operands."""
    match node:
        case tree.Call() | tree.Name():
            return [node] if index.entries(op_text(node)) else []
        case tree.Chain():
            stages = [s.call for s in node.stages if isinstance(s, tree.Stage)]
            return [op for part in (node.head, *stages) for op in ops_of(part)]
        case tree.Binary():
            return [*ops_of(node.left), *ops_of(node.right)]
        case tree.Paren():
            return ops_of(node.inner)
    return []


def op_text(node: tree.Call | tree.Name) -> str:
    """The name of an op, called or bare."""
    return node.callee.text if isinstance(node, tree.Call) else node.text


def arguments(node: tree.Call | tree.Name) -> list[str]:
    """The names of an op's arguments in the order of their places."""
    return [a.name for a in index.entries(op_text(node))[0].signature]


def spot_of(node: tree.Call | tree.Name, name: str) -> Spot | None:
    """The place of an argument in a call, whether it is written there or not; None for a name that the op does not know."""
    names = arguments(node)
    if name not in names:
        return None
    args = node.args if isinstance(node, tree.Call) else ()
    by_name = next((a for a in args if a.name == name), None)
    positional = [a for a in args if a.name is None]
    place_ = names.index(name)
    return Spot(node, name, by_name or (positional[place_] if place_ < len(positional) else None))


def exchange(node: Any, old: Any, new: Any) -> Any:
    """A tree with one node (found by identity) exchanged."""
    if node is old:
        return new
    if isinstance(node, tuple):
        changed = tuple(exchange(n, old, new) for n in node)
        return changed if any(a is not b for a, b in zip(changed, node, strict=True)) else node
    if not is_record(node) or isinstance(node, Span):
        return node
    parts = {f.name: exchange(getattr(node, f.name), old, new) for f in fields(node)}
    different = {name: part for name, part in parts.items() if part is not getattr(node, name)}
    return replace(node, **different) if different else node  # type: ignore[type-var]
