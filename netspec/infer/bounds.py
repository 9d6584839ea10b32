"""Sizes that the data fix against what the model says of its dims."""

from __future__ import annotations

from netspec.shape import Dim, Facts, TensorType, Verdict


def excluded(facts: Facts, wanted: TensorType, found: TensorType) -> str:
    """Why a field's sizes are not those that the model's facts allow its input to have; "" if they are."""
    for want, have in zip(wanted.shape, found.shape, strict=True):
        if have.is_constant and not want.is_constant and want == Dim.symbol(str(want)):
            if facts.require("==", want, have).verdict is Verdict.REFUTED:
                return f"`{want}` is {have}, but the model takes {allowed(facts, want)}"
    return ""


def allowed(facts: Facts, dim: Dim) -> str:
    """The sizes that a dim may have, in words."""
    low, high = facts.range(dim)
    if high is None:
        return f"at least {low}" if low > 1 else "other sizes"
    return f"{low} to {high}" if low > 1 else f"at most {high}"
