"""Writes a model as Markdown for a pull request: its costs, a drawing for Mermaid, and its layers. Floor 5."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.cost import Row
from netspec.ir import Body
from netspec.tools.layer_table import HEADINGS, layer, number
from netspec.tools.markdown import code, fence, write_table
from netspec.tools.mermaid import draw_model

FOLDED = 20
"""So many layers stand in the open; more are folded."""
LARGEST = 25_000
"""Characters of the table: with the drawing it stays within what a comment on GitHub takes."""


def write_model(model: Body, rows: Sequence[Row], total: Row) -> str:
    """The model under a heading."""
    costs = [("parameters", _amount(total.params)), ("FLOPs", _amount(total.flops)), ("activation bytes", _amount(total.bytes))]
    drawing = draw_model(model)
    parts = [f"### model {code(model.name)}", "\n".join(write_table(("", "one forward pass"), costs))]
    parts += [fence(drawing, "mermaid")] if drawing else []
    return "\n\n".join([*parts, _layers(rows, total)])


def _layers(rows: Sequence[Row], total: Row) -> str:
    """The table of layers, which opens at a click where it is long."""
    cells = [(code(layer(row)), code(row.shape), _amount(row.params), _amount(row.flops), _amount(row.bytes)) for row in rows]
    kept = _fitting(cells)
    more = [(f"and {len(cells) - len(kept):,} more", "", "", "", "")] if len(kept) < len(cells) else []
    whole = ("**total**", "", _amount(total.params), _amount(total.flops), _amount(total.bytes))
    table = "\n".join(write_table(HEADINGS, [*kept, *more, whole], left=2))
    return f"<details>\n<summary>{len(rows):,} layers</summary>\n\n{table}\n\n</details>" if len(rows) > FOLDED else table


def _fitting(cells: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The first rows that have room."""
    size, kept = 0, []
    for row in cells:
        size += sum(map(len, row)) + 16
        if size > LARGEST:
            break
        kept.append(row)
    return kept


def _amount(value: object) -> str:
    """An amount; what has free sizes stands as code, since a `*` means something else in Markdown."""
    text = number(value)
    return code(text) if "*" in text else text
