"""The shelf's index: name -> kind, module and signature, without importing any family. `python -m netspec.library.shelf.index` rewrites it.

A name may belong to several kinds (`constant` is an initializer and a schedule); the position it stands in says which is meant.
Two kinds of one group of `MEETING` can stand in one position and never share a name.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.library.shelf._index import ENTRIES

if TYPE_CHECKING:
    from netspec.library.base import Op

MEETING = (
    ("layer", "function", "loss", "method"),
    ("loss", "metric"),
    ("dataset", "transform"),
    ("optimizer",),
    ("schedule",),
    ("initializer",),
    ("decoder",),
    ("mapping",),
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
    open_arguments: str
    """The parameter that collects further named arguments, or nothing."""


class Shelf(NamedTuple):
    """What a plugin adds."""

    entries: dict[str, tuple[Entry, ...]]
    """By full name, `acme.fast_conv`."""
    classes: dict[Entry, type[Op]]


def make_entry(row: tuple) -> Entry:
    """The entry of a row, which has its fields in order."""
    name, alias, kind, module, class_name, signature, inputs, *facts = row
    arguments, tensors = tuple(Argument(*a) for a in signature), tuple(Input(*i) for i in inputs)
    return Entry(name, alias, kind, module, class_name, arguments, tensors, *facts)


def _rows_by_name() -> dict[str, list[tuple]]:
    """The built-in rows by name and alias; a name may stand for things of several kinds."""
    rows: dict[str, list[tuple]] = {}
    for row in ENTRIES:
        rows.setdefault(row[0], []).append(row)
    return rows


_PLUGINS: ContextVar[tuple[Shelf, ...]] = ContextVar("plugins", default=())
"""What the plugins add that were asked for here."""
_ROWS = _rows_by_name()
_OWN: dict[str, tuple[Entry, ...]] = {}
"""The built-in entries of the names that were looked up: a spec names a few of more than three hundred."""


@contextmanager
def extend_shelf(shelves: tuple[Shelf, ...]) -> Iterator[None]:
    """What these plugins add, and nothing else of plugins, is on the shelf inside."""
    before = _PLUGINS.set(shelves)
    try:
        yield
    finally:
        _PLUGINS.reset(before)


def lookup(name: str, *kinds: str) -> Entry | None:
    """The entry of a name that is one of these kinds, or of any kind when none is given."""
    return next((entry for entry in entries(name) if not kinds or entry.kind in kinds), None)


def names(*kinds: str) -> list[str]:
    """All names of these kinds, of all when none is given, aliases included, in alphabetical order."""
    return _select_names(kinds) if _PLUGINS.get() else list(_own_names(kinds))


def _select_names(kinds: tuple[str, ...]) -> list[str]:
    """All names, of netspec and of the plugins asked for, that mean something of these kinds."""
    return sorted(name for name in _names() if lookup(name, *kinds))


@lru_cache
def _own_names(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Those without plugins; a file with many unknown names asks again and again."""
    return tuple(_select_names(kinds))


def entries(name: str) -> list[Entry]:
    """The entries of a name, one per kind; operators are not reached by name."""
    return [entry for entry in _entries(name) if entry.kind != "operator"]


def all_entries() -> list[Entry]:
    """Every entry of the shelf, aliases and operators included."""
    return [entry for name in _names() for entry in _entries(name)]


def _names() -> list[str]:
    """The names of netspec's own entries, then those of the plugins asked for."""
    return list(dict.fromkeys([*_ROWS, *(name for shelf in _PLUGINS.get() for name in shelf.entries)]))


def _entries(name: str) -> tuple[Entry, ...]:
    """The entries of a name, operators among them: netspec's own, then those of the plugins asked for."""
    of_plugins = (entry for shelf in _PLUGINS.get() for entry in shelf.entries.get(name, ()))
    return (*_own_entries(name), *of_plugins)


def _own_entries(name: str) -> tuple[Entry, ...]:
    """Netspec's own, made when the name is first looked up."""
    if name not in _OWN and name in _ROWS:
        _OWN[name] = tuple(_own_entry(*row) for row in _ROWS[name])
    return _OWN.get(name, ())


def _own_entry(name: str, alias: str | None, kind: str, module: str, *row: Any) -> Entry:
    """The entry of a row of `_index.py`, which names a module relative to the library."""
    return make_entry((name, alias, kind, f"netspec.library.{module}", *row))


def load(entry: Entry | str, *kinds: str) -> type[Op]:
    """The class of an entry, or of a name (of one of these kinds); imports its family. Raises KeyError for an unknown name."""
    found = lookup(entry, *kinds) if isinstance(entry, str) else entry
    if found is None:
        raise KeyError(entry)
    of_plugin = next((shelf.classes[found] for shelf in _PLUGINS.get() if found in shelf.classes), None)
    return of_plugin or getattr(importlib.import_module(found.module), found.class_name)


def operator(symbol: str, arity: int) -> Entry:
    """What an operator means: ("-", 1) is negation, ("[]", 1) indexing. Raises KeyError when there is none."""
    return _operators()[symbol, arity]


@lru_cache(maxsize=1)
def _operators() -> dict[tuple[str, int], Entry]:
    """The operators by sign and number of operands."""
    signs = [name for name, rows in _ROWS.items() if any(row[2] == "operator" for row in rows)]
    return {(entry.symbol, len(entry.inputs)): entry for name in signs for entry in _own_entries(name) if entry.symbol}


def composes(kind: str) -> bool:
    """Whether `->` between values of this kind makes one of that kind."""
    return lookup("chain", kind) is not None


def compose(parts: Sequence[Op]) -> Op:
    """What `->` between values of one kind makes: its kind's `chain`. Raises KeyError for a kind without one."""
    return load("chain", parts[0].kind)(parts=tuple(parts))  # type: ignore[call-arg]


if __name__ == "__main__":
    from netspec.library.shelf.index_writer import main

    sys.exit(main(sys.argv[1:]))
