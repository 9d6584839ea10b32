"""Gathers the defaults that a spec relies on: `adam.eps` is 1e-8 because the library says so, and no line of the spec does. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.library.base import Op
from netspec.library.shelf.op_text import is_default, value_text

Defaults = dict[str, dict[str, str]]
"""By kind of op, then by `op.argument`: a default is the same wherever it is relied on."""


def note_defaults(value: Any, into: Defaults) -> None:
    """Adds the defaults of an op, and of the ops in its arguments."""
    for op in find_ops(value):
        for name, argument in op.arguments().items():
            if name != op.open_arguments and not op.composed and is_default(op, name, argument):
                into.setdefault(op.kind, {})[f"{op.op_name()}.{name}"] = _text(getattr(op, name))


def find_ops(value: Any) -> Iterator[Op]:
    """The ops in a value at any depth, itself first."""
    if isinstance(value, Op):
        yield value
        for name in value.arguments():
            yield from find_ops(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from find_ops(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_ops(item)


def _text(value: Any) -> str:
    """The value as the language writes it; of what it has no words for (a slice) as Python does."""
    try:
        return value_text(value)
    except TypeError:
        return repr(value)


def sort_defaults(found: Defaults) -> dict[str, dict[str, str]]:
    """In the order of the alphabet: where a default was met first says nothing."""
    return {kind: dict(sorted(found[kind].items())) for kind in sorted(found)}
