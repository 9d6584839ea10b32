"""The shelf's index: name -> kind, module and signature, without importing any family. `python -m netspec.library.index` rewrites it.

A name may belong to several kinds (`constant` is an initializer and a schedule); the position it stands in says which is meant.
Two kinds of one group of `MEETING` can stand in one position and never share a name.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NamedTuple

from netspec.library._index import ENTRIES

if TYPE_CHECKING:
    from netspec.library.base import Op

MEETING = (
    ("layer", "function", "loss"),
    ("loss", "metric"),
    ("dataset", "transform"),
    ("optimizer",),
    ("schedule",),
    ("initializer",),
)
"""Groups of kinds that can meet in one position: a `let` in training sees functions and losses, a `metric` losses and metrics."""


class Argument(NamedTuple):
    """An argument as the signature shows it."""

    name: str
    required: bool
    type: str
    """The type as text: `int | list[int]`, `initializer`, `float?`."""


class Input(NamedTuple):
    """A tensor input as the signature shows it."""

    name: str
    optional: bool


class Entry(NamedTuple):
    """What is known of a name before its family is imported."""

    name: str
    alias_of: str | None
    """The name this one is another spelling of."""
    kind: str
    module: str
    class_name: str
    signature: tuple[Argument, ...]
    inputs: tuple[Input, ...]
    variadic: bool
    results: int
    symbol: str
    """For operators: `+`, `[]`, …"""

    def load(self) -> type[Op]:
        """The class; imports its family."""
        return getattr(importlib.import_module(self.module), self.class_name)


def _table() -> dict[str, tuple[Entry, ...]]:
    table: dict[str, tuple[Entry, ...]] = {}
    for name, alias, kind, module, class_name, signature, inputs, variadic, results, symbol in ENTRIES:
        arguments, tensors = tuple(Argument(*a) for a in signature), tuple(Input(*i) for i in inputs)
        entry = Entry(name, alias, kind, f"netspec.library.{module}", class_name, arguments, tensors, variadic, results, symbol)
        table[name] = (*table.get(name, ()), entry)
    return table


_BY_NAME = _table()
_OPERATORS = {(entry.symbol, len(entry.inputs)): entry for entries in _BY_NAME.values() for entry in entries if entry.symbol}


def lookup(name: str, *kinds: str) -> Entry | None:
    """The entry of a name that is one of these kinds (of any kind but operator when none is given)."""
    for entry in _BY_NAME.get(name, ()):
        if entry.kind in kinds or (not kinds and entry.kind != "operator"):
            return entry
    return None


def names(*kinds: str) -> list[str]:
    """All names of these kinds, aliases included, in alphabetical order."""
    return sorted(name for name, entries in _BY_NAME.items() if any(entry.kind in kinds for entry in entries))


def entries() -> list[Entry]:
    """Every entry, aliases included."""
    return [entry for group in _BY_NAME.values() for entry in group]


def load(name: str, *kinds: str) -> type[Op]:
    """The class of a name; imports its family. Raises KeyError when there is none."""
    entry = lookup(name, *kinds)
    if entry is None:
        raise KeyError(name)
    return entry.load()


def operator(symbol: str, arity: int) -> type[Op]:
    """The class behind an operator: ("-", 1) is negation, ("[]", 1) indexing. Raises KeyError when there is none."""
    return _OPERATORS[symbol, arity].load()


if __name__ == "__main__":
    from netspec.library.generate import main

    sys.exit(main(sys.argv[1:]))
