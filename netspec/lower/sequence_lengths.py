"""Holds the lengths of sequences from outside against the sequences: a recurrence takes 0 to T, and says so before it computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from netspec.diagnostics.running.weights import LengthOutOfRange
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Body, Call, Node, Recur, list_groups, pair_inputs
from netspec.lazy import np
from netspec.lower.input_arrays import Types, sizes_of
from netspec.shape import Dim


def require_lengths(model: Body, types: Types, arrays: Mapping[str, Any]) -> None:
    """Raises `SpecError` with the first length of each input that is negative or beyond its sequence. Arrays of JAX are not looked at."""
    given = {name: dim for name, dim in limits(model) if isinstance(arrays.get(name), np.ndarray)}
    if not given:
        return
    sizes = sizes_of(types, arrays)
    found = [
        problem for name, dim in given.items() if dim.symbols() <= sizes.keys() and (problem := _problem(name, arrays[name], dim, sizes))
    ]
    if found:
        raise SpecError(found)


def _problem(name: str, values: Any, dim: Dim, sizes: Mapping[str, int]) -> LengthOutOfRange | None:
    """The first length that no sequence of this size can have."""
    longest, flat = dim.evaluate(sizes), values.reshape(-1)
    outside = np.flatnonzero((flat < 0) | (flat > longest))
    if not len(outside):
        return None
    return LengthOutOfRange(field=name, record=int(outside[0]), value=int(flat[outside[0]]), longest=longest, axis=str(dim))


@lru_cache(maxsize=8)
def limits(model: Body) -> tuple[tuple[str, Dim], ...]:
    """The model's inputs that some recurrence takes as lengths, and the size of its axis of time."""
    return tuple(_of_nodes(model, model.nodes, {port.wire: port.name for port in model.inputs if isinstance(port.wire, int)}))


def _of_nodes(body: Body, nodes: tuple[Node, ...], names: Mapping[int, str]) -> Iterator[tuple[str, Dim]]:
    """The inputs that reach a recurrence as lengths, each with the size of its sequences."""
    for node in nodes:
        if isinstance(node, Recur) and node.lengths is not None and node.lengths in names:
            yield names[node.lengths], body.types[node.sequences[0]].shape[1]
        inner = {port: names[wire] for port, wire in pair_inputs(node) if wire in names} if isinstance(node, Call) else names
        for below, owner in list_groups(node, body) if inner else ():
            yield from _of_nodes(owner, below, inner)
