"""Proposes values in the place of one that an op or a block refuses: the nearest in range, or the same written as it is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Edit, Repair
from netspec.infer.frame import Frame
from netspec.infer.values import BlockValue, Given, OpValue
from netspec.resolve.foreign.calls import Written, propose_calls, takes_of
from netspec.resolve.foreign.values import convert_text, split_items
from netspec.source import NOWHERE, Span

_NUMBER = re.compile(r"-?[0-9][0-9_]*(\.[0-9]+)?(e[+-]?[0-9]+)?")
_BOUND = re.compile(r"(at least|above|below|at most) (-?[0-9]+(?:\.[0-9]+)?)")


def propose_values(frame: Frame, given: Given, wanted: str, words: str) -> list[Repair]:
    """Edits of an argument's value, where it is written: in the call, or where the name got its value that stands there."""
    at = find_origin(frame, given.span)
    if at is NOWHERE or at.source.text == "":
        return []
    return [Repair((Edit(at, text),), text) for text in list_texts(at.text, wanted, words)]


def list_texts(text: str, wanted: str, words: str) -> list[str]:
    """What may stand instead of a value's text, the likeliest first; `words` say what is wanted."""
    found = [*convert_text(text, wanted), *near_numbers(text, words), *near_items(text, words)]
    return list(dict.fromkeys(each for each in found if each != text))


def near_items(text: str, words: str) -> Iterator[str]:
    """A list with the nearest number for each that is out of range."""
    if not (text.startswith("[") and text.endswith("]")):
        return
    items = split_items(text)
    fixed = [next(iter(near_numbers(item, words)), item) for item in items]
    if fixed != items:
        yield f"[{', '.join(fixed)}]"


def near_numbers(text: str, words: str) -> Iterator[str]:
    """The nearest numbers within bounds that are given in words: "a whole number above 0"."""
    if not _NUMBER.fullmatch(text):
        return
    value, whole = float(text.replace("_", "")), "whole" in words
    bounds = [(kind, float(end)) for kind, end in _BOUND.findall(words)]
    if not bounds or all(_holds(value, kind, end) for kind, end in bounds):
        return
    tried = [abs(value)] if value < 0 else []
    tried += [n for kind, end in bounds for n in _inside(value, kind, end, whole)]
    yield from dict.fromkeys(_write(n, whole) for n in tried if all(_holds(n, kind, end) for kind, end in bounds))


def _holds(value: float, kind: str, end: float) -> bool:
    return {"at least": value >= end, "above": value > end, "below": value < end, "at most": value <= end}[kind]


def _inside(value: float, kind: str, end: float, whole: bool) -> Iterable[float]:
    """Numbers just inside of a bound that the value breaks."""
    if _holds(value, kind, end):
        return ()
    share = (value / 100,) if 1 < value <= 100 and end == 1 and value >= 2 else ()  # 50 for half of all
    if kind in ("at least", "at most"):
        return (*share, end)
    if whole:
        return (end + 1 if kind == "above" else end - 1,)
    return (*share, end + 0.1 if kind == "above" else end - 0.1 * max(abs(end), 1))


def _write(value: float, whole: bool) -> str:
    """A number as a spec writes it."""
    text = f"{value:.6g}"
    return text if whole or "." in text or "e" in text else f"{text}.0"


def find_origin(frame: Frame, at: Span) -> Span:
    """Where the text stands that an argument's value comes from: a name's own value, in the call of the block or in its declaration."""
    name = at.text
    if not name.isidentifier():
        return at
    if name in frame.written:
        return frame.written[name]
    graph = frame.world.graph
    definition = graph.definitions.get(frame.name)
    own = next((p for p in definition.params if p.name == name), None) if definition is not None else None
    param = own or graph.params.get(name)
    return param.default.span if param is not None and param.default is not None else at


def propose_rewritten(value: OpValue | BlockValue, wrong: Sequence[str] = ()) -> list[Repair]:
    """The whole call written as its op or block takes it: every value of another sort at once, PyTorch's first number left out."""
    what = takes_of(value.entry if isinstance(value, OpValue) else value.definition)
    call = Written(value.span, value.call)
    if not value.call or not call.span.text.endswith(")"):
        return []
    first = next((n for n, arg in enumerate(value.call) if arg.name is None), None)
    found = propose_calls(call, what)
    if isinstance(value, OpValue) and first is not None and wrong:
        found += propose_calls(call, what, gone=(first,))
    return [repair for repair in found if repair.edits]
