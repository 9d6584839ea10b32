"""Finds biases that the norm behind them takes away again: what is added everywhere alike is part of the mean that it subtracts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.diagnostics.base import Diagnostic
from netspec.ir import Apply, Body, list_bodies, walk_nodes
from netspec.ir.def_use import DefUse
from netspec.source import Span


def find_idle_biases(models: Iterable[Body]) -> list[Diagnostic]:
    """The layers whose bias changes nothing in any of their uses, each once."""
    found: dict[tuple[int, Span], tuple[Apply, Apply] | None] = {}
    for body in {id(body): body for model in models for body in list_bodies(model)}.values():
        for layer, norm in pair_with_norms(body):
            place = (id(layer.span.source), layer.span)
            found[place] = None if norm is None or found.get(place, ()) is None else (layer, norm)
    return [describe(*pair) for pair in found.values() if pair is not None]


def pair_with_norms(body: Body) -> Iterator[tuple[Apply, Apply | None]]:
    """Every layer with a bias, and the norm that takes it away; None where something else hears of it."""
    biased = [(node, bias) for node in walk_nodes(body.nodes) if isinstance(node, Apply) and (bias := read_bias(node, body)) is not None]
    if not any(isinstance(node, Apply) and takes_means(node, body) for node in walk_nodes(body.nodes)):
        yield from ((node, None) for node, _ in biased)
        return
    uses = DefUse.of(body)
    for node, axes in biased:
        readers = uses.readers.get(node.outputs[0], ())
        norm = readers[0] if len(readers) == 1 and not node.shared else None
        idle = isinstance(norm, Apply) and norm.inputs[0] == node.outputs[0] and is_same_along(takes_means(norm, body), axes, node, body)
        yield node, norm if idle and isinstance(norm, Apply) else None


def read_bias(node: Apply, body: Body) -> int | None:
    """Along how many last axes of its result the bias differs that a layer adds at the end; None where there is none."""
    if node.kept:
        return None
    inputs, optional = body.op_inputs(node)
    return node.op.adds_bias(*inputs, **optional)


def takes_means(node: Apply, body: Body) -> tuple[int, ...]:
    """The axes along which an op takes a mean away."""
    inputs, optional = body.op_inputs(node)
    return node.op.takes_means(*inputs, **optional)


def is_same_along(axes: tuple[int, ...], last: int, node: Apply, body: Body) -> bool:
    """What differs along the last axes only is the same along all of these."""
    rank = body.types[node.outputs[0]].rank
    return bool(axes) and max(axes) < rank - last


def describe(layer: Apply, norm: Apply) -> Diagnostic:
    from netspec.diagnostics.shapes.norms import BiasBeforeNorm  # few specs have this problem

    return BiasBeforeNorm(at=layer.span, op=layer.op.op_name(), norm=norm.op.op_name(), norm_at=norm.span)
