"""Finds kernels that are as large as the whole image: what they see is mostly the zeros around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.diagnostics.base import Diagnostic
from netspec.ir import Apply, Body, list_bodies, walk_nodes
from netspec.shape import TensorType
from netspec.source import Span

LEAST = 16
"""Sides from which on what comes in is an image, and not what is left of one."""


def find_blind_kernels(models: Iterable[Body]) -> list[Diagnostic]:
    """The kernels of models that are larger than what they slide over, each once."""
    found: dict[tuple[int, Span], Diagnostic] = {}
    for model in models:
        for body in list_bodies(model):
            for problem in search(body, body is model):
                found.setdefault((id(problem.at.source), problem.at), problem)
    return list(found.values())


def search(body: Body, outermost: bool) -> Iterator[Diagnostic]:
    """Those of one body; only the outermost one gets images as they come."""
    images = {port.wire for port in body.inputs} if outermost else set()
    for node in walk_nodes(body.nodes):
        if isinstance(node, Apply) and node.inputs and isinstance(node.inputs[0], int):
            inputs, _ = body.op_inputs(node)
            axis = find_axis(node.op.taps(*inputs), inputs[0], node.inputs[0] in images) if isinstance(inputs[0], TensorType) else None
            if axis is not None:
                yield describe(node, inputs[0], axis, *node.op.taps(*inputs)[axis])


def find_axis(taps: tuple[tuple[int, int], ...], image: TensorType, comes_in: bool) -> int | None:
    """The axis of space along which half of a kernel, or more, is blind; of an image as it comes one that it spans, as all others."""
    blind = next((axis for axis, (size, unseen) in enumerate(taps) if unseen and 2 * unseen >= size), None)
    if blind is not None or not comes_in or len(taps) < 2:
        return blind
    space = image.shape[1:-1]
    spans = all(side.is_constant and LEAST <= side.value <= size for side, (size, _) in zip(space, taps, strict=True))
    return 0 if spans else None


def describe(node: Apply, image: TensorType, axis: int, size: int, unseen: int) -> Diagnostic:
    from netspec.diagnostics.shapes.windows import KernelPastImage  # few specs have this problem

    return KernelPastImage(
        at=node.span, op=node.op.op_name(), input=image, axis=axis + 1, kernel=size, size=image.shape[axis + 1], unseen=unseen
    )
