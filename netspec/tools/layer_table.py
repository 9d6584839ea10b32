"""Draws the table of a model's layers with their shapes and costs, so that it fits the terminal. Floor 5.

Numbers are exact where they fit. In a model with free sizes a cost is a polynomial that may be as long as a page: where it is too long its
leading terms stand, behind a `~`, and sizes that are too long get names, which are listed below the table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.drawing.cells import width
from netspec.shape.leading_terms import lead
from netspec.tools.size_names import SizeNames
from netspec.tools.text_drawing import pad

if TYPE_CHECKING:
    from netspec.cost import Row

HEADINGS = ("layer", "output shape", "parameters", "FLOPs", "bytes")
LEFT = 2
"""So many columns hold words and are aligned left; the others hold numbers."""
COST_COLUMNS = 22
"""What a cost takes that is longer than there is room for."""
READABLE = 24
"""What is left of a path before large numbers are rounded."""
PATH_COLUMNS = 12
"""What is left of a path at least."""


def draw_table(rows: Sequence[Row], totals: Row, columns: int | None = None) -> str:
    """One line per layer and one for the totals, aligned, within so many columns of the terminal; without a number everything is exact."""
    lines = [[layer(row), row.shape, *_costs(row)] for row in (*rows, totals)]
    notes: list[str] = []
    if columns is not None and _total(lines) > columns:
        lines = [[layer(row), row.shape, *map(_shorten, (row.params, row.flops, row.bytes))] for row in (*rows, totals)]
        if any(cell.startswith("~") for line in lines for cell in line):
            notes.append(f"~ leading terms only; exact at sizes: --at {','.join(f'{s}=…' for s in _symbols(totals))}")
    if columns is not None and _total(lines) > columns:
        names = SizeNames()
        lines = [[line[0], names.shapes(row.types), *line[2:]] for line, row in zip(lines, (*rows, totals), strict=True)]
        notes = [*names.lines(columns), *notes]
    for column in (3, 4, 2):  # FLOPs, bytes, parameters
        if columns is not None and _total(lines) - columns > _room(lines):
            lines = [[*line[:column], _round(line[column]), *line[column + 1 :]] for line in lines]
    if any(_ROUNDED.fullmatch(cell) for line in lines for cell in line[LEFT:]):
        notes.append("~ rounded; exact in a wider terminal, `COLUMNS=200`")
    if columns is not None and (excess := _total(lines) - columns) > 0:
        room = max(PATH_COLUMNS, max(width(line[0]) for line in lines) - excess)
        lines = [[_cut(line[0], room), *line[1:]] for line in lines]
    return "\n".join([*_aligned(lines), *(["", *notes] if notes else [])])


def draw_costs(rows: Sequence[Row], totals: Row, columns: int | None = None) -> str:
    """The table with the most expensive layers first: by FLOPs, then by parameters."""
    return draw_table(sorted(rows, key=_expense, reverse=True), totals, columns)


def _expense(row: Row) -> tuple[int, int]:
    """Symbolic amounts are compared at 1 for every symbol: what grows per example counts by its factor."""
    return _value_at_one(row.flops), _value_at_one(row.params)


def _value_at_one(amount: Any) -> int:
    """An amount with every symbol at 1, by which rows are sorted."""
    if isinstance(amount, int) or amount is None:
        return amount or 0
    return amount.substitute(dict.fromkeys(amount.symbols(), 1)).value


# --- cells -----------------------------------------------------------------------------------------------------------


def layer(row: Row) -> str:
    """The path; with the op where the path's last segment does not already say it (`stem (conv)`), and the phase that alone runs it."""
    last = row.path.rsplit("/", 1)[-1]
    notes = [*([] if not row.op or last.startswith(row.op) else [row.op]), *([row.phase] if row.phase else [])]
    return f"{row.path} ({', '.join(notes)})" if notes else row.path


def _costs(row: Row) -> list[str]:
    """The exact amounts of a row."""
    return [number(row.params), number(row.flops), number(row.bytes)]


def number(value: object) -> str:
    """Thousands apart by commas; a symbolic amount as it writes itself, nothing for none."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else _group_digits(str(value))


def _group_digits(text: str) -> str:
    """The long integers inside a polynomial with commas: `1,254,400*B`."""
    return re.sub(r"(?<!\w)\d{4,}(?!\w)", lambda digits: f"{int(digits[0]):,}", text)


def _shorten(amount: Any) -> str:
    """An amount that fits into its column: exact, or its leading terms."""
    exact = number(amount)
    return exact if isinstance(amount, int) or width(exact) <= COST_COLUMNS else f"~{lead(amount, COST_COLUMNS - 1)}"


def _symbols(totals: Row) -> list[str]:
    """The free sizes of the costs."""
    return sorted({s for amount in (totals.flops, totals.bytes) if not isinstance(amount, int) for s in amount.symbols()})


_ROUNDED = re.compile(r"~[0-9.]+[kMGTP]")


def _round(cell: str) -> str:
    """A large number with three digits: `~1.23G` for 1,234,567,890; anything else as it is."""
    if not re.fullmatch(r"[0-9,]{8,}", cell):
        return cell
    value = int(cell.replace(",", ""))
    factor, unit = next((f, u) for f, u in ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (1, "")) if value >= f)
    return f"~{value / factor:#.3g}".rstrip(".") + unit


def _room(lines: Sequence[Sequence[str]]) -> int:
    """So many columns can be taken from the paths."""
    return max(0, max(width(line[0]) for line in lines) - READABLE)


def _cut(path: str, columns: int) -> str:
    """A path whose middle is left out where it is too long: it begins with the block's name, and its end says which layer it is."""
    if width(path) <= columns:
        return path
    last = len(path) - path.rfind("/")
    tail = min(max(last, columns // 2), columns - 1 - min(6, columns // 3))
    return f"{path[: columns - 1 - tail]}…{path[len(path) - tail :]}"


# --- lines -----------------------------------------------------------------------------------------------------------


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width, column)) for column in zip(HEADINGS, *lines, strict=True)]


def _total(lines: Sequence[Sequence[str]]) -> int:
    """The columns of the terminal that a table takes."""
    widths = _widths(lines)
    return sum(widths) + 2 * (len(widths) - 1)


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """The headings, the layers, and the totals behind rules."""
    widths, rule = _widths(lines), "-" * _total(lines)
    return [_line(HEADINGS, widths), rule, *(_line(cells, widths) for cells in lines[:-1]), rule, _line(lines[-1], widths)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line of a table: the first columns flush left, numbers flush right."""
    return "  ".join(pad(cell, columns, i < LEFT) for i, (cell, columns) in enumerate(zip(cells, widths, strict=True))).rstrip()
