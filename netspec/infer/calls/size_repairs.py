"""Proposes the nearest values of an argument that an op's shape rule accepts, where it blames the one that is given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.infer.frame import Frame
from netspec.infer.types import try_shape
from netspec.infer.values import Given, to_plain
from netspec.library.base import Callable
from netspec.resolve.foreign.values import split_items
from netspec.shape import DimTooComplex, TensorType

FARTHEST, FURTHER = 600, 64
"""How far from the given number others are tried; and how many more of them when one was found."""
MOST = 4
"""Numbers that are proposed."""


def propose_arguments(
    frame: Frame, op: Callable, args: Mapping[str, Given], blame: str, inputs: list[Any], optional: dict[str, TensorType]
) -> tuple[Repair, ...]:
    """Edits of the blamed argument's number, or of another one's that is nearer, where it is written as one: in the call, in a loop's list,
    or in the declaration of a param."""
    found: list[tuple[float, Repair]] = []
    for name in (blame, *(name for name in args if name != blame)):
        at, value = frame.find_origin(args[name].span), to_plain(args[name].value)
        accepted = list_accepted(frame, op, name, list_values(at.text, value), inputs, optional)
        words = "{}" if name == blame else f"{name}={{}}"
        found += [(measure(at.text, text), Repair((Edit(at, text),), words.format(text), guess=True)) for text in islice(accepted, MOST)]
    return tuple(repair for _, repair in sorted(found, key=lambda each: each[0]))


def list_accepted(
    frame: Frame, op: Callable, name: str, values: Iterable[tuple[str, Any]], inputs: list[Any], optional: dict[str, TensorType]
) -> Iterator[str]:
    """The texts of the values that the op takes; what is far behind the first of them is not looked at."""
    left = FARTHEST * 2
    for text, other in values:
        left -= 1
        if left < 0 or not frame.world.may_try():
            return
        with frame.world.timed():
            fits = accepts(frame, op, name, other, inputs, optional)
        if fits:
            left = min(left, FURTHER)
            yield text


def measure(before: str, after: str) -> float:
    """How far a number is from the one that stood there, as a share of it; 0 of lists, which differ in one number."""
    old, new = _reads(before), _reads(after)
    return abs(old - new) / max(abs(old), 1) if old is not None and new is not None else 0.0


def list_values(text: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Numbers near a written one, the nearest first, or lists with one of their numbers changed."""
    if isinstance(value, int) and not isinstance(value, bool) and _reads(text) == value:
        yield from ((str(n), n) for n in near(value))
    elif isinstance(value, tuple) and text.startswith("[") and len(items := split_items(text)) == len(value):
        places = [n for n, item in enumerate(items) if isinstance(to_plain(value[n]), int) and _reads(item) == to_plain(value[n])]
        numbers = {n: list(near(_reads(items[n]) or 0)) for n in places}
        for step in range(2 * FARTHEST):
            for n in places:
                if step < len(numbers[n]):
                    other = numbers[n][step]
                    new = [str(other) if k == n else item for k, item in enumerate(items)]
                    yield f"[{', '.join(new)}]", [other if k == n else to_plain(v) for k, v in enumerate(value)]


def near(value: int) -> Iterator[int]:
    """Whole numbers of the same sign by their distance, the smaller one first; axes are counted from the end as well."""
    for distance in range(1, FARTHEST):
        yield from (n for n in (value - distance, value + distance) if n > 0 or (value <= 0 and n < 8) or (n == 0 and value < 8))


def _reads(text: str) -> int | None:
    return int(text.replace("_", "")) if re.fullmatch(r"-?[0-9][0-9_]*", text) else None


def accepts(frame: Frame, op: Callable, name: str, value: Any, inputs: list[Any], optional: dict[str, TensorType]) -> bool:
    """The op takes the value, and its shape rule the inputs with it."""
    faults: list[Any] = []
    checked = op.arguments()[name].check(value, faults)
    if faults:
        return False
    changed = op.replaced(**{name: checked})
    try:
        changed._judge()
        return try_shape(frame.facts, changed, inputs, optional) is not None
    except (Mistake, DimTooComplex, ValueError):
        return False
