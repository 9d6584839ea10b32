"""What arguments of optimizers may be."""

from __future__ import annotations

from typing import Annotated

from netspec.library.base import Schedule
from netspec.library.base.fields import Field

LearningRate = Annotated[float, Field(gt=0)] | Schedule
"""A positive number, or a schedule."""
Tiny = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
