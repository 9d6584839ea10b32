"""Arguments made into ops: values of the language checked by the op's own fields, mistakes laid at the guilty argument."""

from __future__ import annotations

import re
import types
import typing
from functools import cache
from typing import Any

from pydantic import ValidationError

from netspec.diagnostics.calls import BadArgument, MissingArgument
from netspec.diagnostics.kinds import WrongKind
from netspec.diagnostics.suggest import nearest
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, BlockValue, Composed, Given, OpValue, Unknown, Value, describe, plain
from netspec.library import index
from netspec.library.base import Callable, Op
from netspec.library.cells import Wanted
from netspec.source import Span


@cache
def kinds_wanted(entry: index.Entry, name: str) -> tuple[str, ...]:
    """The kinds of op that a parameter of an op accepts: ("initializer",), ("schedule",), or none."""
    field = index.load(entry).model_fields.get(name)
    found: list[str] = []

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, Op):
            found.extend(("layer", "function") if issubclass(annotation, Callable) else (annotation.kind,))
        for part in typing.get_args(annotation):
            visit(part)

    if field is not None:
        visit(field.annotation)
        found.extend(kind for part in field.metadata if isinstance(part, Wanted) for kind in part.kinds)
    return tuple(found)


def make(frame: Frame, value: OpValue) -> Op | Unknown:
    """The op with its arguments; problems are reported."""
    cls = index.load(value.entry)
    missing = tuple(a[0] for a in value.entry.signature if a[1] and a[0] not in value.args)
    if missing:
        signature = ", ".join(a[0] for a in value.entry.signature)
        frame.world.report(MissingArgument(at=value.span, op=value.name, names=missing, signature=signature))
        return UNKNOWN
    args = {name: inner(frame, given) for name, given in value.args.items()}
    if any(isinstance(a, Unknown) for a in args.values()):
        return UNKNOWN
    try:
        return cls(**args)
    except ValidationError as error:
        for problem in problems_of(value, error):
            frame.world.report(problem)
        return UNKNOWN


def inner(frame: Frame, given: Given) -> Any:
    """An argument as Python: ops made, lists of the language as lists."""
    return as_python(frame, given.value)


def as_python(frame: Frame, value: Value) -> Any:
    value = plain(value)
    if isinstance(value, OpValue):
        return make(frame, value)
    if isinstance(value, Composed):
        return composed(frame, value)
    if isinstance(value, tuple):
        items = [as_python(frame, v) for v in value]
        return UNKNOWN if any(isinstance(i, Unknown) for i in items) else items
    if isinstance(value, dict):
        made = {k: as_python(frame, v) for k, v in value.items()}
        return UNKNOWN if any(isinstance(i, Unknown) for i in made.values()) else made
    return value


def composed(frame: Frame, value: Composed) -> Any:
    """Ops joined by `->`, as the one op that the family defines for it."""
    made = [make(frame, p) if isinstance(p, OpValue) else UNKNOWN for p in value.parts]
    ops = [m for m in made if isinstance(m, Op)]
    if len(ops) < len(made):
        return UNKNOWN
    odd = next((op for op in ops if op.kind != ops[-1].kind or index.lookup("chain", op.kind) is None), None)
    if odd is not None:
        at = value.parts[ops.index(odd)].span
        frame.world.report(WrongKind(at=at, name=odd.op_name(), is_a=odd.kind, wanted="a value that can be composed with the others"))
        return UNKNOWN
    return index.compose(ops)


def problems_of(value: OpValue, error: ValidationError) -> list[BadArgument]:
    """One problem per argument."""
    by_name: dict[str, list[Any]] = {}
    for item in error.errors(include_url=False):
        by_name.setdefault(str(item["loc"][0]) if item["loc"] else "", []).append(item)
    return [problem_of(value, name, items) for name, items in by_name.items()]


def problem_of(value: OpValue, name: str, items: list[Any]) -> BadArgument:
    given = value.args.get(name)
    span: Span = given.span if given else value.span
    found = describe(given.value) if given else "what is given"
    if given is not None and isinstance(given.value, BlockValue):
        found = f"the block `{given.value.name}`"
    if not name:
        return BadArgument(
            at=span, op=value.name, name=", ".join(value.args), value=clean(items[0]["msg"]), expected="arguments that fit together"
        )
    return BadArgument(at=span, op=value.name, name=name, value=found, expected=expected(value, name, items), repair=repair(given, items))


RULES = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "finite_number": "a finite number",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}
TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a string",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a dict",
    "none_required": "`none`",
}


def expected(value: OpValue, name: str, items: list[Any]) -> str:
    """What an argument wants, in words: rules that the value's own type breaks win over the types it does not have."""
    own = next((i for i in items if i["type"] == "value_error"), None)
    if own is not None:
        return clean(own["msg"])
    broken = bounds(value, name, items)
    if broken:
        return broken
    literal = next((i for i in items if i["type"] == "literal_error"), None)
    words = list(dict.fromkeys(TYPES[i["type"]] for i in items if i["type"] in TYPES))
    if literal is not None:
        words += [f'"{w}"' for w in choices(literal)]
    words += [f"{article(k)} {k}" for k in kinds_wanted(value.entry, name)]
    return one_of(words) if words else clean(items[0]["msg"])


def one_of(words: list[str]) -> str:
    """`a, b or c`."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def choices(literal: Any) -> list[str]:
    """The strings that a field takes, of pydantic's report `'SAME' or 'VALID'`."""
    return re.findall(r"'([^']*)'", literal["ctx"]["expected"])


def repair(given: Given | None, items: list[Any]) -> str:
    """The text that was meant: the nearest word, or a number that stands in quotes."""
    if given is None or not isinstance(given.value, str):
        return ""
    words = [w for i in items if i["type"] == "literal_error" for w in choices(i)]
    near = nearest(given.value, words)
    number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", given.value) and any(i["type"] in ("int_type", "float_type") for i in items)
    return f'"{near[0]}"' if near else given.value if number else ""


def bounds(value: OpValue, name: str, items: list[Any]) -> str:
    """`a number above 0`, and with both ends `a number from 0 up to (not including) 1`."""
    rule = next((i for i in items if i["type"] in RULES and i["type"] != "literal_error"), None)
    if rule is None:
        return ""
    limits = {}
    field = index.load(value.entry).model_fields[name]
    for part in field.metadata:
        for key in ("gt", "ge", "lt", "le"):
            if getattr(part, key, None) is not None:
                limits[key] = getattr(part, key)
    if "ge" in limits and "lt" in limits:
        return f"a number of at least {limits['ge']} and below {limits['lt']}"
    words = RULES[rule["type"]].format(**rule.get("ctx", {}))
    return words.replace("a number", "a whole number") if whole(field.annotation) else words


def whole(annotation: Any) -> bool:
    """The field takes no fractions, alone or in a list."""
    if annotation in (int, type(None), Ellipsis) or (isinstance(annotation, type) and annotation.__name__ == "Dim"):
        return True
    if typing.get_origin(annotation) is typing.Annotated:
        return whole(typing.get_args(annotation)[0])
    return typing.get_origin(annotation) in (types.UnionType, typing.Union, list, tuple) and all(map(whole, typing.get_args(annotation)))


def article(kind: str) -> str:
    return "an" if kind[0] in "aeio" else "a"


def clean(message: str) -> str:
    """A validator's own words, without pydantic's prefix."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
