"""Makes the JSON Schema of an op as `op_text.to_json` writes it; pydantic derives it from the annotations that the op's own checks read.
Floor 5.

`check` never comes here. A law holds both readings of the annotations together: for every argument of every op pydantic
and `base.checks` take and refuse the same values. Floor 5.
"""

from __future__ import annotations

import typing
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union

import pydantic
from pydantic import ConfigDict
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from netspec.library.base import Callable, Duration, Op
from netspec.library.base.arguments import Argument
from netspec.library.base.field_bounds import AfterValidator, BeforeValidator, Exactly, Rule
from netspec.library.functions.indexing import Cut
from netspec.library.shelf.index_writer import read_docstrings
from netspec.library.shelf.op_text import plain_json
from netspec.record import record
from netspec.shape import Dim, TensorType

CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True, protected_namespaces=())
_ARRAY: dict[str, Any] = {"type": "array"}
_OBJECTS: dict[Any, dict[str, Any]] = {
    Dim: {"dim": _ARRAY},
    Duration: {"duration": _ARRAY},
    Cut: {"cut": _ARRAY},
    TensorType: {"type": {"type": "string"}, "shape": _ARRAY},
}
"""Values that JSON does not have, and the keys that stand for each."""


def describe_schema(cls: type[Op]) -> dict[str, Any]:
    """The schema (draft 2020-12) of an op and its arguments, each with its docstring and default."""
    schema = argument_model(cls).model_json_schema(schema_generator=_Schema)
    properties = {"op": {"const": cls.op_name()}, "kind": {"const": cls.kind}, **schema.get("properties", {})}
    return {**schema, "properties": properties, "required": ["op", "kind", *schema.get("required", ())]}


class _Schema(GenerateJsonSchema):
    """JSON Schema with what the checks know beyond pydantic."""

    def dict_schema(self, schema: Any) -> dict[str, Any]:
        """A dict stands under a key of its own, so that it is no op."""
        return _object({"map": super().dict_schema(schema)})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object that has these keys and no others."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def argument_model(cls: type[Op]) -> type[pydantic.BaseModel]:
    """A pydantic model with the op's arguments as its fields."""
    docs = read_docstrings(cls)
    fields = {name: (pydantic_type(argument), _field(argument, docs.get(name))) for name, argument in cls.arguments().items()}
    return pydantic.create_model(cls.op_name(), __config__=CONFIG, __doc__=cls.__doc__, **fields)  # type: ignore[call-overload]


def _field(argument: Argument, doc: str | None) -> Any:
    """What pydantic has to know of an argument."""
    if argument.required:
        return pydantic.Field(description=doc)
    return pydantic.Field(default_factory=argument.initial, description=doc, json_schema_extra={"default": plain_json(argument.initial())})


def pydantic_type(argument: Argument) -> Any:
    """An argument's type with its rules, in pydantic's words."""
    return _apply_rules(argument.annotation, argument.metadata)


def _apply_rules(annotation: Any, rules: tuple[Any, ...]) -> Any:
    """An annotation with the rules that stand beside it, as pydantic writes them."""
    known = tuple(_rule(rule) for rule in rules if isinstance(rule, Rule | AfterValidator | BeforeValidator))
    inner = Annotated[annotation, Instance(annotation)] if any(isinstance(rule, Exactly) for rule in rules) else _type(annotation)
    return Annotated[(inner, *known)] if known else inner  # type: ignore[return-value]


def _rule(rule: Rule | AfterValidator | BeforeValidator) -> Any:
    """One rule as pydantic has it."""
    if isinstance(rule, AfterValidator):
        return pydantic.AfterValidator(rule.func)
    if isinstance(rule, BeforeValidator):
        return pydantic.BeforeValidator(rule.func)
    said = {name: value for name, value in vars(rule).items() if value is not None and name != "default_factory"}
    return pydantic.Field(**said)


def _type(annotation: Any) -> Any:
    """An annotation of ours as pydantic takes it."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _apply_rules(args[0], args[1:])
    if origin in (Union, UnionType):
        return Union[tuple(map(_type, args))]  # noqa: UP007
    if origin is Literal or annotation in (..., None, NoneType, Any):
        return annotation
    if origin is not None:
        return origin[tuple(map(_type, args))]
    if isinstance(annotation, typing.NewType):
        return _type(annotation.__supertype__)
    return annotation if annotation in (int, float, bool, str) else Annotated[annotation, Instance(annotation)]


@record
class Instance:
    """Says to pydantic: an object of the class as it is, written in JSON as `library.shelf.op_text` does."""

    kind: type

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.is_instance_schema(self.kind)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        if self.kind in _OBJECTS:
            return _object(_OBJECTS[self.kind])
        properties: dict[str, Any] = {"op": {"type": "string"}, "kind": {"type": "string"}}
        if not issubclass(self.kind, Callable):
            properties["kind"] = {"const": getattr(self.kind, "kind", None)}
        return {"type": "object", "properties": properties, "required": list(properties)}
