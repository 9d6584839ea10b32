"""Derives from the tree what the JSON twin looks like: one object form per node class, whose keys are the node's fields.

An object has a `kind`; which kinds may stand at a place is a `Family`. How a field is written depends on what it holds (`Field.form`):
names, types and expressions are strings, calls and chains objects, bodies lists beside a key `trailing` for the comments at their end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache

from netspec.record import record
from netspec.syntax import tree

COMMENTED = ("comments", "blank_before", "newline_before")
"""Fields that come first in an object, where they say anything."""
_UNWRITTEN = {"span", "name_span", "label_span", "op_span", "version_span"}
_WORDS = {"op": "comparison", "key": "key"}
_FORMS = {
    "bool": "flag",
    "Comments": "comments",
    "String": "text",
    "Expr": "expr",
    "Name": "path",
    "TensorRef": "tensor",
    "ParamType": "param_type",
    "Target": "index",
    "Body": "statements",
    "Settings": "settings",
    "tuple[Target, ...]": "targets",
    "tuple[LoopName, ...]": "loop_names",
    "tuple[FunctionParam, ...]": "function_params",
    "tuple[Arg, ...]": "args",
    "tuple[At, ...]": "at",
    "tuple[ImportName, ...]": "imports",
    "tuple[Claim | OutputClaim | Hole, ...]": "claims",
    "tuple[Stage | ShapeStage, ...]": "stages",
    "tuple[Section, ...]": "sections",
    "tuple[Expr | Dots, ...]": "dims",
    "tuple[str, ...]": "trailing",
    "Call | Name": "call",
    "int": "version",
}


@record
class Field:
    """A field of a node, and so a key of its object."""

    name: str
    form: str
    optional: bool
    """The object may do without it."""

    def keys(self) -> tuple[str, ...]:
        """The keys that it takes: most one of its own name."""
        return _KEYS.get(self.form, (self.name,))


_KEYS = {
    "version": ("netspec",),
    "statements": ("body", "trailing"),
    "settings": ("body", "trailing"),
    "args": ("args", "named"),
    "call": ("op", "args", "named"),
    "path": ("op",),
}


@record(eq=False)
class Form:
    """The objects that stand for nodes of one class."""

    kind: str
    cls: type[tree.Node]
    fields: tuple[Field, ...]
    required: tuple[str, ...]
    keys: tuple[str, ...]
    """All that it may have, `kind` included."""

    @property
    def holds(self) -> bool:
        """It has statements, settings or claims inside."""
        return not {"body", "claims", "sections"}.isdisjoint(self.keys)

    @property
    def words(self) -> str:
        """ "an `input`", for messages."""
        return f"{'an' if self.kind[0] in 'aeiou' else 'a'} `{self.kind}`" if self.kind else "a spec"


@record(eq=False)
class Family:
    """The kinds of object that may stand at one place."""

    name: str
    """In words: "section"."""
    forms: Mapping[str, Form]


def form_of(cls: type[tree.Node], kind: str) -> Form:
    """The object form of a node class: its fields but those that only texts have."""
    unwritten = _UNWRITTEN | {"blank_before"} if issubclass(cls, tree.Stage | tree.ShapeStage) else _UNWRITTEN
    fields = tuple(_field(cls, f) for f in dataclasses.fields(cls) if f.name not in unwritten)  # type: ignore[arg-type]
    fields = tuple(sorted(fields, key=lambda f: f.name not in COMMENTED))
    required = tuple(f.keys()[0] for f in fields if not f.optional)
    keys = ("kind",) * bool(kind) + tuple(k for f in fields for k in f.keys())
    return Form(kind, cls, fields, ("kind",) * bool(kind) + required, keys)


def _field(cls: type, field: dataclasses.Field) -> Field:
    """How a field is written, which follows from the type that it is declared with."""
    said = str(field.type)
    base = said.removesuffix(" | None")
    optional = said != base or field.default is not dataclasses.MISSING
    form = _WORDS.get(field.name, "name") if base == "str" else _FORMS[base]
    if (cls.__name__, field.name) in _LAID_OUT:
        form = "value"
    return Field(field.name, form, optional or form == "args")


_LAID_OUT = {
    *((name, "value") for name in ("Output", "Shared", "Aux", "Binding", "Setting", "Metric", "Let", "Function")),
    *((name, "init") for name in ("Weight", "Buffer", "State")),
}
"""Values whose chain keeps its comments and line breaks."""


@cache
def family(name: str) -> Family:
    """ "section", "statement", "setting", "claim", "stage" or "expression"."""
    return Family(name, {kind: form_of(cls, kind) for kind, cls in _FAMILIES[name].items()})


@cache
def file_form() -> Form:
    """The form of a whole file, at which the twin begins."""
    return form_of(tree.File, "")


_FAMILIES: Mapping[str, Mapping[str, type[tree.Node]]] = {
    "section": {
        "import": tree.Import,
        "param": tree.Param,
        "dim": tree.DimBound,
        "let": tree.Function,
        "block": tree.Block,
        "model": tree.Model,
        "train": tree.Train,
        "serve": tree.Serve,
        "expect": tree.Expect,
    },
    "statement": {
        "param": tree.Param,
        "dim": tree.DimBound,
        "input": tree.Input,
        "output": tree.Output,
        "weight": tree.Weight,
        "buffer": tree.Buffer,
        "state": tree.State,
        "shared": tree.Shared,
        "aux": tree.Aux,
        "binding": tree.Binding,
        "for": tree.For,
        "repeat": tree.Repeat,
        "when": tree.When,
        "require": tree.Require,
        "assume": tree.Assume,
    },
    "setting": {"setting": tree.Setting, "metric": tree.Metric, "let": tree.Let, "group": tree.Group},
    "claim": {"claim": tree.Claim, "output": tree.OutputClaim},
    "stage": {"call": tree.Stage, "shape": tree.ShapeStage},
    "expression": {"call": tree.Call, "chain": tree.Chain},
}
