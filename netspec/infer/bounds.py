"""Sizes that the data fix against what the model says of its dims."""

from __future__ import annotations

from netspec.ir import Body, DataPlan
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType, Verdict

BATCH = "B"
"""What counts examples."""


def excluded(facts: Facts, wanted: TensorType, found: TensorType) -> str:
    """Why a field's sizes are not those that the model's facts allow its input to have; "" if they are."""
    for want, have in zip(wanted.shape, found.shape, strict=True):
        if have.is_constant and is_symbol(want):
            if facts.require("==", want, have).verdict is Verdict.REFUTED:
                return f"`{want}` is {have}, but the model takes {allowed(facts, want)}"
    return ""


def allowed(facts: Facts, dim: Dim) -> str:
    """The sizes that a dim may have, in words."""
    low, high = facts.range(dim)
    if high is None:
        return f"at least {low}" if (low or 1) > 1 else "other sizes"
    return f"{low} to {high}" if (low or 1) > 1 else f"at most {high}"


def adopted(plan: DataPlan, model: Body) -> DataPlan:
    """The chain with its sizes called as the model calls them, where both have a name: then what the model says of them holds."""
    names: dict[str, Dim] = {}
    for name, wanted in model.input_types().items():
        found = plan.fields.get(name)
        if found is not None and found.rank == wanted.rank:
            for want, have in zip(wanted.shape, found.shape, strict=True):
                if is_symbol(want) and is_symbol(have) and str(have) != BATCH:
                    names.setdefault(str(have), want)
    others = {s for kind in plan.fields.values() for s in kind.symbols() if s not in names}
    names = {old: new for old, new in names.items() if str(new) not in others}
    return replace(plan, fields={name: kind.substitute(names) for name, kind in plan.fields.items()})


def is_symbol(dim: Dim) -> bool:
    return not dim.is_constant and dim == Dim.symbol(str(dim))
