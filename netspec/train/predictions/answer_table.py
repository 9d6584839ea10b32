"""Draws rows of answers as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.diagnostics.drawing.cells import escape
from netspec.limits import LIMITS
from netspec.train.predictions.answer_files import flatten
from netspec.train.predictions.file_prediction import Row


def draw_answers(rows: Sequence[Row]) -> str:
    """The first rows, and how many there are besides."""
    lines = [line for row in rows[: LIMITS.predicted_lines] for line in _lines(row)]
    shown = lines[: LIMITS.predicted_lines]
    if not shown:
        return "no examples"
    names = list(shown[0])[: LIMITS.predicted_columns]
    cells = [[_text(line.get(name, "")) for name in names] for line in shown]
    numeric = [all(isinstance(line.get(name, 0), int | float) for line in shown) for name in names]
    widths = [max(len(name), *(len(row[place]) for row in cells)) for place, name in enumerate(names)]
    drawn = [_align(row, widths, numeric) for row in [names, *cells]]
    left = len(rows) - LIMITS.predicted_lines
    cut = [f"… and {left:,} more: have all of them written by `--output predictions.csv`"] if left > 0 or len(lines) > len(shown) else []
    cut = cut if left > 0 or not cut else ["… and more: have all of it written by `--output predictions.csv`"]
    return "\n".join([*drawn, *cut])


def _lines(row: Row) -> list[dict[str, Any]]:
    """The lines of a row; of what has more axes than a table only its shape."""
    plain = {
        name: _describe(value) if isinstance(value, list) and value and isinstance(value[0], list) else value for name, value in row.items()
    }
    return list(flatten("", plain))


def _describe(value: Any) -> str:
    """The sizes of nested lists."""
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return str(sizes)


def _text(value: Any) -> str:
    """A cell: floats in four digits, long texts cut."""
    text = f"{value:.4g}" if isinstance(value, float) else escape(str(value))
    return text if len(text) <= LIMITS.predicted_characters else text[: LIMITS.predicted_characters - 1] + "…"


def _align(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    """Numbers to the right, texts to the left."""
    return "  ".join(cell.rjust(w) if right else cell.ljust(w) for cell, w, right in zip(row, widths, numeric, strict=True)).rstrip()
