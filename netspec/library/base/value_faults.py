"""Describes what is wrong with a value as facts, so that diagnostics of specs and errors of Python callers say the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netspec.record import record


@record
class Fault:
    """Why one alternative of an argument's type refuses a value."""

    words: str
    """What is wanted: `a whole number`, `a number above 0`; a choice's own word."""
    sort: str = "type"
    """"type", "choice" (one of some strings), "op" (an op of some kind), "rule" (a bound or length of the value's own type), or "own"
    (said by a function of the field)."""
    found: str = ""
    """What the value has instead, where that says more than what it is."""


class UnequalLists(ValueError):
    """One list of an op needs as many items as another one has, or one fewer: said of the argument that needs `count` of the `things`."""

    def __init__(self, argument: str, things: str, count: int, found: int, beside: str) -> None:
        super().__init__(f"{count} {things if count != 1 else things.removesuffix('s')}, {beside},")
        self.argument, self.found = argument, found


class BadArguments(ValueError):
    """Arguments that an op refuses: faults by argument, those of all of them together under ""."""

    def __init__(self, op: str, given: Mapping[str, Any], faults: Mapping[str, Sequence[Fault]]) -> None:
        lines = [f"{op}: {_line(name, given, found)}" for name, found in faults.items()]
        super().__init__("\n".join(lines))
        self.faults = faults


def _line(name: str, given: Mapping[str, Any], faults: Sequence[Fault]) -> str:
    """What is wrong with one argument, for callers in Python."""
    if not name:
        return faults[0].words
    return f"`{name}` wants {describe_expected(faults)}" + (f", not {given[name]!r}" if name in given else "")


def describe_expected(faults: Sequence[Fault], kinds: Iterable[str] = ()) -> str:
    """What is wanted, in words: a function's own ones, else the rule that the value's own type breaks, else all types that would do.

    `kinds` are the kinds of op that may stand there, which say more than the classes of ops among the faults.
    """
    for sort in ("own", "rule"):
        for fault in faults:
            if fault.sort == sort:
                return fault.words
    words = [f.words for f in faults if f.sort == "type"] + [f'"{f.words}"' for f in faults if f.sort == "choice"]
    words += [f"{article(kind)} {kind}" for kind in kinds] or [f.words for f in faults if f.sort == "op"]
    return one_of(list(dict.fromkeys(words)))


def one_of(words: list[str]) -> str:
    """`a, b or c`."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def article(kind: str) -> str:
    """The indefinite article for a kind of thing."""
    return "an" if kind[0] in "aeio" else "a"
