"""Finds normalisations over a single value: it is its own mean, so that nothing is left of it, and nothing in front of it learns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.ir import Apply, Body, Node, TrainPlan, When, descend
from netspec.library.base import Callable
from netspec.record import record
from netspec.shape import Dim, TensorType


@record
class Setting:
    """What is known of the sizes of a model: in training the batch is."""

    training: bool
    sizes: dict[str, int]
    batch: int | None = None


def find_lone_values(models: Iterable[Body], plans: Sequence[TrainPlan]) -> list[Diagnostic]:
    """The problems of models as they stand, and as they are trained."""
    found = [problem for model in models for problem in search(model, Setting(False, {}))]
    for plan in plans:
        batch, size = plan.model.batch, plan.data.batch
        known = {str(batch): size} if batch is not None and size is not None and str(batch) in batch.symbols() else {}
        found += search(plan.model, Setting(True, known, size))
    return found


def search(model: Body, setting: Setting) -> Iterator[Diagnostic]:
    """The uses of ops that would take a mean of one value, each with how many it has to take it of."""

    def inside(node: Node, body: Body, here: Setting) -> Setting | None:
        return None if isinstance(node, When) and (node.phase == "train") != here.training else here

    for node, body, here in descend(model, setting, inside):
        if isinstance(node, Apply) and type(node.op).pooled is not Callable.pooled:
            inputs, optional = body.op_inputs(node)
            sized = [kind.substitute(here.sizes) if isinstance(kind, TensorType) else kind for kind in inputs]
            number = node.op.pooled(here.training, *sized, **optional)
            if number is not None and Dim.of(number) == 1:
                from netspec.diagnostics.shapes.norms import OneValue  # few specs need it

                alone = Dim.of(node.op.pooled(here.training, *inputs, **optional) or 0) == 1
                yield OneValue(at=node.span, op=node.op.op_name(), input=inputs[0], batch=None if alone else here.batch)
