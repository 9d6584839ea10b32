"""Proposes the lines that a section of training lacks: those that most have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netspec.diagnostics.base import Edit, Repair
from netspec.resolve.foreign_settings.measures import find_arguments
from netspec.resolve.graph import Definition
from netspec.source import Span
from netspec.syntax import tree

USUAL = {
    "data": "data = digits() -> shuffle -> batch(32)",
    "optimizer": "optimizer = adam(0.001)",
    "duration": "duration = 10 epochs",
}
LOSSES = ("softmax_cross_entropy", "mean_squared_error", "sigmoid_cross_entropy")


def propose_lines(node: tree.Train, model: Definition | None, missing: Sequence[str]) -> Iterator[Repair]:
    """The missing lines at the section's end; several ways where the loss may be one of several."""
    text, source, end = node.body.span.text, node.body.span.source, node.body.span.end - 1
    if "\n" not in text or not text.endswith("}") or source.pointers is not None:
        return
    place = source.text.rfind("\n", 0, end) + 1
    if source.text[place:end].strip():
        return
    outputs = [o.name for o in model.outputs if o.name] if model is not None else []
    losses = [f"loss = {op}({given})" for given in find_arguments(node.body, outputs) for op in LOSSES] if "loss" in missing else [""]
    for loss in losses:
        lines = [loss if name == "loss" else USUAL.get(name, "") for name in missing]
        if all(lines):
            yield Repair((Edit(Span(source, place, place), "".join(f"  {line}\n" for line in lines)),), "`, `".join(lines), guess=True)
