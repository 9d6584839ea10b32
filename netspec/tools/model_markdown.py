"""Writes a model as Markdown for a pull request: its costs, a drawing for Mermaid, and its layers. Floor 5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.cost import Row
from netspec.ir import Body
from netspec.tools.layer_table import HEADINGS, layer, number
from netspec.tools.markdown import code, fence, fit, write_table
from netspec.tools.mermaid import draw_model

FOLDED = 20
"""So many layers stand in the open; more are folded."""
LARGEST = 25_000
"""Characters of the table: with the drawing it stays within what a comment on GitHub takes."""


WHERE = "`netspec show FILE --as table`"
"""What shows the parts for which a comment has no room."""


def write_models(models: Iterable[tuple[Body, Sequence[Row], Row]]) -> str:
    """The models, each with its rows and their sum, as far as a comment takes their parts."""
    return fit([write_model(*model) for model in models], WHERE)


def write_model(model: Body, rows: Sequence[Row], total: Row) -> list[str]:
    """The parts of a model, the first under a heading."""
    costs = [("parameters", _amount(total.params)), ("FLOPs", _amount(total.flops)), ("activation bytes", _amount(total.bytes))]
    drawing = draw_model(model)
    head = "\n".join([f"### model {code(model.name)}", "", *write_table(("", "one forward pass"), costs)])
    return [head, *([fence(drawing, "mermaid")] if drawing else []), _layers(rows, total)]


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
    """An amount; one with free sizes stands as code, since names and `*` may mean something else in Markdown."""
    text = number(value)
    return code(text) if any(c.isalpha() or c in "*_" for c in text) else text
