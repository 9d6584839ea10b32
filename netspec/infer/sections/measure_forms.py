"""Finds the losses and metrics that are meant where something stands that is none: a name, a string, an empty call, a list of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations, product
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.training.settings import LossNotAMean
from netspec.infer.values import OpValue, Tensor, Value, describe
from netspec.ir import OUTPUT
from netspec.library.shelf import index
from netspec.resolve.foreign_settings.lines import word_of
from netspec.resolve.foreign_settings.measures import KINDS, find_measure, takes_inputs
from netspec.resolve.graph import Local
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.sections.objective import ObjectiveFrame

MOST = 6
"""Forms that are tried."""


def find_bare(frame: ObjectiveFrame, node: tree.Expr) -> str:
    """The loss or metric that stands alone where it should be called on something, or that a string names; "" for anything else."""
    if isinstance(node, tree.Call) and not takes_inputs(node):
        name = node.callee.text
    else:
        name = word_of(node)
    if not name or name.partition(".")[0] in frame.env or isinstance(node, tree.Name) and is_local(frame, node):
        return ""
    if index.lookup(name, *KINDS):
        return name
    return "" if index.entries(name) and not isinstance(node, tree.String) else find_measure(name)


def is_local(frame: ObjectiveFrame, node: tree.Name) -> bool:
    """A name that the section binds, also where its line could not be read."""
    return isinstance(frame.world.graph.meaning(node), Local)


def describe_bare(frame: ObjectiveFrame, node: tree.Expr, op: str) -> LossNotAMean:
    """The problem of such a node."""
    entry = index.lookup(op, *KINDS)
    named = index.lookup(node.callee.text if isinstance(node, tree.Call) else word_of(node), *KINDS)
    found = f"the {named.kind} `{named.name}`" if named and not isinstance(node, tree.String) else describe_text(node)
    texts = [write_call(op, given, node) for given in find_inputs(frame, op)] if entry is not None else []
    return LossNotAMean(at=node.span, found=found, ways=make_forms(node, texts))


def describe_text(node: tree.Expr) -> str:
    """What stands there, in words."""
    return f'the string `"{node.value}"`' if isinstance(node, tree.String) else f"`{node.span.text}`"


def describe_other(frame: ObjectiveFrame, node: tree.Expr, value: Value) -> LossNotAMean:
    """The problem of a value that is no mean: of several the sum may be meant, of a bare op its call."""
    parts = list_parts(node)
    texts = [" + ".join(choice) for choice in islice(product(*(write_part(frame, *part) for part in parts)), MOST)] if parts else []
    if isinstance(value, OpValue) and not parts and value.entry.kind in KINDS:
        return describe_bare(frame, node, value.entry.name)
    return LossNotAMean(at=node.span, found=describe(value), ways=make_forms(node, texts))


def list_parts(node: tree.Expr) -> list[tuple[str, tree.Expr]]:
    """The values of a list, of several in parentheses or of a dict, each with its key."""
    match node:
        case tree.DictExpr():
            return [(item.key, item.value) for item in node.items]
        case tree.ListExpr():
            return [("", item) for item in node.items]
        case tree.TupleExpr():
            return [(arg.name or "", arg.value) for arg in node.items]
    return []


def write_part(frame: ObjectiveFrame, key: str, node: tree.Expr) -> list[str]:
    """The terms that one of several values may be."""
    op = find_bare(frame, node)
    if not op:
        return [node.span.text]
    found = [write_call(op, given, node) for given in find_inputs(frame, op)]
    own = [text for text in found if key and f"({key}," in text]
    return own or found


def make_forms(node: tree.Expr, texts: Sequence[str]) -> tuple[Repair, ...]:
    return tuple(Repair((Edit(node.span, text),), text) for text in dict.fromkeys(texts))


def write_call(op: str, given: Sequence[str], node: tree.Expr) -> str:
    """`op(logits, label, …)` with the arguments that stand there already and that it has."""
    entry = index.lookup(op, *KINDS)
    known = {a.name for a in entry.signature} if entry is not None else set()
    args = [a.span.text for a in node.args if a.name is None or a.name in known] if isinstance(node, tree.Call) else []
    return f"{op}({', '.join([*given, *args])})"


def find_inputs(frame: ObjectiveFrame, op: str) -> list[tuple[str, ...]]:
    """What a loss or metric may be called on, the likeliest first: an output of the model, then fields that are no inputs of it."""
    entry = index.lookup(op, *KINDS)
    if entry is None:
        return []
    count = sum(not i.optional for i in entry.inputs)
    outputs, fields, inputs = list_tensors(frame)
    firsts = outputs or inputs
    rests: Iterator[tuple[str, ...]] = permutations([*fields, *inputs, *outputs], count - 1)
    found = ((first, *rest) for first, rest in product(firsts, list(islice(rests, 4 * MOST))) if first not in rest)
    return list(islice(sorted(found, key=lambda given: [name not in fields for name in given[1:]]), MOST))


def list_tensors(frame: ObjectiveFrame) -> tuple[list[str], list[str], list[str]]:
    """The model's outputs, the fields that are no inputs of it, and those that are, by name."""
    names = {port.name for port in frame.ports}
    outputs = [name.removeprefix(OUTPUT) for name in names if name.startswith(OUTPUT)]
    order = [name for name, value in frame.env.items() if isinstance(value, Tensor)]
    taken = frame.model.input_types()
    mine = [name for name in order if name in outputs]
    others = [name for name in order if name not in outputs]
    return mine, [name for name in others if name not in taken], [name for name in others if name in taken]
