"""Writes an op as text of the language (`conv(32, kernel=3)`) and as JSON (`{"op": "conv", "kind": "layer", "features": 32, …}`).

Text leaves out defaults, and is what the parser and the elaborator make an equal object of. JSON names every argument; values that JSON
does not have are objects with one key of their own: an op, `{"duration": [5, "epoch"]}`, `{"cut": [1, null, 2]}` (a slice),
`{"dim": [[4, [["B", 1]]]]}` (Σ coefficient · Π atom^power, an atom being a symbol or `{"floor": dim, "by": n}`), `{"map": {…}}`,
`{"type": "f32", "shape": [13]}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.library.base import Duration, Op
from netspec.library.base.arguments import Argument
from netspec.library.functions.indexing import Cut
from netspec.library.initializers.formulas import FUNCTIONS, list_formula
from netspec.library.shelf import index
from netspec.shape import Dim, TensorType
from netspec.shape.dims import Floor

# --- text ------------------------------------------------------------------------------------------------------------

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"})


def to_text(op: Op) -> str:
    """The call that means the op; of an operator its symbol, of an index its brackets; of a chain its parts with `->` between."""
    if op.kind == "operator":
        return _operator(op)
    if op.composed:
        return " -> ".join(map(to_text, op.parts))  # type: ignore[attr-defined]
    if (formula := list_formula(op)) is not None:
        return _formula(*formula)
    arguments = argument_texts(op)
    return f"{op.op_name()}({', '.join(arguments)})" if arguments or op.kind == "dataset" else op.op_name()


def _formula(operation: str, parts: tuple[Any, ...]) -> str:
    """Initial values that are computed: sides that are computed themselves stand in parentheses."""
    if operation in FUNCTIONS:
        return f"{operation}({value_text(parts[0])})"
    inner = [list_formula(part) for part in parts]
    nested = [formula is not None and formula[0] not in FUNCTIONS for formula in inner]
    sides = [f"({value_text(part)})" if deep else value_text(part) for part, deep in zip(parts, nested, strict=True)]
    return f" {operation} ".join(sides) if len(sides) > 1 else f"-{sides[0]}"


def value_text(value: Any) -> str:
    """A value as an expression of the language."""
    writer = next((write for kind, write in _WRITERS.items() if isinstance(value, kind)), None)
    if writer is None:
        raise TypeError(f"{type(value).__name__} is no value of the language")
    return writer(value)


def _operator(op: Op) -> str:
    """The sign of an operator; for `x[…]` the brackets with what stands in them."""
    symbol = getattr(op, "symbol", "")
    return f"[{', '.join(map(_item, getattr(op, 'items', ())))}]" if symbol == "[]" else symbol


def _item(item: Any) -> str:
    """What stands between the brackets of `x[…]`."""
    if not isinstance(item, Cut):
        return item if item == "..." else value_text(item)
    ends = ["" if end is None else value_text(end) for end in (item.start, item.stop)]
    return ":".join(ends) + (f":{item.step}" if item.step != 1 else "")


def argument_texts(op: Op) -> list[str]:
    """The arguments that are not the defaults: a first one that says what the op is by its place, all others by name."""
    texts: list[str] = []
    for place, (name, argument) in enumerate(op.arguments().items()):
        value = getattr(op, name)
        if name == op.open_arguments:
            texts += [f"{key}={value_text(inner)}" for key, inner in value.items()]
        elif not is_default(op, name, argument):
            plain = place == 0 and (argument.required or op.kind == "initializer")
            texts.append(_argument(argument, value) if plain else f"{name}={_argument(argument, value)}")
    return texts


def is_default(op: Op, name: str, argument: Argument) -> bool:
    """Whether an argument of an op has the value that it has when nobody writes it."""
    return not argument.required and _is_same(getattr(op, name), argument.initial())


def _argument(argument: Argument, value: Any) -> str:
    """An element type is a name of the language, any other string stands in quotes."""
    return value if _is_dtype(argument.annotation) and isinstance(value, str) else value_text(value)


def _is_dtype(annotation: Any) -> bool:
    """Whether an argument is annotated as an element type, which is written without quotes."""
    return getattr(annotation, "__name__", "") == "Dtype"


def _is_same(a: Any, b: Any) -> bool:
    """Equal, and of one type: `1` and `true` are not the same argument."""
    return type(a) is type(b) and a == b


def _number(value: int | float) -> str:
    """A number as the language writes it, whose exponents have no plus sign."""
    return repr(value).replace("e+", "e")


def _map(value: dict[str, Any]) -> str:
    """A dict as the language writes it; only keys that are no names have quotes."""
    keys = [key if key.isidentifier() else value_text(key) for key in value]
    return "{" + ", ".join(f"{key}: {value_text(inner)}" for key, inner in zip(keys, value.values(), strict=True)) + "}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: str(value).lower(),
    int: _number,
    float: _number,
    str: lambda value: f'"{value.translate(_ESCAPES)}"',
    type(None): lambda value: "none",
    tuple: lambda value: f"[{', '.join(map(value_text, value))}]",
    list: lambda value: f"[{', '.join(map(value_text, value))}]",
    dict: _map,
    Dim: str,
    TensorType: str,
    Duration: lambda value: f"{_whole_number(value.count)} {value.unit}{'' if value.count == 1 else 's'}",
    Op: to_text,
}


def _whole_number(count: float) -> str:
    """A count without the `.0` of a float that is whole."""
    return _number(int(count) if float(count).is_integer() else count)


# --- JSON ------------------------------------------------------------------------------------------------------------


def to_json(op: Op) -> dict[str, Any]:
    """The op and all its arguments as what `json.dumps` takes."""
    return {"op": op.op_name(), "kind": op.kind, **{name: plain_json(getattr(op, name)) for name in op.arguments()}}


def from_json(data: Any) -> Op:
    """The op that `to_json` wrote. Raises ValueError for an unknown op or argument, or a value that the op refuses."""
    if not isinstance(data, dict) or not {"op", "kind"} <= data.keys():
        raise ValueError('an op is an object with "op" and "kind"')
    entry = next((e for e in index.all_entries() if (e.name, e.kind) == (data["op"], data["kind"]) and e.alias_of is None), None)
    if entry is None:
        raise ValueError(f"there is no {data['kind']} called {data['op']!r}")
    return index.load(entry)(**{name: _value(inner) for name, inner in data.items() if name not in ("op", "kind")})


def plain_json(value: Any) -> Any:
    """A value of an argument as what `json.dumps` takes."""
    match value:
        case Op():
            return to_json(value)
        case Duration(count=count, unit=unit):
            return {"duration": [count, unit]}
        case Cut():
            return {"cut": [plain_json(value.start), plain_json(value.stop), value.step]}
        case TensorType():
            return {"type": value.dtype, "shape": [plain_json(dim.value if dim.is_constant else dim) for dim in value.shape]}
        case Dim():
            return {"dim": [[coefficient, [[_atom(a), power] for a, power in monomial]] for monomial, coefficient in value.terms]}
        case tuple() | list():
            return [plain_json(item) for item in value]
        case dict():
            return {"map": {key: plain_json(inner) for key, inner in value.items()}}
    return value


def _atom(atom: str | Floor) -> Any:
    """A symbol or floor of a dim as JSON."""
    return atom if isinstance(atom, str) else {"floor": plain_json(atom.inner)["dim"], "by": atom.divisor}


def _value(data: Any) -> Any:
    """Reads the value of an argument from JSON, as `plain_json` has written it."""
    match data:
        case {"op": _}:
            return from_json(data)
        case {"duration": [int() | float() as count, ("epoch" | "step") as unit], **rest} if not rest:
            if unit == "step" and not float(count).is_integer():
                raise ValueError(f"{count} steps are no whole number of them")
            return Duration(count, unit)
        case {"cut": [start, stop, int() as step], **rest} if not rest:
            return Cut(_value(start), _value(stop), step)
        case {"dim": list() as terms, **rest} if not rest:
            return _dim(terms)
        case {"type": str() as dtype, "shape": list() as shape, **rest} if not rest:
            return TensorType(dtype, [_value(size) for size in shape])
        case {"map": dict() as inner, **rest} if not rest:
            return {key: _value(item) for key, item in inner.items()}
        case dict():
            raise ValueError(f"an object with {', '.join(data)} is no value of an op")
        case list():
            return tuple(_value(item) for item in data)
    return data


def _dim(terms: list[Any]) -> Dim:
    """Σ coefficient · Π atom^power."""
    total = Dim.of(0)
    try:
        for coefficient, monomial in terms:
            product = Dim.of(coefficient)
            for atom, power in monomial:
                product = product * (Dim.symbol(atom) if isinstance(atom, str) else _dim(atom["floor"]) // atom["by"]) ** power
            total = total + product
    except (TypeError, KeyError, ArithmeticError) as error:
        raise ValueError(f"{terms} is no dim: {error}") from None
    return total
