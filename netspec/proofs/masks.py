"""Warns where a mask is dropped: an op makes one element of many, some of which only fill up an axis, without being told which.

That an axis is padded is known where an op takes a mask along it, and of data whose examples differ in length. From there it is followed
back to what the tensor was made of, and on through everything that is made of it, element by element. A file without masks costs one look
at its nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from netspec.diagnostics.base import Diagnostic
from netspec.ir import Apply, Body, Node, Objective, Recur, TrainPlan, fold


def find_dropped_masks(models: Iterable[Body], plans: Sequence[TrainPlan]) -> list[Diagnostic]:
    """The masks that models and objectives drop."""
    seen: dict[int, bool] = {}
    bodies = {id(body): body for body in (*models, *(plan.model for plan in plans))}
    masked = [body for body in bodies.values() if has_mask(body, seen)]
    measured = [plan for plan in plans if has_mask(plan.model, seen) or list_padded_fields(plan) or gives_mask(plan)]
    if not (masked or measured):
        return []
    from netspec.proofs.padding_analysis import PaddingAnalysis, TooFar  # few specs need it

    analysis = PaddingAnalysis()
    with suppress(TooFar):
        for body in masked:
            analysis.follow(body, (), ())
        for plan in measured:
            analysis.follow_training(plan, list_padded_fields(plan), list_objectives(plan))
    return [*analysis.problems]


def has_mask(body: Body, seen: dict[int, bool]) -> bool:
    """Does any op in it, at any depth, take a mask?"""
    return fold(body, _takes_any_mask, any, seen)


def _takes_any_mask(node: Node, below: list[bool]) -> bool:
    own = (isinstance(node, Apply) and _takes_mask(node)) or (isinstance(node, Recur) and node.lengths is not None)
    return own or any(below)


def _takes_mask(node: Apply) -> bool:
    if not node.optional:
        return False
    from netspec.library.contracts.mask_effects import MASKS  # few ops have optional inputs

    return any(name in MASKS for name, _ in node.optional)


def gives_mask(plan: TrainPlan) -> bool:
    """Does a loss or metric take a mask?"""
    return any(measurement.optional for objective in list_objectives(plan) for measurement in objective.measurements)


def list_padded_fields(plan: TrainPlan) -> list[str]:
    """The fields whose examples differ in length, so that batches are padded."""
    data = plan.data
    varying = [name for name, kind in data.fields.items() if kind.rank > 1 and not kind.shape[1].is_constant]
    if not varying or data.batch in (None, 1):
        return []
    from netspec.library.data.columns import LENGTH  # few data differ in length

    return varying if LENGTH in data.fields else []


def list_objectives(plan: TrainPlan) -> list[Objective]:
    """Everything that a section measures, each once."""
    found = [plan.objective, *(update.objective for update in plan.updates), plan.eval.objective]
    return list({id(objective): objective for objective in found}.values())
