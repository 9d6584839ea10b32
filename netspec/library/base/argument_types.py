"""Defines types of arguments that many ops share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NewType

from netspec.library.base.field_bounds import AfterValidator, Field
from netspec.shape import DTYPES, Dim

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(gt=0)] | Dim
"""A positive integer, or a dim that is only known as a polynomial."""


def _require_dtype(dtype: str) -> str:
    """Checks that a word names an element type."""
    if dtype not in DTYPES:
        raise ValueError(f"an element type: {', '.join(DTYPES)}")
    return dtype


if TYPE_CHECKING:
    Dtype = str
else:
    Dtype = Annotated[NewType("Dtype", str), AfterValidator(_require_dtype)]
"""An element type as an argument: the name `f32` in a spec."""


class Wanted:
    """Metadata of a field that takes a value of the language: the kinds of op (blocks among layers) that may stand there."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds
