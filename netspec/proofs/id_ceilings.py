"""Holds numbers that the spec makes itself against what chooses by them: `iota(T) -> embed(512, 8)` needs T <= 512."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from netspec.diagnostics.shapes.indices import IdBeyondVocabulary
from netspec.ir import Apply, Node
from netspec.ir.def_use import index_makers
from netspec.library.base import Callable
from netspec.library.shape_rules.requirements import need_at_least
from netspec.shape import Dim, Facts, TensorType


def need_rows(facts: Facts, nodes: Sequence[Node], op: Callable, inputs: Iterable[TensorType], wires: Mapping[str, int]) -> None:
    """Every number that is known to stand in an input is below the op's ceiling for it. `nodes` are those before this use, `wires` what the
    inputs are given. Raises `Mistake`."""
    kinds = tuple(inputs)
    floors = op.floors(*kinds)
    for name, limit in op.ceilings(*kinds).items():
        if floors.get(name, 0) is None:
            continue
        for made, number in find_numbers(nodes, wires[name]) if name in wires else ():
            problem = IdBeyondVocabulary(op.op_name(), made, number, Dim.of(limit), blame=name)
            need_at_least(facts, op.op_name(), limit, number + 1, "so that every number has a row", problem)


def find_numbers(nodes: Iterable[Node], wire: int) -> Iterator[tuple[str, Dim]]:
    """Numbers that a tensor surely holds, each with the op that puts it there; through ops that keep values."""
    makers = index_makers(nodes)
    while isinstance(node := makers.get(wire), Apply):
        number = node.op.holds()
        if number is not None:
            yield node.op.op_name(), Dim.of(number)
        if not node.op.keeps_values or not isinstance(node.inputs[0], int):
            return
        wire = node.inputs[0]
