"""Holds the arguments of blocks and models against the declared types of their params, fills in defaults and checks `where`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.arguments import BadArgument, MissingArgument, SwappedArguments, TooManyArguments
from netspec.diagnostics.calls.conditions import WhereFailed
from netspec.diagnostics.names.unknown_names import UnknownArgument, UnknownName
from netspec.diagnostics.shapes.proofs import NotStatic
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import expressions
from netspec.infer.frame import Frame, World
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    Given,
    OpValue,
    SharedChain,
    SharedInstance,
    Unknown,
    Value,
    describe,
    describe_short,
    guess_truth,
    is_number,
    is_size,
    to_plain,
)
from netspec.record import record, replace
from netspec.resolve.graph import Definition
from netspec.shape import DTYPES, Facts
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

OP_TYPES = {"layer": ("layer", "function"), "initializer": ("initializer",)}
OTHER_TYPES = {
    **dict.fromkeys(
        ("record", "dict", "struct", "object", "map", "mapping", "namedtuple"),
        "a record is written with its fields: `{width: int, stride: int?}`",
    ),
    **dict.fromkeys(("tuple", "array", "vector", "sequence", "set"), "several values of a type are a list: `list[int]`"),
    "function": "a layer or function of the shelf has the type `layer`",
}
"""What is said of the types of other languages."""
PARAM_TYPES = ("int", "float", "bool", "str", "list", "dtype", *OP_TYPES)


def kinds_of_param(definition: Definition, name: str) -> tuple[str, ...]:
    """The kinds of op that a param of a block accepts, or none."""
    param = next((p for p in definition.params if p.name == name), None)
    return OP_TYPES.get(param.type.name, ()) if param else ()


def bind_params(
    world: World, definition: Definition, given: Any, at: Span, facts: Facts, call: tuple[tree.Arg, ...] = ()
) -> dict[str, Value] | None:
    """All params of a block or model with their values: types and `where` checked, defaults filled in. Problems blame the call."""
    frame = Frame(world, definition.name, facts)
    missing = [p.name for p in definition.params if p.name not in given and p.default is None and not p.type.optional]
    if missing:
        signature = ", ".join(p.name for p in definition.params)
        ways = propose_missing_values(definition, given, at, call, missing)
        world.report(MissingArgument(at=at, op=definition.name, names=tuple(missing), signature=signature, ways=ways))
        return None
    fine = True
    swapped = find_swap(frame, definition, given, at)
    if swapped is not None:
        world.report(swapped)
        return None
    for param in definition.params:
        if param.name not in given and param.default is not None and mentions_dims(definition, param.default):
            wanted = "a value that is known before the inputs are: use the size itself where the param stands"
            what = f"the default of `{param.name}`"
            world.report(NotStatic(at=param.default.span, what=what, found="a size of an input", wanted=wanted))
            frame.env[param.name], fine = UNKNOWN, False
            continue
        source: Given = given[param.name] if param.name in given else evaluate_default(frame, param)
        value = fit(frame, param.type, source.value)
        if isinstance(value, Misfit):
            problem = BadArgument(
                at=source.span,
                op=definition.name,
                name=param.name,
                value=describe(source.value),
                expected=value.expected,
                part=value.part,
                repair=guess_repair(value, source.value),
                advice=value.advice or advise(definition, param, source.value),
            )
            world.report(replace(problem, ways=propose_ways(frame, param, source, value.expected)))
        fine &= not isinstance(value, Misfit | Unknown)
        frame.env[param.name] = UNKNOWN if isinstance(value, Misfit) else value
    return {p.name: frame.env[p.name] for p in definition.params} if fine and where_holds(frame, definition, given, at) else None


def find_swap(frame: Frame, definition: Definition, given: Any, at: Span) -> SwappedArguments | None:
    """Two arguments that have each the type of the other's param."""
    plain = {"int", "float", "bool", "str", "list", "dtype", "layer", "initializer"}
    params = [p for p in definition.params if p.name in given and p.type.name in plain and not p.type.fields]
    wrong = [p for p in params if isinstance(fit(frame, p.type, given[p.name].value), Misfit)]
    if len(wrong) != 2:
        return None
    a, b = wrong
    one, other = given[a.name], given[b.name]
    if isinstance(fit(frame, a.type, other.value), Misfit | Unknown) or isinstance(fit(frame, b.type, one.value), Misfit | Unknown):
        return None
    edits = (Edit(one.span, other.span.text), Edit(other.span, one.span.text))
    return SwappedArguments(at=one.span.to(other.span), op=definition.name, first=a.name, second=b.name, swapped=edits)


def propose_missing_values(
    definition: Definition, given: Any, at: Span, call: tuple[tree.Arg, ...], missing: list[str]
) -> tuple[Repair, ...]:
    """The call with usual values for the params that have none."""
    from netspec.infer.calls.example_values import list_examples  # only specs with a problem need it
    from netspec.infer.calls.value_repairs import propose_missing

    if definition.is_model:
        return propose_header(definition, at, missing)
    types = {p.name: p.type.span.text for p in definition.params}
    examples = list_examples(None, [types[name] for name in missing], missing)
    return tuple(propose_missing(BlockValue(definition, given, at, call), missing, examples))


USUAL_VALUES = {"int": ("10", "64", "2", "128", "1"), "float": ("0.1",), "bool": ("true",), "list[int]": ("[64, 64]",)}
"""Values that a param of a model may have, by its type, where nothing says which."""


def propose_header(definition: Definition, at: Span, missing: list[str]) -> tuple[Repair, ...]:
    """`train M(classes=10)`: usual values of the params that a section does not give."""
    types = {p.name: p.type.span.text for p in definition.params}
    choices = [USUAL_VALUES.get(types[name], ()) for name in missing]
    if at.text != definition.name or not all(choices):
        return ()
    text, source = at.source.text, at.source
    found = []
    for number in range(max(map(len, choices))):
        words = ", ".join(f"{name}={own[min(number, len(own) - 1)]}" for name, own in zip(missing, choices, strict=True))
        if text[at.end : at.end + 1] != "(":
            edit = Edit(Span(source, at.end, at.end), f"({words})")
        else:
            end = text.index(")", at.end)
            edit = Edit(Span(source, end, end), f"{', ' if text[at.end + 1 : end].strip() else ''}{words}")
        found.append(Repair((edit,), f"{definition.name}({words})", guess=True))
    return tuple(found)


def propose_ways(frame: Frame, param: tree.Param, given: Given, words: str) -> tuple[Repair, ...]:
    """The values that may stand in the place of one that has not the param's type."""
    from netspec.infer.calls.value_repairs import propose_values  # only specs with a problem need it

    return tuple(propose_values(frame, given, param.type.span.text, words))


def advise(definition: Definition, param: tree.Param, value: Value) -> str:
    """How a shared instance is said, which is used in the body that declares it and nowhere else."""
    if not isinstance(value, SharedInstance | SharedChain) or param.type.name != "layer":
        return ""
    return f"hand over the layer itself, and write `shared` for it inside `{definition.name}`; or make the calls where it is declared"


def read_model_arguments(frame: Frame, definition: Definition, args: tuple[tree.Arg, ...]) -> dict[str, Given] | None:
    """What `train M(…)` and `expect M(…)` give a model: by position or by name. None after a reported problem."""
    names = [p.name for p in definition.params]
    given: dict[str, Given] = {}
    for position, arg in enumerate(args):
        name = arg.name or (names[position] if position < len(names) else None)
        problem: Diagnostic | None = None
        if name is None or name in given:
            problem = TooManyArguments(at=arg.span, op=definition.name, signature=", ".join(names), twice=name or "")
        elif name not in names:
            near = tuple(nearest(name, names))
            problem = UnknownArgument(at=arg.name_span, op=definition.name, name=name, near=near, options=tuple(names))
        if problem is not None or name is None:
            frame.report(problem)  # type: ignore[arg-type]
            return None
        value = expressions.evaluate(frame, arg.value, kinds_of_param(definition, name))
        given[name] = Given(value, arg.value.span)
    return given


def evaluate_default(frame: Frame, param: tree.Param) -> Given:
    """A param's default; `none` where it has none."""
    if param.default is None:
        return Given(None, param.span)
    return Given(expressions.evaluate(frame, param.default, OP_TYPES.get(param.type.name, ())), param.default.span)


def where_holds(frame: Frame, definition: Definition, given: Any, at: Span, outer: Frame | None = None) -> bool:
    """Conditions of the params, after all have their values; one on an input's dims is a `require` of the body."""
    for param in definition.params:
        if param.where is None or mentions_dims(definition, param.where):
            continue
        holds = expressions.evaluate(frame, param.where)
        if holds is False:
            span = given[param.name].span if param.name in given else param.default.span if param.default else at
            value = describe_short(frame.env[param.name])
            from netspec.infer.calls.condition_repairs import propose_values  # only specs with a problem need it

            places = {name: (outer or frame).find_origin(source.span) for name, source in given.items()}
            places |= {p.name: p.default.span for p in definition.params if p.default is not None and p.name not in given}
            first = {param.name: places[param.name]} if param.name in places else {}
            ways = (*propose_values(frame, param.where, first), *propose_values(frame, param.where, places))
            problem = WhereFailed(
                at=span,
                op=definition.name,
                name=param.name,
                value=value,
                condition=param.where.span.text,
                declared=param.where.span,
                ways=tuple(dict.fromkeys(ways)),
            )
            frame.report(problem)
            return False
    return True


def mentions_dims(definition: Definition, node: tree.Expr) -> bool:
    """The condition speaks of a size of an input."""
    symbols = {d.text for i in definition.inputs for d in i.type.dims if isinstance(d, tree.Name)}
    return any(isinstance(n, tree.Name) and n.text in symbols for n in descendants(node))


def list_dim_conditions(definition: Definition) -> list[tree.Require]:
    """The conditions of params on sizes of the inputs, as requires."""
    conditions = [p.where for p in definition.params if p.where is not None and mentions_dims(definition, p.where)]
    return [tree.Require(c, span=c.span) for c in conditions]


@record
class Misfit:
    """A value does not have a param's type."""

    expected: str
    part: str = ""
    """What is wrong, where that is a part of the value."""
    advice: str = ""


def guess_repair(found: Misfit, value: Value) -> str:
    """The text that was meant instead of the value, or nothing."""
    return guess_truth(value) if found.expected == "true or false" else ""


def fit(frame: Frame, declared: tree.ParamType, value: Value) -> Value | Misfit:
    """The value as a param of the declared type (an int becomes a float where one is wanted)."""
    value = to_plain(value)
    if isinstance(value, Unknown):
        return value
    if value is None and declared.optional:
        return None
    if declared.fields:
        return fit_record(frame, declared, value)
    match declared.name:
        case "int":
            return value if is_size(value) else Misfit("a whole number")
        case "float":
            return float(value) if is_number(value) else Misfit("a number")
        case "bool":
            return value if isinstance(value, bool) else Misfit("true or false")
        case "str":
            return value if isinstance(value, str) else Misfit("a string")
        case "dtype":
            return value if isinstance(value, str) and value in DTYPES else Misfit("an element type such as `f32`")
        case "list":
            return fit_list(frame, declared, value)
        case "layer" | "initializer":
            return (
                value if is_kind(value, OP_TYPES[declared.name]) else Misfit(f"a{'n' if declared.name[0] == 'i' else ''} {declared.name}")
            )
    return report_type(frame, declared)


def report_type(frame: Frame, declared: tree.ParamType) -> Unknown:
    """Reports a type of params that does not exist."""
    how = OTHER_TYPES.get(declared.name.lower(), "")
    near = () if how else tuple(nearest(declared.name, PARAM_TYPES))
    ways = tuple(Repair((Edit(declared.span, text),), text) for text in _write_type(declared.span.text, near))
    problem = UnknownName(at=declared.span, name=declared.name, noun="param type", near=near, options=PARAM_TYPES, how=how, ways=ways)
    return frame.report(problem)


_NAMED_OTHERWISE = {
    **dict.fromkeys(("string", "String", "text"), "str"),
    **dict.fromkeys(("integer", "Int", "Integer", "long", "uint"), "int"),
    **dict.fromkeys(("boolean", "Bool", "Boolean"), "bool"),
    **dict.fromkeys(("double", "Float", "number", "real", "f32", "float32"), "float"),
}
"""Types of params by their names in other languages."""


def _write_type(text: str, near: tuple[str, ...]) -> Iterator[str]:
    """A type of Python's as it is written here: `Optional[int]`, `List[int]`."""
    inside = re.fullmatch(r"(\w+)\[(\w+)(?:,\s*(?:\.\.\.|\2))*\](\??)", text)
    if inside is not None:
        item = inside[2] if inside[2] in PARAM_TYPES else (nearest(inside[2], PARAM_TYPES) or [inside[2]])[0]
        if inside[1] == "Optional":
            yield f"{item}?"
        elif inside[1].lower() in ("list", "tuple", "sequence", "array", "vector", "set", "iterable"):
            yield f"list[{item}]{inside[3]}"
    elif text.rstrip("?") in _NAMED_OTHERWISE:
        yield text.replace(text.rstrip("?"), _NAMED_OTHERWISE[text.rstrip("?")])
    elif near:
        yield text.replace(text.partition("[")[0].rstrip("?"), near[0], 1)


def check_param_type(frame: Frame, declared: tree.ParamType) -> bool:
    """Whether a type exists, and those in it; one that does not is reported."""
    inside = [f.type for f in declared.fields] + [declared.item] * (declared.item is not None)
    known = bool(declared.fields) or declared.name in PARAM_TYPES
    if not known:
        report_type(frame, declared)
    return known and all([check_param_type(frame, item) for item in inside if item is not None])


def fit_list(frame: Frame, declared: tree.ParamType, value: Value) -> Value | Misfit:
    """The value as a list of the declared items."""
    if not isinstance(value, tuple):
        return Misfit("a list")
    if declared.item is None:
        return value
    items = [fit(frame, declared.item, v) for v in value]
    bad, misfit = next(((k, item) for k, item in enumerate(items) if isinstance(item, Misfit)), (None, None))
    if bad is None or misfit is None:
        return UNKNOWN if any(isinstance(item, Unknown) for item in items) else tuple(items)
    part = f"in item {bad} {misfit.part}" if misfit.part else f"item {bad} is {describe(value[bad])}"
    return Misfit(f"`{declared.span.text}`", part, misfit.advice)


def fit_record(frame: Frame, declared: tree.ParamType, value: Value) -> Value | Misfit:
    """The value as a record of the declared fields; one of an optional type may be left out."""
    if not isinstance(value, dict):
        return Misfit(f"a record `{declared.span.text.removesuffix('?')}`")
    wanted, types = f"`{declared.span.text}`", {f.name: f.type for f in declared.fields}
    odd = next((name for name in value if name not in types), None)
    if odd is not None:
        near = nearest(odd, [n for n in types if n not in value]) or nearest(odd, types)
        return Misfit(wanted, f"`{odd}` is no field of the type", f"did you mean `{near[0]}`?" if near else "")
    fitted: dict[str, Value] = {}
    for name, type_ in types.items():
        if name not in value and not type_.optional:
            return Misfit(wanted, f"the field `{name}` is missing", "a field that may be left out has a type with `?`")
        found = fit(frame, type_, value.get(name))
        if isinstance(found, Misfit):
            part = f"in the field `{name}` {found.part}" if found.part else f"the field `{name}` is {describe(value[name])}"
            return Misfit(wanted, part, found.advice)
        fitted[name] = found
    return UNKNOWN if any(isinstance(v, Unknown) for v in fitted.values()) else fitted


def is_kind(value: Value, kinds: tuple[str, ...]) -> bool:
    """The value, or each part of a chain, is an op of these kinds; blocks are of any."""
    if isinstance(value, BlockValue):
        return "layer" in kinds
    parts = value.parts if isinstance(value, Composed) else (value,)
    return all(isinstance(p, BlockValue) or (isinstance(p, OpValue) and p.entry.kind in kinds) for p in parts)
