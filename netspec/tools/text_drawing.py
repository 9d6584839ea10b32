"""Draws columns of words, and the tree of a spec, as plain text. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from netspec.diagnostics.drawing.cells import width


def draw_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Words in columns, the headings above a rule."""
    widths = [max(map(width, column)) for column in zip(headings, *rows, strict=True)]
    lines = ["  ".join(pad(cell, columns, True) for cell, columns in zip(row, widths, strict=True)).rstrip() for row in (headings, *rows)]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def pad(cell: str, columns: int, left: bool) -> str:
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
