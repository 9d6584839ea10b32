"""Numbers that the spec makes itself, held against what chooses by them: `iota(T) -> embed(512, 8)` needs T <= 512."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagnostics.shapes.ids import IdBeyondVocabulary
from netspec.infer.binding import Bound
from netspec.infer.frame import Frame
from netspec.infer.values import Tensor
from netspec.ir import Apply
from netspec.library.base import Callable
from netspec.library.shape_rules.requirements import need_at_least
from netspec.shape import Dim, TensorType


def need_rows(frame: Frame, op: Callable, bound: Bound, inputs: list[TensorType]) -> None:
    """Every number that is known to stand in an input is below the op's ceiling for it. Raises `Mistake`."""
    ceilings = op.ceilings(*inputs)
    given = {declared.name: tensor for declared, tensor in zip(op.inputs, bound.tensors, strict=False)} | bound.optional
    for name, limit in ceilings.items():
        tensor = given.get(name)
        if tensor is None or not isinstance(tensor.value, Tensor):
            continue
        for made, number in numbers_in(frame, tensor.value.wire):
            problem = IdBeyondVocabulary(op.op_name(), made, number, Dim.of(limit), blame=name)
            need_at_least(frame.facts, op.op_name(), limit, number + 1, "so that every number has a row", problem)


def numbers_in(frame: Frame, wire: int) -> Iterator[tuple[str, Dim]]:
    """Numbers that a tensor surely holds, each with the op that puts it there; through ops that keep values."""
    makers = {out: node for node in frame.nodes if isinstance(node, Apply) for out in node.outputs}
    while (node := makers.get(wire)) is not None:
        number = node.op.holds()
        if number is not None:
            yield node.op.op_name(), Dim.of(number)
        if not node.op.keeps_values or not isinstance(node.inputs[0], int):
            return
        wire = node.inputs[0]
