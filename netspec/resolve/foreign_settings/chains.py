"""Finds how settings that belong to the data stand in its chain: the size of a batch, the order, what is set aside."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Edit
from netspec.resolve.foreign_settings.lines import apply_inside, drop_line, give_arguments, insert
from netspec.resolve.foreign_settings.optimizers import Form
from netspec.source import Span
from netspec.syntax import tree


def place_in_data(data: tree.Setting | None, strangers: Sequence[tuple[str, tree.Setting]]) -> list[Form]:
    """How the data chain is with what the strangers, each with its meaning, say of it."""
    if data is None or "#" in data.value.span.text or isinstance(data.value, tree.String):
        return []
    stages = list_stages(data.value)
    batch, shuffle = stages.get("batch"), stages.get("shuffle")
    edits: list[Edit] = []
    behind = ""
    for meaning, item in sorted(strangers, key=lambda s: s[0] != "shuffle"):
        if meaning == "shuffle" and shuffle is None and not is_off(item.value):
            if batch is None:
                behind += " -> shuffle"
            else:
                edits.append(insert(batch.span.source, batch.span.start, "shuffle -> "))
        elif meaning == "shuffle" and shuffle is not None and is_off(item.value):
            edits.append(drop_stage(data.value, shuffle))
        elif meaning == "batch" and isinstance(item.value, tree.Number | tree.Name):
            if batch is None:
                behind += f" -> batch({item.value.span.text})"
            else:
                edits += give_arguments(batch, ("size", "partial"), {"size": item.value.span.text})
        elif meaning == "validation_split" and isinstance(item.value, tree.Number) and isinstance(head := find_head(data.value), Op):
            edits += give_arguments(head, (), {"validation": item.value.span.text})
        elif meaning != "shuffle":
            return []
    end = data.value.span.end
    edits += [insert(data.span.source, end, behind)] if behind else []
    words = f"data = {apply_inside(data.value.span, edits)}"
    return [(words, (*edits, *(drop_line(item) for _, item in strangers)))]


Op = tree.Call | tree.Name


def find_head(chain: tree.Expr) -> tree.Expr:
    """What a chain begins with."""
    return chain.head if isinstance(chain, tree.Chain) else chain


def drop_stage(chain: tree.Expr, op: tree.Call | tree.Name) -> Edit:
    """Takes a stage out of a chain, with the arrow before it."""
    before = chain.span.source.text[: op.span.start].rpartition("->")[0].rstrip()
    return Edit(Span(chain.span.source, len(before), op.span.end), "")


def is_off(value: tree.Expr) -> bool:
    """`false`, `none` or 0."""
    return isinstance(value, tree.Constant | tree.Number) and not value.value


def list_stages(value: tree.Expr) -> dict[str, tree.Call | tree.Name]:
    """The ops of a chain by name."""
    parts = [value] if not isinstance(value, tree.Chain) else [value.head, *(s.call for s in value.stages if isinstance(s, tree.Stage))]
    ops = [part for part in parts if isinstance(part, tree.Call | tree.Name)]
    return {op.callee.text if isinstance(op, tree.Call) else op.text: op for op in ops}
