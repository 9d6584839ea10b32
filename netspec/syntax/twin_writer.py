"""Writes a tree as JSON: the twin's objects, and their text in lines of 120 columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.text.characters import TooLarge
from netspec.diagnostics.text.json_twin import NotInJson
from netspec.limits import LIMITS
from netspec.syntax import tree
from netspec.syntax.document import render
from netspec.syntax.expression_printer import chain_head, loop_names, param_type
from netspec.syntax.printer import print_expr, print_function_param, print_type
from netspec.syntax.tree_walk import drop_parens
from netspec.syntax.twin_forms import Field, Form, family, file_form

WIDTH = 120
_FLAT = 1 << 30

Json = Any


def write_json(file: tree.File) -> tuple[str, list[Diagnostic]]:
    """The text of a file's JSON twin, with a line end; or what JSON cannot say: a name given twice in a call, calls nested too deep."""
    try:
        data = to_object(file, file_form())
    except Mistake as mistake:
        return "", [mistake.diagnostic]
    deep = _too_deep(file.sections, data.get("sections", []), 2)
    if deep is not None:
        return "", [TooLarge(at=deep.span, what="objects and lists inside one another in JSON", limit=LIMITS.json_depth)]
    return text(data) + "\n", []


def _too_deep(nodes: Sequence[Any], written: Sequence[Json], level: int) -> tree.Node | None:
    """The first statement that is written too deep, when so many objects and lists are open around it."""
    for node, data in zip(nodes, written, strict=True):
        if level + _depth(data) > LIMITS.json_depth:
            inside = getattr(node, "body", None)
            inner = getattr(inside, "statements", None) or getattr(inside, "items", ())
            return _too_deep(inner, data.get("body", []), level + 2) or node
    return None


def _depth(data: Json) -> int:
    """How many objects and lists stand inside one another."""
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else None
    return 0 if inside is None else 1 + max(map(_depth, inside), default=0)


def to_object(node: Any, form: Form) -> dict[str, Json]:
    """A node as plain data. What goes without saying is left out. Raises `Mistake` for a doubled name."""
    out: dict[str, Json] = {"kind": form.kind} if form.kind else {}
    for field in form.fields:
        value = getattr(node, field.name)
        if field.optional and not value:
            continue
        if field.form != "comments" or value != tree.NO_COMMENTS:
            out |= _write_field(field, value)
    return out


def _write_field(field: Field, value: Any) -> dict[str, Json]:
    """The keys of a field with their values."""
    several = _SEVERAL.get(field.form)
    return {field.keys()[0]: _ONE[field.form](value)} if several is None else several(value)


def _one_of(name: str, node: Any) -> dict[str, Json]:
    """A node as the object of its form."""
    return to_object(node, next(f for f in family(name).forms.values() if f.cls is type(node)))


def _all_of(name: str) -> Callable[[Sequence[Any]], list[Json]]:
    """How nodes of one kind are written in a list."""
    return lambda nodes: [_one_of(name, node) for node in nodes]


# --- expressions -----------------------------------------------------------------------------------------------------


def _expression(node: Any) -> Json:
    """A call or chain as an object, everything else as a string."""
    node = drop_parens(node)
    if isinstance(node, tree.Chain):
        return {"kind": "chain", "head": _head(node.head), "stages": _all_of("stage")(node.stages)}
    return _one_of("expression", node) if isinstance(node, tree.Call) else print_expr(node)


def _head(node: Any) -> Json:
    """A chain's head; an operator expression keeps its parentheses, which the language asks for there."""
    inner = drop_parens(node)
    return _expression(inner) if isinstance(inner, tree.Call | tree.Chain) else render(chain_head(node), width=_FLAT)


def _call(node: tree.Call | tree.Name) -> dict[str, Json]:
    """A stage's call; without `args` it has no parentheses."""
    if isinstance(node, tree.Name):
        return {"op": node.text}
    return {"op": node.callee.text, **(_args(node.args) or {"args": []})}


def _args(args: Sequence[tree.Arg]) -> dict[str, Json]:
    """Positional and named arguments, each under its own key."""
    plain = [_expression(a.value) for a in args if a.name is None]
    named = _require_unique([(a.name, _expression(a.value), a) for a in args if a.name is not None])
    return ({"args": plain} if plain else {}) | ({"named": named} if named else {})


def _write_places(places: Sequence[tree.At]) -> dict[str, Json]:
    """The sizes of `at`, by name."""
    return _require_unique([(a.name, _expression(a.value), a) for a in places])


def _require_unique(pairs: Sequence[tuple[str, Json, tree.Node]]) -> dict[str, Json]:
    """The values by name. Raises `Mistake` for a name that stands twice, which JSON cannot say."""
    out: dict[str, Json] = {}
    for name, value, node in pairs:
        if name in out:
            raise Mistake(NotInJson(at=node.span, name=name))
        out[name] = value
    return out


# --- fields ----------------------------------------------------------------------------------------------------------


def _comments(comments: tree.Comments) -> dict[str, Json]:
    """The comments of a node, where it has some."""
    return ({"before": list(comments.before)} if comments.before else {}) | ({"after": comments.after} if comments.after else {})


def _body(name: str, inside: tree.Body | tree.Settings) -> dict[str, Json]:
    """The statements of a body, and the comments behind the last."""
    nodes = inside.statements if isinstance(inside, tree.Body) else inside.items
    return {"body": _all_of(name)(nodes)} | ({"trailing": list(inside.trailing)} if inside.trailing else {})


def _target(target: tree.Target) -> str:
    """A target with its type as one string of the language."""
    return target.name if target.type is None else f"{target.name}: {print_type(target.type)}"


def _keep(value: Any) -> Any:
    """A value that is JSON already."""
    return value


_ONE: dict[str, Callable[[Any], Json]] = {
    "version": _keep,
    "flag": _keep,
    "comparison": _keep,
    "key": _keep,
    "name": _keep,
    "index": lambda target: target.name,
    "text": lambda value: value.value,
    "comments": _comments,
    "expr": _expression,
    "value": _expression,
    "tensor": print_type,
    "param_type": param_type,
    "targets": lambda targets: [_target(t) for t in targets],
    "loop_names": lambda names: [loop_names((name,)) for name in names],
    "function_params": lambda params: [print_function_param(p) for p in params],
    "imports": lambda names: [n.name if n.alias is None else f"{n.name} as {n.alias}" for n in names],
    "dims": lambda dims: ["..." if isinstance(d, tree.Dots) else print_expr(d) for d in dims],
    "at": _write_places,
    "trailing": list,
    "sections": _all_of("section"),
    "claims": _all_of("claim"),
    "stages": _all_of("stage"),
}
_SEVERAL: dict[str, Callable[[Any], dict[str, Json]]] = {
    "statements": lambda body: _body("statement", body),
    "settings": lambda body: _body("setting", body),
    "args": _args,
    "call": _call,
    "path": lambda name: {"op": name.text},
}


# --- text ------------------------------------------------------------------------------------------------------------


def text(value: Json, indent: int = 0, used: int = 0) -> str:
    """JSON in lines of `WIDTH` columns: an object or list that fits stands on one line. `used`: columns taken on the first line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or used + len(flat) <= WIDTH and not _always_open(value):
        return flat
    margin, opens, closes = " " * (indent + 2), *("{}" if isinstance(value, dict) else "[]")
    pairs = [(f"{json.dumps(k)}: ", v) for k, v in value.items()] if isinstance(value, dict) else [("", v) for v in value]
    lines = [margin + key + text(v, indent + 2, indent + 3 + len(key)) for key, v in pairs]
    return "\n".join([opens, ",\n".join(lines), " " * indent + closes])


def _always_open(value: Json) -> bool:
    """Files, and objects with statements, take several lines."""
    return isinstance(value, dict) and any(k in value for k in ("sections", "body", "claims"))
