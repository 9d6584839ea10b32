"""Finds by a spec alone which training steps are light: so small that what the loop does between them takes longer than they do.

The answer decides at which steps something is due, so that it depends on nothing that two machines, or two starts of a run, may see
differently.
"""

from __future__ import annotations

from math import prod

from netspec.cost import cost
from netspec.ir import TrainPlan
from netspec.shape import Dim

FLOPS = 3_000_000
"""Of the forward pass at most: with its gradients it takes a CPU a few tenths of a millisecond."""
PARAMETERS = 100_000
"""At most: an optimizer goes through all of them."""
NUMBERS = 20_000
"""In a batch at most."""


def is_light(plan: TrainPlan) -> bool:
    """Whether a training step is light; one of which the spec leaves open how much it computes is not."""
    sizes = find_sizes(plan)
    parameters, flops, _ = cost(plan.model)
    shapes = [[dim.substitute(sizes) for dim in kind.shape] for kind in plan.data.fields.values()]
    work = Dim.of(flops).substitute(sizes)
    if parameters > PARAMETERS or not all(dim.is_constant for dim in (work, *(dim for shape in shapes for dim in shape))):
        return False
    numbers = sum(prod(dim.value for dim in shape) for shape in shapes)
    return work.value * plan.accumulate <= FLOPS and numbers * plan.accumulate <= NUMBERS


def find_sizes(plan: TrainPlan) -> dict[str, int]:
    """What the data say of the free dims."""
    batch = plan.model.batch
    sizes = {str(batch): plan.data.batch} if batch is not None and plan.data.batch is not None else {}
    for name, kind in plan.model.input_types().items():
        known = plan.data.fields.get(name)
        for wanted, dim in zip(kind.shape, known.shape if known else (), strict=False):
            if dim.is_constant and not wanted.is_constant and wanted == Dim.symbol(str(wanted)):
                sizes.setdefault(str(wanted), dim.value)
    return sizes
