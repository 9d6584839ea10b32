"""What a model's layers make and cost, as `netspec show` computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netspec.cost import Row, group, table
from netspec.ir import Body
from netspec.report.markup import Html, join, note, tag
from netspec.report.markup import table as draw
from netspec.shape import Dim
from netspec.tools.layer_table import layer, number

MOST_ROWS = 400
"""Layers of a model that have a row each; of more, blocks have."""


def tabulate(model: Body) -> Html:
    """A row for each layer with its shape, parameters, FLOPs and bytes for one example, and their sum."""
    batch = model.batch
    symbols = sorted(batch.symbols()) if batch is not None and not batch.is_constant else []
    sizes = dict.fromkeys(symbols, 1)

    def dim(size: Dim) -> Dim:
        return model.facts.normal(size)

    rows, total = table(model)
    shown = _shorten(rows)
    lines = [_cells(row, dim, sizes) for row in (*shown, total)]
    at = f" FLOPs and bytes are of one forward pass at {', '.join(f'{s} = 1' for s in symbols)}." if symbols else ""
    more = f" {len(rows):,} layers; each row is a block." if len(shown) < len(rows) else ""
    return join(
        note("As ", tag("code", "netspec show"), f" counts them.{at}{more}"),
        draw(("layer", "makes", "parameters", "FLOPs", "bytes"), lines, words=2),
    )


def _shorten(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, of a deep model those of its blocks."""
    depth = max((row.path.count("/") for row in rows), default=0) + 1
    while len(rows) > MOST_ROWS and depth > 1:
        depth -= 1
        rows = group(rows, depth)
    return rows[:MOST_ROWS]


def _cells(row: Row, dim: Callable[[Dim], Dim], sizes: dict[str, int]) -> tuple[str, ...]:
    """Shapes as the spec has them, costs at the sizes."""
    costs = row.at(lambda size: dim(size).substitute(sizes))
    return (layer(row), row.at(dim).shape, number(row.params), number(costs.flops), number(costs.bytes))
