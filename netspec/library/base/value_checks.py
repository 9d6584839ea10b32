"""Checks values against annotations when an argument is first given, as strictly as pydantic would, without its weight.

`check_of(annotation)` is a function of a value and a list: it returns the value to keep, and appends a `Fault` for each alternative of the
type that refuses it. An int does where a float is wanted and becomes one; a bool is no number; floats are finite; a tuple takes other lists
only under `Field(strict=False)`. Raises TypeError for an annotation that it does not know, which the laws over the registry would show.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any

from netspec.library.base.field_bounds import AfterValidator, BeforeValidator, Exactly, Rule
from netspec.library.base.value_faults import Fault, article
from netspec.shape import Dim, TensorType

Check = Callable[[Any, list[Fault]], Any]
Limit = tuple[Any, Callable[[Any, Any], bool], Fault]
"""An end, the test of a value against it, and what is wanted where it fails."""

_WHOLE, _NUMBER, _FINITE = Fault("a whole number"), Fault("a number"), Fault("a finite number", "rule")
_TEXT, _LIST, _DICT = Fault("a string"), Fault("a list"), Fault("a dict")


@cache
def check_of(annotation: Any) -> Check:
    """The check of a type as it stands in an annotation."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return check_ruled(args[0], args[1:])
    if origin is typing.Union or origin is UnionType:
        return check_either([check_of(arg) for arg in sorted(args, key=_takes_other_types)])
    if origin is typing.Literal:
        return check_choice(args)
    if origin is not None:
        return container(origin, args)
    if isinstance(annotation, typing.NewType):
        return check_of(annotation.__supertype__)
    if isinstance(annotation, type):
        return instance(annotation)
    raise TypeError(f"{annotation} is no type of an argument")


def _takes_other_types(annotation: Any) -> bool:
    """Takes values of another type too, so that its neighbours in a union come first: 1 is an int in `float | int`."""
    return annotation is float or (typing.get_origin(annotation) is typing.Annotated and typing.get_args(annotation)[0] is float)


def container(origin: Any, args: tuple[Any, ...], lax: bool = False) -> Check:
    """The check of a list, tuple or dict of checked items."""
    if origin is tuple and args[-1:] == (...,):
        return sequence(tuple, check_of(args[0]), lax)
    if origin is tuple:
        return row([check_of(arg) for arg in args], lax)
    if origin is list:
        return sequence(list, check_of(args[0]), lax)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return mapping(origin, check_of(args[0]), check_of(args[1]))
    raise TypeError(f"{origin} is no type of an argument")


# --- plain values ----------------------------------------------------------------------------------------------------


def accept_anything(value: Any, faults: list[Fault]) -> Any:
    """The check of an annotation that admits every value."""
    return value


def check_whole(value: Any, faults: list[Fault]) -> Any:
    """A whole number; a truth value is none."""
    if type(value) is int:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    faults.append(_WHOLE)
    return value


def check_real(value: Any, faults: list[Fault]) -> Any:
    """A finite float; whatever Python calls a number does, NumPy's scalars among them."""
    if type(value) is not float:
        if isinstance(value, bool) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
            faults.append(_NUMBER)
            return value
        try:
            value = float(value)
        except (TypeError, ValueError, OverflowError):
            faults.append(_NUMBER)
            return value
    if value - value != 0:  # an infinity or not a number
        faults.append(_FINITE)
    return value


def text(value: Any, faults: list[Fault]) -> Any:
    """Checks that a value is a string, and reports a fault where it is not."""
    if isinstance(value, str):
        return str(value)
    faults.append(_TEXT)
    return value


def check_instance(kind: type, words: str) -> Check:
    """Objects of a class that nothing else is taken for."""
    fault = Fault(words)

    def check(value: Any, faults: list[Fault]) -> Any:
        if not isinstance(value, kind):
            faults.append(fault)
        return value

    return check


def instance(kind: type) -> Check:
    """Objects of a class, or ops of a kind."""
    op = getattr(kind, "kind", None)
    name = op if isinstance(op, str) else kind.__name__.lower()
    fault = Fault(f"{article(name)} {name}", "op" if isinstance(op, str) else "type")

    def check(value: Any, faults: list[Fault]) -> Any:
        if not isinstance(value, kind):
            faults.append(fault)
        return value

    return check


def check_choice(words: tuple[Any, ...]) -> Check:
    """One of some constants, of the constant's own type."""
    typed = [(word, type(word)) for word in words]
    wanted = [Fault(w, "choice") if isinstance(w, str) else Fault(str(w)) for w in words]

    def check(value: Any, faults: list[Fault]) -> Any:
        for word, kind in typed:
            if isinstance(value, kind) and isinstance(value, bool) == isinstance(word, bool) and value == word:
                return word
        faults.extend(wanted)
        return value

    return check


_PLAIN: dict[Any, Check] = {
    Any: accept_anything,
    int: check_whole,
    float: check_real,
    bool: check_instance(bool, "true or false"),
    str: text,
    None: check_instance(NoneType, "`none`"),
    NoneType: check_instance(NoneType, "`none`"),
    Dim: check_instance(Dim, "a whole number"),
    TensorType: check_instance(TensorType, "a type such as `f32[13]`"),
}


# --- values made of values -------------------------------------------------------------------------------------------


def check_either(checks: list[Check]) -> Check:
    """The first alternative that takes the value."""

    def check(value: Any, faults: list[Fault]) -> Any:
        refused: list[Fault] = []
        for one in checks:
            found: list[Fault] = []
            made = one(value, found)
            if not found:
                return made
            refused += found
        faults += refused
        return value

    return check


def items_of(value: Any, kind: type, lax: bool) -> list[Any] | None:
    """The items of a list, or None for anything else; a lax one is whatever can be walked through but text and dicts."""
    if isinstance(value, kind):
        return list(value)
    if not lax or isinstance(value, str | bytes | bytearray | Mapping):
        return None
    try:
        return list(value)
    except TypeError:
        return None


def sequence(kind: type, inner: Check, lax: bool) -> Check:
    """Items of one kind, any number of them."""

    def check(value: Any, faults: list[Fault]) -> Any:
        items = items_of(value, kind, lax)
        if items is None:
            faults.append(_LIST)
            return value
        return kind([inner(item, faults) for item in items])

    return check


def row(inner: list[Check], lax: bool) -> Check:
    """A tuple with a type of its own for each item."""
    size = Fault(f"a list of {len(inner)}", "rule")

    def check(value: Any, faults: list[Fault]) -> Any:
        items = items_of(value, tuple, lax)
        if items is None or len(items) != len(inner):
            faults.append(_LIST if items is None else size)
            return value
        return tuple([one(item, faults) for one, item in zip(inner, items, strict=True)])

    return check


def mapping(kind: type, key: Check, inner: Check) -> Check:
    """A dict whose keys and values are checked."""

    def check(value: Any, faults: list[Fault]) -> Any:
        if not isinstance(value, kind):
            faults.append(_DICT)
            return value
        return {key(name, faults): inner(item, faults) for name, item in value.items()}

    return check


# --- rules -----------------------------------------------------------------------------------------------------------


def check_ruled(annotation: Any, rules: tuple[Any, ...]) -> Check:
    """A type with what `Annotated` or a field says beside it; marks of others (`Wanted`) say nothing here."""
    lax = any(isinstance(rule, Rule) and rule.strict is False for rule in rules)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    check = container(origin, args, lax) if lax else check_of(annotation)
    for rule in rules:
        if isinstance(rule, Rule):
            check = add_limits(check, rule, limits(rule, annotation))
        elif isinstance(rule, AfterValidator):
            check = check_then_call(check, rule.func)
        elif isinstance(rule, BeforeValidator):
            check = call_then_check(check, rule.func)
        elif isinstance(rule, Exactly):
            check = instance(annotation)
    return check


def limits(rule: Rule, annotation: Any) -> list[Limit]:
    """The tests that a value of the type must pass, each with what is wanted where it fails."""
    number = "a whole number" if annotation is int else "a number"
    both = f"{number} of at least {rule.ge} and below {rule.lt}" if rule.ge is not None and rule.lt is not None else ""
    tests: list[tuple[Any, Callable[[Any, Any], bool], str]] = [
        (rule.gt, lambda value, end: value > end, f"{number} above {rule.gt}"),
        (rule.ge, lambda value, end: value >= end, both or f"{number} of at least {rule.ge}"),
        (rule.lt, lambda value, end: value < end, both or f"{number} below {rule.lt}"),
        (rule.le, lambda value, end: value <= end, f"{number} of at most {rule.le}"),
        (rule.min_length, lambda value, end: len(value) >= end, f"a list of at least {rule.min_length}"),
        (rule.max_length, lambda value, end: len(value) <= end, f"a list of at most {rule.max_length}"),
    ]
    return [(end, test, Fault(words, "rule")) for end, test, words in tests if end is not None]


def add_limits(inner: Check, rule: Rule, tests: list[Limit]) -> Check:
    """A check, and then the rule's limits."""

    def check(value: Any, faults: list[Fault]) -> Any:
        old = len(faults)
        value = inner(value, faults)
        if len(faults) == old:
            faults += [fault for end, test, fault in tests if not test(value, end)][:1]
        return value

    return check if tests else inner


def check_then_call(inner: Check, function: Callable[[Any], Any]) -> Check:
    """A check, and then a function of the value that passed."""

    def check(value: Any, faults: list[Fault]) -> Any:
        old = len(faults)
        value = inner(value, faults)
        return call_checked(function, value, faults) if len(faults) == old else value

    return check


def call_then_check(inner: Check, function: Callable[[Any], Any]) -> Check:
    """A function of the raw value, and then the check of what it gives."""

    def check(value: Any, faults: list[Fault]) -> Any:
        old = len(faults)
        value = call_checked(function, value, faults)
        return inner(value, faults) if len(faults) == old else value

    return check


def call_checked(function: Callable[[Any], Any], value: Any, faults: list[Fault]) -> Any:
    """A function's value; its refusal is a fault in its own words."""
    try:
        return function(value)
    except (ValueError, AssertionError) as refusal:
        faults.append(Fault(str(refusal), "own"))
        return value
