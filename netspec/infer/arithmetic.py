"""Computes with what is known before anything runs: numbers, sizes, lists and conditions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.expansion import IndexOutOfRange, SizeOutOfRange
from netspec.diagnostics.shapes.proofs import BadOperands, CannotDecide
from netspec.infer.values import Value, are_same, describe, is_number, is_size, to_plain
from netspec.library.base import Duration
from netspec.limits import LIMITS
from netspec.shape import Dim, Facts, Verdict

ARITHMETIC: dict[str, Callable] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
COMPARISONS: dict[str, Callable] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def combine(op: str, left: Value, right: Value, facts: Facts) -> Value:
    """`left op right` of static values. Raises Mistake."""
    left, right = to_plain(left), to_plain(right)
    if op in COMPARISONS:
        return compare(op, left, right, facts)
    if op in ("in", "not in"):
        return find_member(left, right, facts) == (op == "in")
    if isinstance(left, tuple) and isinstance(right, tuple) and op == "+":
        return bound_list(left + right)
    if isinstance(left, str) and isinstance(right, str) and op == "+":
        return bound_text(left + right)
    if is_number(left) and is_number(right):
        return bound_number(combine_numbers(op, left, right))
    if is_size(left) and is_size(right):
        return combine_sizes(op, left, right)
    raise Mistake(BadOperands(op=op, left=describe(left), right=describe(right), repair=propose_operands(op, left, right)))


def propose_operands(op: str, left: Value, right: Value) -> str:
    """What would do instead, where sizes or durations do not go together with the others."""
    if isinstance(left, Dim) or isinstance(right, Dim):
        return "sizes are whole numbers: divide with `//`" if op == "/" else "sizes that are not numbers yet join with whole numbers only"
    if isinstance(left, Duration) or isinstance(right, Duration):
        return "durations are written with one number and one unit"
    return ""


def combine_numbers(op: str, left: int | float, right: int | float) -> int | float:
    """`left op right` of numbers. Raises Mistake where there is no such number."""
    if op in ("/", "//", "%") and right == 0:
        raise Mistake(BadOperands(op=op, left=describe(left), right="zero"))
    if op == "**" and abs(right) > LIMITS.exponent and abs(left) > 1:
        base = left if left >= 0 else f"({left})"
        raise Mistake(SizeOutOfRange(what=f"the exponent of `{base} ** {right}`", value=str(right), limit=f"at most {LIMITS.exponent}"))
    if op == "**" and left == 0 and right < 0:
        raise Mistake(BadOperands(op=op, left="zero", right=describe(right)))
    try:
        result = ARITHMETIC[op](left, right) if op in ARITHMETIC else None
    except OverflowError as error:
        raise Mistake(SizeOutOfRange(what=f"`{left} {op} {right}`", value="beyond every number", limit="below 1e308")) from error
    if result is None or isinstance(result, complex):
        raise Mistake(BadOperands(op=op, left=describe(left), right=describe(right)))
    return result


def bound_number(value: int | float) -> int | float:
    """The number, unless it is beyond those that a program may have."""
    if isinstance(value, int) and abs(value) >= LIMITS.number:
        raise Mistake(SizeOutOfRange(what="this number", value=f"{value:,}"[:40], limit="below 2**63"))
    return value


def bound_list(values: tuple) -> tuple:
    """The list, unless it holds more than a list may, lists inside of it included."""
    count, stack = 0, [values]
    while stack and count <= LIMITS.list_items:
        inner = stack.pop()
        count += len(inner)
        stack += [v for v in inner if isinstance(v, tuple)]
    if count > LIMITS.list_items:
        raise Mistake(
            SizeOutOfRange(what="the length of this list", value=f"more than {LIMITS.list_items:,}", limit=f"at most {LIMITS.list_items:,}")
        )
    return values


def bound_text(text: str) -> str:
    """The text, unless it is longer than a string may be."""
    if len(text) > LIMITS.text_characters:
        raise Mistake(SizeOutOfRange(what="the length of this string", value=f"{len(text):,}", limit=f"at most {LIMITS.text_characters:,}"))
    return text


def combine_sizes(op: str, left: Value, right: Value) -> Value:
    """Arithmetic of sizes of which at least one is symbolic."""
    if op in ("//", "%") and isinstance(right, int) and right > 0:
        return to_plain(ARITHMETIC[op](Dim.of(left), right))
    if op == "**" and isinstance(right, int) and right >= 0:
        return to_plain(Dim.of(left) ** right)
    if op in ("+", "-", "*"):
        return to_plain(ARITHMETIC[op](Dim.of(left), right))
    raise Mistake(BadOperands(op=op, left=describe(left), right=describe(right), repair=propose_operands(op, left, right)))


def compare(op: str, left: Value, right: Value, facts: Facts) -> bool:
    """A comparison that must be decided: sizes by what is known about them."""
    if (isinstance(left, Dim) or isinstance(right, Dim)) and is_size(left) and is_size(right):
        verdict = facts.compare(op, Dim.of(left), Dim.of(right))
        if verdict is Verdict.UNKNOWN:
            raise Mistake(CannotDecide(condition=f"{left} {op} {right}", missing=facts.missing(Dim.of(left), Dim.of(right), op)))
        return verdict is Verdict.PROVED
    comparable = (is_number(left) and is_number(right)) or op in ("==", "!=") or (isinstance(left, str) and isinstance(right, str))
    if not comparable:
        raise Mistake(BadOperands(op=op, left=describe(left), right=describe(right)))
    return are_same(left, right) == (op == "==") if op in ("==", "!=") else COMPARISONS[op](left, right)


def find_member(value: Value, items: Value, facts: Facts) -> bool:
    """Whether a list holds a value; each item that might be it must be decided."""
    if not isinstance(items, tuple):
        raise Mistake(BadOperands(op="in", left=describe(value), right=describe(items), repair="behind `in` stands a list: `[1, 2]`"))
    open_items: list[Mistake] = []
    for item in items:
        try:
            if compare("==", value, to_plain(item), facts):
                return True
        except Mistake as mistake:
            open_items.append(mistake)
    if open_items:
        raise open_items[0]
    return False


def negate(value: Value) -> Value:
    """`-value`."""
    if is_number(value):
        return -value
    if isinstance(value, Dim):
        return to_plain(-value)
    raise Mistake(BadOperands(op="-", left=describe(value)))


def take_item(values: tuple, index: Value) -> Value:
    """One item of a list; a negative index counts from the end."""
    index = to_plain(index)
    if not is_size(index) or isinstance(index, Dim):
        raise Mistake(BadOperands(op="[ ]", left="a list", right=describe(index), repair="an index is a whole number"))
    if not -len(values) <= index < len(values):
        raise Mistake(IndexOutOfRange(index=index, length=len(values)))
    return values[index]


def round_with(function: Callable[[float], int], value: Value) -> Value:
    """`floor`, `ceil` or `round` of a number; sizes are whole already."""
    if is_size(value):
        return value
    if is_number(value) and math.isfinite(value):
        return function(value)
    raise Mistake(BadOperands(op=function.__name__, left=describe(value)))


def make_range(*values: Value) -> tuple:
    """`range(n)`, `range(start, stop, step)`."""
    numbers = [to_plain(v) for v in values]
    if not 1 <= len(numbers) <= 3 or not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
        raise Mistake(BadOperands(op="range", left=", ".join(map(describe, numbers)) or "nothing", repair="`range(n)` takes whole numbers"))
    if len(numbers) == 3 and numbers[2] == 0:
        raise Mistake(BadOperands(op="range", left="a step of zero"))
    made = range(*numbers)
    if len(made) > LIMITS.range_items:
        raise Mistake(SizeOutOfRange(what="the length of this range", value=f"{len(made):,}", limit=f"at most {LIMITS.range_items:,}"))
    return tuple(made)


def list_items(name: str, values: tuple[Value, ...]) -> tuple:
    """The items that `sum`, `min`, `max` work on: of one list, or the arguments themselves."""
    items = values[0] if len(values) == 1 and isinstance(values[0], tuple) else values
    if not items and name != "sum":
        raise Mistake(BadOperands(op=name, left="an empty list"))
    if not all(is_number(to_plain(v)) for v in items):
        raise Mistake(BadOperands(op=name, left=", ".join(describe(v) for v in items)))
    return tuple(to_plain(v) for v in items)


def take_list(name: str, values: tuple[Value, ...]) -> tuple:
    """The one list that a function such as `len` takes."""
    if len(values) != 1 or not isinstance(values[0], tuple):
        raise Mistake(BadOperands(op=name, left=", ".join(map(describe, values)) or "nothing", repair=f"`{name}` takes one list"))
    return values[0]


def zip_lists(*values: Value) -> tuple:
    """Lists of one length as a list of tuples."""
    if not values or not all(isinstance(v, tuple) for v in values):
        raise Mistake(BadOperands(op="zip", left=", ".join(map(describe, values)) or "nothing", repair="`zip` takes lists of one length"))
    lengths = [len(v) for v in values]
    if len(set(lengths)) != 1:
        found = f"lists of {', '.join(map(str, lengths[:-1]))} and {lengths[-1]} items"
        repair = f"`zip` takes lists of one length: give all of them {max(lengths)}, or cut the longer ones with `[:{min(lengths)}]`"
        raise Mistake(BadOperands(op="zip", left=found, repair=repair))
    return bound_list(tuple(zip(*values, strict=True)))


def enumerate_list(*values: Value) -> tuple:
    """The items of a list with their positions, counted from 0 or from the number behind the list."""
    start = to_plain(values[1]) if len(values) == 2 else 0
    if not isinstance(start, int) or isinstance(start, bool):
        raise Mistake(BadOperands(op="enumerate", left=describe(start), repair="positions count from a whole number: `enumerate(xs, 1)`"))
    return bound_list(tuple(enumerate(take_list("enumerate", values if len(values) != 2 else values[:1]), start)))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "range": make_range,
    "len": lambda *v: len(take_list("len", v)),
    "enumerate": enumerate_list,
    "reverse": lambda *v: tuple(reversed(take_list("reverse", v))),
    "zip": zip_lists,
    "sum": lambda *v: bound_number(sum(list_items("sum", v))),
    "min": lambda *v: min(list_items("min", v)),
    "max": lambda *v: max(list_items("max", v)),
    "floor": lambda *v: round_with(math.floor, *v),
    "ceil": lambda *v: round_with(math.ceil, *v),
    "round": lambda *v: round_with(round, *v),
}
