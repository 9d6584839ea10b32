"""Draws what a spec says or means as plain text: tables of layers, the syntax tree. Floor 5."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.drawing.cells import width

if TYPE_CHECKING:
    from netspec.cost import Row

HEADINGS = ("layer", "output shape", "parameters", "FLOPs", "bytes")
_LEFT = 2
"""So many columns hold words and are aligned left; the others hold numbers."""


def draw_table(rows: Sequence[Row], totals: Row) -> str:
    """One line per layer and one for the totals, the columns aligned; numbers are exact."""
    body = [_cells(row) for row in rows]
    total = _cells(totals)
    widths = [max(map(width, column)) for column in zip(HEADINGS, *body, total, strict=True)]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([_line(HEADINGS, widths), rule, *(_line(cells, widths) for cells in body), rule, _line(total, widths)])


def draw_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Words in columns, the headings above a rule."""
    widths = [max(map(width, column)) for column in zip(headings, *rows, strict=True)]
    lines = ["  ".join(_pad(cell, columns, True) for cell, columns in zip(row, widths, strict=True)).rstrip() for row in (headings, *rows)]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def draw_costs(rows: Sequence[Row], totals: Row) -> str:
    """The table with the most expensive layers first: by FLOPs, then by parameters."""
    return draw_table(sorted(rows, key=_expense, reverse=True), totals)


def _expense(row: Row) -> tuple[int, int]:
    """Symbolic amounts are compared at 1 for every symbol: what grows per example counts by its factor."""
    return _value_at_one(row.flops), _value_at_one(row.params)


def _value_at_one(amount: Any) -> int:
    """An amount with every symbol at 1, by which rows are sorted."""
    if isinstance(amount, int) or amount is None:
        return amount or 0
    return amount.substitute(dict.fromkeys(amount.symbols(), 1)).value


def _cells(row: Row) -> tuple[str, ...]:
    """The cells of one row of the table of layers."""
    return (_layer(row), str(row.shape), number(row.params), number(row.flops), number(row.bytes))


def _layer(row: Row) -> str:
    """The path; with the op where the path's last segment does not already say it (`stem (conv)`)."""
    last = row.path.rsplit("/", 1)[-1]
    return row.path if not row.op or last.startswith(row.op) else f"{row.path} ({row.op})"


def number(value: object) -> str:
    """Thousands apart by commas; a symbolic amount as it writes itself, nothing for none."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else _group_digits(str(value))


def _group_digits(text: str) -> str:
    """The long integers inside a polynomial with commas: `1,254,400*B`."""
    return re.sub(r"(?<!\w)\d{4,}(?!\w)", lambda digits: f"{int(digits[0]):,}", text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line of a table: the first columns flush left, numbers flush right."""
    padded = [_pad(cell, width, i < _LEFT) for i, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _pad(cell: str, columns: int, left: bool) -> str:
    """A cell filled with blanks to a width in columns of the terminal."""
    blanks = " " * (columns - width(cell))
    return cell + blanks if left else blanks + cell


# --- trees -----------------------------------------------------------------------------------------------------------


def draw_tree(node: Any) -> str:
    """A tree of dataclasses, one node a line, indented by depth: its class, then its plain fields; spans are left out."""
    return "\n".join(_tree_lines(node, "", 0))


def _tree_lines(node: Any, name: str, depth: int) -> Iterator[str]:
    """A node of the tree and those below it, each on a line."""
    label = f"{name}: " if name else ""
    inline, nested = _split(node)
    yield "  " * depth + label + " ".join([type(node).__name__, *inline])
    for field_name, child in nested:
        if isinstance(child, tuple):
            yield "  " * (depth + 1) + f"{field_name}:"
            for item in child:
                yield from _tree_lines(item, "", depth + 2)
        else:
            yield from _tree_lines(child, field_name, depth + 1)


def _split(node: Any) -> tuple[list[str], list[tuple[str, Any]]]:
    """A node's plain fields as words, and its fields that hold nodes. Fields at their default say nothing."""
    inline, nested = [], []
    for field in fields(node):
        value = getattr(node, field.name)
        if not field.compare or value is None or value == field.default or value == ():
            continue
        if is_dataclass(value) or (isinstance(value, tuple) and is_dataclass(value[0])):
            nested.append((field.name, value))
        else:
            inline.append(_word(field.name, value))
    return inline, nested


def _word(name: str, value: Any) -> str:
    """A name, an operator or a number's text stands alone; anything else behind the name of its field."""
    if name == "parts":
        return ".".join(value)
    return str(value) if name in ("name", "text", "op") else f"{name}={value!r}"
