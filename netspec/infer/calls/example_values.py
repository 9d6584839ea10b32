"""Gives values for arguments that are missing: those of the op's own examples, else usual ones of the type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.library.base import Duration, Op
from netspec.shape import DTYPES

USUAL = {
    "int": ("64", "3", "2", "1"),
    "float": ("0.1", "1.0", "0.5"),
    "bool": ("true",),
    "str": ('"x"',),
    "dtype": ("f32",),
    "layer": ("relu",),
    "function": ("relu",),
    "initializer": ("zeros",),
    "duration": ("10 steps", "1 epoch"),
    "schedule": ("0.001",),
    "list[int]": ("[64, 64]", "[1]"),
    "list[float]": ("[0.1, 0.01]",),
}


def list_examples(cls: type[Op] | None, types: Sequence[str], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Values for the arguments `names`, which have these types, the likeliest first."""
    found = []
    for example in cls.examples() if cls is not None else ():
        texts = [write(getattr(example.op, name, None)) for name in names]
        if all(texts):
            found.append(tuple(texts))
    usual = [next((texts for kind, texts in USUAL.items() if type_.startswith(kind)), ()) for type_ in types]
    rounds = max(map(len, usual), default=0) if all(usual) else 0
    found += [tuple(texts[min(n, len(texts) - 1)] for texts in usual) for n in range(rounds)]
    return list(dict.fromkeys(found))[:6]


def write(value: Any) -> str:
    """A value as a spec writes it; "" for what has no short text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return value if value in DTYPES else f'"{value}"'
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, list | tuple):
        items = [write(item) for item in value]
        return f"[{', '.join(items)}]" if items and all(items) else ""
    return value.op_name() if isinstance(value, Op) and not any(a.required for a in value.arguments().values()) else ""
