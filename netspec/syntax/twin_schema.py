"""Writes the JSON Schema (2020-12) of the twin, from the same forms that read and write it; descriptions are the tree's docstrings."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from textwrap import dedent
from typing import Any

from netspec.syntax import tree
from netspec.syntax.header import VERSION
from netspec.syntax.twin_forms import Family, Field, Form, family, file_form
from netspec.syntax.twin_strings import COMPARISONS, NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = f"urn:netspec:spec:{VERSION}"
FAMILIES = ("section", "statement", "setting", "claim", "expression", "stage")

Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of a whole file."""
    defs: Schema = {name: dict(part) for name, part in _STRINGS.items()}
    for name in FAMILIES:
        defs |= _definitions(family(name))
    defs["value"] = {
        "description": "A value: an expression of the language in a string, or a call or chain.",
        "oneOf": [{"$ref": "#/$defs/expression_text"}, *_choices(family("expression"))],
    }
    top = _object(file_form())
    top["properties"] = {"$schema": {"type": "string", "description": "Where this schema is, for editors."}, **top["properties"]}
    return {"$schema": DIALECT, "$id": ID, "title": "netspec", **top, "$defs": dict(sorted(defs.items()))}


def _definitions(kinds: Family) -> Schema:
    """The definitions of a family's forms, and of the choice between them."""
    forms = {_name(kinds, form): _object(form) for form in kinds.forms.values()}
    return {**forms, kinds.name: {"oneOf": _choices(kinds)}}


def _choices(kinds: Family) -> list[Schema]:
    """The object forms that may stand in one place."""
    return [{"$ref": f"#/$defs/{_name(kinds, form)}"} for form in kinds.forms.values()]


def _name(kinds: Family, form: Form) -> str:
    """Params stand in sections and statements alike; a call is not the same as a stage and as a value."""
    return f"{form.kind}_{kinds.name}"


def _object(form: Form) -> Schema:
    """The schema of one object form."""
    kind: Schema = {"kind": {"const": form.kind}} if form.kind else {}
    said = attribute_docstrings(form.cls)
    properties = kind | {key: part for field in form.fields for key, part in _properties(field, said.get(field.name, "")).items()}
    about = _describe({"type": "object"}, class_docstring(form.cls))
    return {**about, "properties": properties, "required": list(form.required), "additionalProperties": False}


def _properties(field: Field, said: str) -> Schema:
    """The keys of a field."""
    several = _SEVERAL.get(field.form)
    if several is not None:
        return {key: dict(part) for key, part in several.items()}
    return {field.keys()[0]: _describe(_ONE[field.form], said)}


def _describe(part: Schema, said: str) -> Schema:
    """The part with a description, where there is one."""
    return {**part, "description": said} if said else dict(part)


# --- docstrings ------------------------------------------------------------------------------------------------------


def class_docstring(cls: type) -> str:
    """A class's docstring on one line; "" for one that has none of its own."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "" if text == cls.__name__ else " ".join(text.split())


@cache
def attribute_docstrings(cls: type) -> Mapping[str, str]:
    """The strings below a class's fields, by field, those of its bases included."""
    found: dict[str, str] = {}
    for base in reversed([c for c in cls.__mro__ if issubclass(c, tree.Node)]):
        body = ast.parse(dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                if isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
                    found[field.target.id] = " ".join(text.value.value.split())
    return found


# --- what fields hold ------------------------------------------------------------------------------------------------

_STRINGS: Schema = {
    "name": {"type": "string", "pattern": f"^{NAME.pattern}$"},
    "path": {
        "type": "string",
        "pattern": rf"^{NAME.pattern}(\.{NAME.pattern})*$",
        "description": "The name of an op or block, or of a method.",
    },
    "expression_text": {"type": "string", "description": 'An expression of the language: `"4 * D"`, `"[3, 3]"`, `"\\"SAME\\""`.'},
    "tensor": {"type": "string", "description": "A tensor's type: `f32[B, T, 4 * D]`."},
    "param_type": {"type": "string", "description": "The type of a param: `int`, `list[int]?`, `layer`."},
    "target": {"type": "string", "description": "A name, perhaps with its type: `y`, `y: f32[B, 4]`; `_` drops the value."},
    "loop_name": {"type": "string", "description": "A name, or names in brackets: `x`, `(a, b)`."},
    "comment": {"type": "string", "pattern": "^#[^\n]*$"},
    "lines": {
        "type": "array",
        "items": {"anyOf": [{"const": ""}, {"$ref": "#/$defs/comment"}]},
        "description": "Comments, a line each with its `#`; an empty string is an empty line.",
    },
    "comments": {
        "type": "object",
        "properties": {"before": {"$ref": "#/$defs/lines"}, "after": {"type": "string", "pattern": "^(#[^\n]*)?$"}},
        "additionalProperties": False,
        "description": "Comments above, and behind on the last line.",
    },
}


def _ref(name: str) -> Schema:
    """The schema that refers to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def _list(name: str, least: int = 0) -> Schema:
    """The schema of a list of things of one definition."""
    return {"type": "array", "items": _ref(name)} | ({"minItems": least} if least else {})


def _named_values() -> Schema:
    """The schema of an object from names to values."""
    return {"type": "object", "propertyNames": _ref("name"), "additionalProperties": _ref("value")}


_ARGS: Schema = {
    "args": {**_list("value"), "description": "Arguments by position."},
    "named": {**_named_values(), "description": "Arguments by name."},
}
_TRAILING: Schema = {"trailing": {**_ref("lines"), "description": "Comments behind the last one."}}
_OP: Schema = {"op": {**_ref("path"), "description": "What is called."}}

_ONE: Mapping[str, Schema] = {
    "version": {"const": VERSION, "description": "The version of the language."},
    "flag": {"type": "boolean"},
    "comparison": {"enum": list(COMPARISONS)},
    "key": {"type": "string"},
    "name": _ref("name"),
    "index": _ref("name"),
    "text": {"type": "string"},
    "comments": _ref("comments"),
    "expr": _ref("value"),
    "value": _ref("value"),
    "tensor": _ref("tensor"),
    "param_type": _ref("param_type"),
    "targets": _list("target", 1),
    "loop_names": {**_list("loop_name", 1), "description": "Names; one in brackets is taken apart once more."},
    "function_params": {"type": "array", "items": {"type": "string"}, "description": "Params: `by: int = 8`."},
    "imports": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "Names, or `A as B`."},
    "dims": {"type": "array", "items": {"type": "string"}, "description": "Sizes: expressions, or `...`."},
    "at": _named_values(),
    "trailing": _TRAILING["trailing"],
    "sections": _list("section"),
    "claims": _list("claim"),
    "stages": _list("stage", 1),
}
_SEVERAL: Mapping[str, Schema] = {
    "statements": {"body": _list("statement"), **_TRAILING},
    "settings": {"body": _list("setting"), **_TRAILING},
    "args": _ARGS,
    "call": {**_OP, **_ARGS},
    "path": _OP,
}
