"""Writes the tables and fenced blocks of the reference: examples and what is inferred of them. Floor 5."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.library.base import Example, Measure
from netspec.library.shelf.op_text import argument_texts
from netspec.shape import Facts, TensorType
from netspec.tools import reference_examples


def fence_text(text: str, language: str = "") -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def describe_measure(example: Example) -> tuple[str, str, str]:
    """A loss or metric on its inputs, and the type of the values that it averages."""
    op = example.op
    assert isinstance(op, Measure)
    names = [tensor.name for tensor in op.inputs[: len(example.inputs)]]
    given = [f"{name}={name}" for name in example.named]
    types = {name: reference_examples.type_of(text) for name, text in example.named.items()}
    values = op.shape(Facts(), *map(reference_examples.type_of, example.inputs), **types)
    assert isinstance(values, TensorType)
    kinds = ", ".join(f"`{name}: {kind}`" for name, kind in (*zip(names, example.inputs, strict=True), *example.named.items()))
    return f"`{op.op_name()}({', '.join([*names, *argument_texts(op), *given])})`", kinds, f"`{values}`"


def list_kept(what: str, named: reference_examples.Kept) -> str:
    """Parameters or buffers with their types and initial values."""
    return f"{what}: {', '.join(f'`{name}: {kind}`' for name, kind in named)}."


def callables(found: Sequence[Example]) -> str:
    """The first example as a model with its parameters; all of them with what they give and cost."""
    every = [(example, reference_examples.show_example(example)) for example in found]
    first = every[0][1]
    rows = [
        (f"`{shown.call}`", ", ".join(f"`{kind}`" for kind in (*example.inputs, *example.named.values())) or "none")
        + (", ".join(f"`{kind}`" for kind in shown.results), f"{shown.params:,}", shown.flops)
        for example, shown in every
    ]
    kept = [list_kept(what, named) for what, named in first.kept() if named]
    known = {name for _, named in first.kept() for name, _ in named}
    more = {name: kind for _, shown in every for _, named in shown.kept() for name, kind in named if name not in known}
    kept += [list_kept("In other examples", tuple(more.items()))] if more else []
    return "\n\n".join([fence_text(first.model, "net"), *kept, table(("example", "inputs", "result", "parameters", "FLOPs"), rows)])
