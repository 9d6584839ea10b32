"""Defines the bounds of optimizers' arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from netspec.library.base import Dtype, Schedule
from netspec.library.base.field_bounds import AfterValidator, Field

LearningRate = Annotated[float, Field(gt=0)] | Schedule
"""A positive number, or a schedule."""

Tiny = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]


def _require_floating(dtype: str) -> str:
    """Checks that moments are kept in floating point, at most in f32."""
    if dtype not in ("f32", "bf16", "f16"):
        raise ValueError("an element type for moments: f32, bf16 or f16")
    return dtype


if TYPE_CHECKING:
    FloatDtype = str
else:
    FloatDtype = Annotated[Dtype, AfterValidator(_require_floating)]
"""An element type in which a state is kept."""
