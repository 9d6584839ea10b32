"""Reads JSON as a tree, as `parser` reads text. Every node carries the place of its JSON, so that later problems find their pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from netspec.deadline import note_progress
from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.text.characters import TooLarge
from netspec.diagnostics.text.json import DuplicateKey, InvalidJson
from netspec.diagnostics.text.json_twin import MissingKey, UnknownKey, UnknownKind
from netspec.json_text import Excess, Fault, Item, Member, Repeated, read_json
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import NOWHERE, Meant, Source, Span
from netspec.syntax import tree
from netspec.syntax.printer import print_expr, print_stage
from netspec.syntax.twin_depth import find_too_deep
from netspec.syntax.twin_forms import Family, Field, Form, family, file_form
from netspec.syntax.twin_places import depth
from netspec.syntax.twin_strings import BAD, Strings

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_json(source: Source) -> tuple[tree.File | None, list[Diagnostic]]:
    """The tree of a spec in JSON and its problems in the order of their places, as `parser.parse` for text. Never raises on bad text."""
    root, faults = read_json(source)
    found = [report_fault(fault) for fault in faults]
    if root is None:
        return None, found
    reader = Reader(found)
    file = reader.file(root)
    if file is not None and not reader.problems:
        reader.problems += find_too_deep(root, file)
    return file, sorted(reader.problems, key=lambda p: (p.at.start, p.at.end))[: LIMITS.mistakes]


def report_fault(fault: Fault) -> Diagnostic:
    """The problem that a fault of JSON is in a spec."""
    if isinstance(fault, Excess):
        return TooLarge(at=fault.at, what=fault.what, limit=fault.limit)
    if isinstance(fault, Repeated):
        return DuplicateKey(at=fault.at, key=fault.key, first=fault.first)
    from netspec.syntax.json_mending import mend_json  # only what is no JSON needs it

    source = fault.at.source
    changes = tuple((Span(source, start, end), text) for start, end, text in mend_json(source.text))
    only = changes[0] if len(changes) == 1 else None
    at = fault.at
    if only is not None and only[1] in ("}", "]") and only[0].start:  # where it is missing
        at = Span(source, only[0].start - 1, only[0].start)
    return InvalidJson(at=at, found=fault.found, wanted=fault.wanted, changes=changes)


def _name_kinds(item: Item, members: dict[str, Member], kinds: Family) -> tuple[Repair, ...]:
    """The object with the `kind` of which it has the keys."""
    start = Span(item.source, item.start + 1, item.start + 1)
    fit = [f for f in kinds.forms.values() if members.keys() <= set(f.keys) and {*f.required} - {"kind"} <= members.keys()]
    texts = [f'"kind": "{form.kind}"' for form in fit[:4]]
    return tuple(Repair((Edit(start, f"{text}, " if members else text, raw=True),), text) for text in texts)


def _by_meaning(name: str, member: Member, free: Sequence[str]) -> list[str]:
    """The free keys that an unknown one means in other formats: what has names is `named`, a list `args`."""
    meant = [ours for ours, theirs in _MEANINGS.items() if name.lower() in theirs and ours in free]
    wanted = dict if isinstance(member.item.value, dict) else list
    return sorted(meant, key=lambda ours: {"named": dict, "args": list}.get(ours, wanted) is not wanted)


_ARGUMENTS = {"params", "parameters", "kwargs", "arguments", "config", "options", "attrs", "attributes", "props", "settings"}
_MEANINGS = {
    "named": _ARGUMENTS,
    "args": _ARGUMENTS | {"positional", "values", "operands"},
    "op": {"type", "layer", "function", "func", "fn", "name", "operator", "class_name", "class", "target"},
    "stages": {"layers", "steps", "links", "ops", "modules", "nodes", "pipeline"},
    "head": {"input", "source", "inputs", "first", "start", "x"},
    "body": {"statements", "content", "contents", "children", "block", "lines", "layers"},
    "type": {"dtype", "shape", "tensor"},
    "value": {"expr", "expression", "default", "rhs", "init"},
    "name": {"id", "title", "label", "key", "target"},
    "key": {"name", "setting", "id"},
    "label": {"name", "tag"},
    "model": {"name", "target", "network"},
    "sections": {"blocks", "models", "definitions", "body"},
}
"""Our keys -> those that other formats have for them."""


class Reader(Strings):
    """Reads objects by their forms. Methods return `BAD` for what cannot be read, after reporting why."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        super().__init__(problems)
        self.nested = 0
        """How many calls and chains are open; comments inside of one go to the statement around it, as in text."""
        self.inner: list[str] = []

    def file(self, root: Item) -> tree.File | None:
        """The tree of a whole file; None where it is no spec."""
        members = self.object(root)
        if members is None:
            return None
        members = {k: m for k, m in members.items() if k != "$schema"}
        said = members.pop("netspec", None)
        version = self.version(said, root)
        if version is None:
            return None
        form = file_form()
        parts = self.fields(root, members, form)
        sections = () if parts.get("sections", BAD) is BAD else parts["sections"]
        known = {k: v for k, v in parts.items() if v is not BAD and k != "sections"}
        version_span = NOWHERE if said is None else Span(root.source, said.item.start, said.item.end)
        return tree.File(version, sections, **known, version_span=version_span, span=Span(root.source, 0, len(root.source.text)))

    # --- objects -----------------------------------------------------------------------------------------------------

    def fields(self, item: Item, members: dict[str, Member], form: Form) -> dict[str, Any]:
        """The fields of a node by name, `BAD` where one cannot be read."""
        self.keys(item, members, form)
        parts: dict[str, Any] = {}
        for field in form.fields:
            if field.form != "version" and any(k in members for k in field.keys()):
                parts[field.name] = self.field(field, item, members)
            elif field.form != "version" and not field.optional:
                parts[field.name] = BAD
        return parts

    def keys(self, item: Item, members: dict[str, Member], form: Form) -> None:
        """Report unknown and missing keys; an unknown one that is near a missing one was meant to be it."""
        missing = [k for k in form.required if k not in members and k != "netspec"]
        for name, member in members.items():
            if name in form.keys:
                continue
            free = [k for k in form.keys if k not in members]
            near = nearest(name, missing, aliases={}) or _by_meaning(name, member, free) or nearest(name, free, aliases={})
            missing = [k for k in missing if k not in near[:1]]
            self.report(UnknownKey(at=member.key.span, key=name, form=form.words, near=tuple(near[:1]), options=form.keys))
        if missing:
            self.report(MissingKey(at=Span(item.source, item.start, item.start + 1), keys=tuple(missing), form=form.words))

    def field(self, field: Field, item: Item, members: dict[str, Member]) -> Any:
        """The value of one field, read by its form."""
        several = _SEVERAL.get(field.form)
        if several is not None:
            return several(self, item, members)
        return _ONE[field.form](self, members[field.name].item)

    def form(self, item: Item, kinds: Family) -> tuple[Form, dict[str, Member]] | None:
        """The form that an object's `kind` names."""
        members = self.object(item)
        kind = members.get("kind") if members is not None else None
        if members is None or kind is None:
            if members is not None:
                at, ways = Span(item.source, item.start, item.start + 1), _name_kinds(item, members, kinds)
                self.report(MissingKey(at=at, keys=("kind",), form=f"a {kinds.name}", ways=ways))
            return None
        said = self.string(kind.item)
        if said is BAD or said in kinds.forms:
            return None if said is BAD else (kinds.forms[said], members)
        near = tuple(nearest(said, kinds.forms)[:1])
        self.report(UnknownKind(at=kind.item.span, found=said, place=kinds.name, near=near, options=tuple(kinds.forms)))
        return None

    def node(self, item: Item, kinds: Family) -> Any:
        """A node of a family; BAD if any part of it is."""
        note_progress("reading this", Span(item.source, item.start, item.end))
        chosen = self.form(item, kinds)
        if chosen is None:
            return BAD
        form, members = chosen
        parts = self.fields(item, members, form)
        unknown = not members.keys() <= set(form.keys) and not form.holds
        if unknown or any(part is BAD for part in parts.values()):
            return BAD
        return self.made(form.cls, parts, members, Span(item.source, item.start, item.end))

    def made(self, cls: type[tree.Node], parts: dict[str, Any], members: dict[str, Member], span: Span) -> Any:
        """A node of a class from its parts; what it says must be what its text form means."""
        node: Any
        if cls is tree.Call:
            node = tree.Call(parts["callee"], parts.get("args", ()), span=span)
        else:
            node = cls(**_DEFAULTS.get(cls, {}) | parts, **_spans(cls, members), span=span)
        meaning = _MEANING.get(cls)
        return node if meaning is None else replace(node, span=Meant(span.source, span.start, span.end, meaning=meaning(node)))

    # --- statements --------------------------------------------------------------------------------------------------

    def all(self, item: Item, kinds: str) -> Any:
        """The statements of a list; one that cannot be read is a `Hole`."""
        items = self.list(item)
        return BAD if items is None else tuple(self.statement(i, family(kinds)) for i in items)

    def statement(self, item: Item, kinds: Family) -> Any:
        """A statement; one that could not be read becomes a hole, and comments inside it move to it."""
        self.inner = []
        node = self.node(item, kinds)
        if node is BAD:
            return _hole(item)
        if self.inner:
            lost = tree.Comments((*node.comments.before, *self.inner), node.comments.after)
            node = replace(node, comments=lost)
        self.inner = []
        return self.fitting(node, item)

    def body(self, cls: type, kinds: str, members: dict[str, Member]) -> Any:
        """The statements of a body with the comments behind the last."""
        inner, self.inner = self.inner, []
        item = members["body"].item if "body" in members else None
        statements = BAD if item is None else self.all(item, kinds)
        trailing = self.comment_lines(members["trailing"].item) if "trailing" in members else ()
        self.inner = inner
        if item is None or statements is BAD or trailing is BAD:
            return BAD
        return cls(statements, trailing, span=Span(item.source, item.start, item.end))

    # --- expressions -------------------------------------------------------------------------------------------------

    def value(self, item: Item) -> Any:
        """The value of a statement: its chain keeps comments and line breaks."""
        if not isinstance(item.value, dict):
            return self.fragment(item, "expr")
        node = self.node(item, family("expression"))
        if node is BAD or self.nested:
            return node
        if depth(node) > LIMITS.twin_depth:
            self.report(TooLarge(at=node.span, what="parts of one expression inside one another", limit=LIMITS.twin_depth))
            return BAD
        return node

    def expression(self, item: Item) -> Any:
        """A value inside another one."""
        self.nested += 1
        node = self.value(item)
        self.nested -= 1
        return node

    def stages(self, item: Item) -> Any:
        """The stages of a chain, of which there is one at least."""
        items = self.list(item)
        nodes = BAD if items is None else self.each(items, lambda i: self.stage(i))
        return self.wrong(item, "one stage or more", "an empty list") if nodes == () else nodes

    def stage(self, item: Item) -> Any:
        """A stage; comments inside an expression go to the statement around it."""
        node = self.node(item, family("stage"))
        if node is BAD or not self.nested or node.comments == tree.NO_COMMENTS:
            return node
        self.inner += [*node.comments.before, *filter(None, [node.comments.after])]
        return replace(node, comments=tree.NO_COMMENTS)

    def call(self, item: Item, members: dict[str, Member]) -> Any:
        """A stage's call; without `args` and `named` it has no parentheses."""
        callee = self.path(members["op"].item) if "op" in members else BAD
        args = self.args(item, members)
        if callee is BAD or args is BAD:
            return BAD
        bare = "args" not in members and "named" not in members
        return callee if bare else tree.Call(callee, args, span=Span(item.source, item.start, item.end))

    def args(self, item: Item, members: dict[str, Member]) -> Any:
        """Positional and named arguments."""
        plain = self.list(members["args"].item) if "args" in members else []
        named = self.object(members["named"].item) if "named" in members else {}
        if plain is None or named is None:
            return BAD
        first = self.each(plain, lambda i: self.arg(i, None))
        rest = self.each(named.values(), lambda m: self.arg(m.item, m.key))
        return BAD if first is BAD or rest is BAD else (*first, *rest)

    def arg(self, item: Item, key: Item | None) -> Any:
        name = None if key is None else self.name(key)
        value = self.expression(item)
        if value is BAD or name is BAD:
            return BAD
        return tree.Arg(value, name, span=value.span, **({} if key is None else {"name_span": key.span}))

    def at(self, item: Item) -> Any:
        """The sizes of a claim."""
        members = self.object(item)
        return BAD if members is None else self.each(members.values(), self.place)

    def place(self, member: Member) -> Any:
        """One size of a claim."""
        name, value = self.name(member.key), self.expression(member.item)
        return BAD if name is BAD or value is BAD else tree.At(name, value, span=value.span)


# --- parts -----------------------------------------------------------------------------------------------------------


def _spans(cls: type, members: dict[str, Member]) -> dict[str, Span]:
    """The places of a node's name and label."""
    name = next((k for k in ("name", "key", "model") if k in members), None) if issubclass(cls, tree.Named) else None
    spans = {} if name is None else {"name_span": members[name].item.span}
    return spans | ({"label_span": members["label"].item.span} if cls is tree.Stage and "label" in members else {})


_DEFAULTS: dict[type, dict[str, Any]] = {
    tree.Output: {"name": None, "type": None},
    tree.Repeat: {"index": None},
    tree.Train: {"args": (), "alias": None},
    tree.Serve: {"args": ()},
    tree.Expect: {"args": ()},
    tree.Group: {"label": None},
}
"""Fields that an object may leave out and a node may not."""


def _hole(item: Item) -> tree.Hole:
    """What could not be read: the names it would have bound, and every word in it."""
    span = Span(item.source, item.start, item.end)
    names = [n for key in ("name", "targets", "names") for n in _strings(item, key)]
    bound = [m[0] for name in names if (m := _NAME.match(name))]
    return tree.Hole(tuple(dict.fromkeys(bound)), tuple(dict.fromkeys(_NAME.findall(span.text))), span=span)


def _strings(item: Item, key: str) -> Iterable[str]:
    """The string, or the strings of the list, under a key."""
    member = item.value.get(key) if isinstance(item.value, dict) else None
    found = [] if member is None else member.item.value if isinstance(member.item.value, list) else [member.item]
    return [i.value for i in found if isinstance(i.value, str)]


_MEANING: dict[type, Callable[[Any], str]] = {
    tree.Call: print_expr,
    tree.Chain: print_expr,
    tree.Stage: print_stage,
    tree.ShapeStage: print_stage,
    tree.Claim: lambda node: f"{print_expr(node.left)} {node.op} {print_expr(node.right)}",
}
"""What objects are in the language, for messages that quote them."""

_ONE: dict[str, Callable[[Reader, Item], Any]] = {
    "flag": Reader.flag,
    "comparison": Reader.comparison,
    "key": Reader.key,
    "name": Reader.name,
    "index": Reader.index,
    "text": Reader.text,
    "comments": Reader.comments,
    "expr": lambda reader, item: reader.expression(item),
    "value": Reader.value,
    "tensor": lambda reader, item: reader.fragment(item, "tensor"),
    "param_type": lambda reader, item: reader.fragment(item, "param_type"),
    "targets": Reader.targets,
    "loop_names": Reader.loop_names,
    "function_params": Reader.function_params,
    "imports": Reader.imports,
    "dims": Reader.dims,
    "at": Reader.at,
    "trailing": Reader.comment_lines,
    "sections": lambda reader, item: reader.all(item, "section"),
    "claims": lambda reader, item: reader.all(item, "claim"),
    "stages": Reader.stages,
}
_SEVERAL: dict[str, Callable[[Reader, Item, dict[str, Member]], Any]] = {
    "statements": lambda reader, item, members: reader.body(tree.Body, "statement", members),
    "settings": lambda reader, item, members: reader.body(tree.Settings, "setting", members),
    "args": Reader.args,
    "call": Reader.call,
    "path": lambda reader, item, members: reader.path(members["op"].item),
}
