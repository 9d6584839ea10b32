"""Reads the sizes of free dims that a command is given, `--at B=1,H=224`. Floor 6."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence

from netspec.cli.terminal import say


def parse_sizes(text: str) -> list[tuple[str, int]]:
    """`[("B", 1), ("H", 224)]` of `B=1,H=224`; anything else is an error of use."""
    return [_parse_size(part) for part in text.split(",")]


def _parse_size(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not (name.strip() and number.strip().replace("_", "").isdecimal() and len(number) < MOST_DIGITS and int(number) > 0):
        raise ArgumentTypeError(f"`{text[:80]}` is not DIM=SIZE with a size of 1 or more")
    return name.strip(), int(number)


MOST_DIGITS = 1_000
"""Python reads no number of more than some thousand digits."""


def parse_depth(text: str) -> int:
    """How many segments of a path stand in a row: 1 or more."""
    if not (text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"`{text}` is not a whole number of 1 or more")
    return int(text)


def refuse_repeated(sizes: Sequence[tuple[str, int]]) -> bool:
    """A dim has two sizes, which is said."""
    known: dict[str, int] = {}
    for name, size in sizes:
        if known.setdefault(name, size) != size:
            say(f"`--at` gives `{name}` two sizes, {known[name]} and {size}: write one.")
            return True
    return False


def check_sizes(sizes: Mapping[str, int], free: Sequence[str]) -> bool:
    """Every size is of a free dim; else it is said which is not, and which there are."""
    from netspec.diagnostics.suggestions.nearest import nearest, one_of

    unknown = next((name for name in sizes if name not in free), None)
    if unknown is None:
        return True
    known = list(dict.fromkeys(free))
    near = nearest(unknown, known) or known
    say(f"no input has a free dim `{unknown}`" + (f"; there is {one_of(near)}." if near else "."))
    return False
