"""Gives short names to long sizes, as `H1` for `(H + 1)//4 - 1`, so that shapes fit a table. Floor 5."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from netspec.shape import Dim, TensorType
from netspec.shape.types import shape_text

LONG = 6
"""A size of so many characters is short enough to stand as it is."""


class SizeNames:
    """The names that were given so far: a symbol that the size depends on, and a number."""

    def __init__(self) -> None:
        self.names: dict[Dim, str] = {}
        self.counts: dict[str, int] = {}

    def shapes(self, types: Iterable[TensorType]) -> str:
        """Types as text, with names for their long sizes."""
        return ", ".join(t.dtype + shape_text(Dim.symbol(self.name(d)) if len(str(d)) > LONG else d for d in t.shape) for t in types)

    def name(self, size: Dim) -> str:
        """The name of a size, the same one each time."""
        if size not in self.names:
            taken = {name for dim in self.names for name in dim.symbols()}
            symbol = next(iter(sorted(size.symbols())), "N")
            while (name := self._next(symbol)) in taken | size.symbols():
                pass
            self.names[size] = name
        return self.names[size]

    def _next(self, symbol: str) -> str:
        self.counts[symbol] = self.counts.get(symbol, 0) + 1
        return f"{symbol}{self.counts[symbol]}"

    def lines(self, columns: int) -> Iterator[str]:
        """What the names stand for, one a line, long ones wrapped."""
        for size, name in self.names.items():
            yield from textwrap.wrap(f"{name} = {size}", columns, subsequent_indent="    ", break_long_words=False)
