"""Finds layers that add up very many products of numbers drawn too wide, with no norm behind: they give many times what they got."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod, sqrt

from netspec.diagnostics.base import Diagnostic
from netspec.ir import Apply, Body, Port, list_bodies, walk_nodes
from netspec.ir.def_use import DefUse
from netspec.ir.paths import weights_of
from netspec.library.base import Weight
from netspec.source import Span

WIDE = 1024
"""Products from which on a sum is a very wide one."""
LARGER = 10
"""Times as large as what came in from which on it is told."""


def find_wide_sums(models: Iterable[Body]) -> list[Diagnostic]:
    """Such layers of models, each once."""
    found: dict[tuple[int, Span], Diagnostic] = {}
    for body in {id(body): body for model in models for body in list_bodies(model)}.values():
        for node in walk_nodes(body.nodes):
            if isinstance(node, Apply) and not node.op.grows_by_ids:
                for fan, spread in list_fans(body, node):
                    if fan >= WIDE and spread * sqrt(fan) >= LARGER and not is_tamed(body, node):
                        found.setdefault((id(node.span.source), node.span), describe(node, fan, spread))
    return list(found.values())


def list_fans(body: Body, node: Apply) -> Iterator[tuple[int, float]]:
    """How many products each kernel of a layer adds up, and the standard deviation that the spec writes for its numbers."""
    for weight in weights_of(body, node).values():
        spread = weight.init.deviation()
        if spread is not None and len(weight.shape) > 1:
            yield count_products(weight), spread


def count_products(weight: Weight) -> int:
    """The fan-in of a kernel: all of its axes but the last, where it says nothing else."""
    sizes = [size if isinstance(size, int) else size.value for size in weight.shape]
    return weight.fan[0] if weight.fan is not None else prod(sizes[:-1])


def is_tamed(body: Body, node: Apply) -> bool:
    """Something that reads the result is a norm, or arithmetic that may scale it."""
    readers = DefUse.of(body).readers.get(node.outputs[0], ())
    return any(not isinstance(reader, Port | Apply) or (isinstance(reader, Apply) and tames(reader)) for reader in readers)


def tames(reader: Apply) -> bool:
    """A norm, as its scale says, or an operator."""
    return bool(reader.op.undecayed) or reader.op.kind == "operator"


def describe(node: Apply, fan: int, spread: float) -> Diagnostic:
    from netspec.diagnostics.shapes.norms import WideSum  # few specs have this problem

    return WideSum(at=node.span, op=node.op.op_name(), fan=fan, spread=spread, times=round(spread * sqrt(fan)), usual=1 / sqrt(fan))
