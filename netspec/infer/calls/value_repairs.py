"""Proposes values in the place of one that an op or a block refuses: the nearest in range, or the same written as it is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.infer.frame import Frame
from netspec.infer.values import BlockValue, Given, OpValue
from netspec.record import replace
from netspec.resolve.foreign.calls import Written, propose_calls, takes_of
from netspec.resolve.foreign.ops import list_readings
from netspec.resolve.foreign.values import convert_text, split_items
from netspec.source import NOWHERE, Span

_NUMBER = re.compile(r"-?[0-9][0-9_]*(\.[0-9]+)?(e[+-]?[0-9]+)?")
_BOUND = re.compile(r"(at least|above|below|at most) (-?[0-9]+(?:\.[0-9]+)?)")


def propose_values(frame: Frame, given: Given, wanted: str, words: str) -> list[Repair]:
    """Edits of an argument's value, where it is written: in the call, or where the name got its value that stands there."""
    at = frame.find_origin(given.span)
    if at is NOWHERE or at.source.text == "":
        return []
    exact = convert_text(at.text, wanted)
    return [Repair((Edit(at, text),), text, guess=text not in exact) for text in list_texts(at.text, wanted, words)]


def list_texts(text: str, wanted: str, words: str) -> list[str]:
    """What may stand instead of a value's text, the likeliest first; `words` say what is wanted."""
    found = [
        *leave_out_examples(text, words),
        *near_numbers(text, words),
        *near_items(text, words),
        *near_lists(text, words),
        *convert_text(text, wanted),
    ]
    return list(dict.fromkeys(each for each in found if each != text))


def leave_out_examples(text: str, words: str) -> Iterator[str]:
    """Types of one example where those of a batch are written: `{x: f32[B, 3]}`."""
    if text.startswith("{") and "one example" in words:
        yield re.sub(r"\bB\]", "]", re.sub(r"\[B, *", "[", text))


def near_items(text: str, words: str) -> Iterator[str]:
    """A list with the nearest number for each that is out of range."""
    if not (text.startswith("[") and text.endswith("]")):
        return
    items = split_items(text)
    fixed = [next(iter(near_numbers(item, words)), item) for item in items]
    if fixed != items:
        yield f"[{', '.join(fixed)}]"


def near_lists(text: str, words: str) -> Iterator[str]:
    """A list of as many items as are wanted, the last ones going on as those before; or in ascending order, where that is wanted."""
    wanted = re.match(r"([0-9]+) (numbers?|moments?)\b", words)
    if not (text.startswith("[") and text.endswith("]")) or not (wanted or "each later than the one before" in words):
        return
    items = split_items(text)
    if wanted is None:
        yield f"[{', '.join(sorted(items, key=lambda item: float(re.sub(r'[^0-9.e-]', '', item.split()[0]) or 0)))}]"
        return
    while len(items) < int(wanted[1]):
        items.append(go_on(items))
    yield f"[{', '.join(items[: int(wanted[1])])}]"


def go_on(items: list[str]) -> str:
    """The next item of a list: a number falls as those before it, or tenfold; a moment comes as long after."""
    found = [re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?(?:e-?[0-9]+)?)( \w+)?", item) for item in items[-2:]]
    numbers = [float(m[1].replace("_", "")) for m in found if m is not None]
    unit = next((m[2] or "" for m in reversed(found) if m is not None), "")
    if not numbers:
        return items[-1] if items else "0.1"
    if unit:
        step = numbers[-1] - numbers[0] if len(numbers) == 2 and numbers[0] < numbers[-1] else numbers[-1]
        return f"{numbers[-1] + step:g} {unit.strip().removesuffix('s')}s"
    ratio = numbers[-1] / numbers[0] if len(numbers) == 2 and numbers[0] else 0.1
    return f"{numbers[-1] * ratio:.6g}"


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


def propose_rewritten(value: OpValue | BlockValue) -> list[Repair]:
    """The whole call written as its op or block takes it: every value of another sort at once, PyTorch's first numbers left out."""
    call = Written(value.span, value.call)
    if not value.call or not call.span.text.endswith(")"):
        return []
    if isinstance(value, BlockValue):
        found = propose_calls(call, takes_of(value.definition))
    else:
        readings = list_readings("", value.entry, value.call)
        found = [repair for r in readings for repair in propose_calls(call, takes_of(value.entry), gone=r.gone, named=r.named)]
    return [repair for repair in dict.fromkeys(found) if repair.edits]


def give_missing(problem: MissingArgument, numbers: Iterable[int]) -> MissingArgument:
    """The problem with numbers of the spec's own for the one argument that is missing, before those of examples."""
    at, text = problem.at, problem.at.text
    if len(problem.names) != 1 or not re.match(r"\w+\(.*\)$", text, re.DOTALL) or at.source.pointers is not None:
        return problem
    end = Span(at.source, at.end - 1, at.end - 1)
    comma = "" if text.rstrip(") \n").endswith(("(", ",")) else ", "
    ways = []
    for number in dict.fromkeys(numbers):
        more = f"{comma}{problem.names[0]}={number}"
        ways.append(Repair((Edit(end, more),), " ".join(f"{text[:-1]}{more})".split())))
    return replace(problem, ways=(*ways, *problem.ways))


def propose_missing(value: OpValue | BlockValue, missing: Sequence[str], examples: Iterable[Sequence[str]]) -> list[Repair]:
    """The call with a value for each argument that is missing, as in the examples."""
    what = takes_of(value.entry if isinstance(value, OpValue) else value.definition)
    params, given = list(what.types), list(value.args)
    plain = given == params[: len(given)] and list(missing) == params[len(given) : len(given) + len(missing)]
    plain = plain and all(arg.name is None for arg in value.call)
    text, at = value.span.text, value.span
    closed = text.endswith(")")
    end = Span(at.source, at.end - closed, at.end - closed)
    found = []
    for values in examples:
        written = ", ".join(v if plain else f"{name}={v}" for name, v in zip(missing, values, strict=True))
        inside = f"{', ' if value.call else ''}{written}" if closed else f"({written})"
        new = f"{text[: len(text) - closed]}{inside}{')' if closed else ''}"
        found.append(Repair((Edit(end, inside),), " ".join(new.split()), guess=True))
    return list(dict.fromkeys(found))
