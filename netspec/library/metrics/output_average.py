"""Defines `average`, the argument of metrics that compare number by number and can tell the outputs apart."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.metrics import NoOutputAxis
from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.library.metrics.exact_sums import ratio
from netspec.shape import TensorType

ALL, NONE = "all", "none"


def require_output_axis(op: str, average: str, values: TensorType) -> None:
    """Raises `Mistake` when outputs are to be told apart and there is no axis for them behind that of examples."""
    if average != ALL and values.rank < 2:
        raise Mistake(NoOutputAxis(op=op, average=average, values=values, blame="average"))


def result_of(average: str, values: TensorType) -> TensorType:
    """The type of the result; the values' last axis but one counts outputs."""
    return TensorType("f32", values.shape[-2:-1] if average == NONE else ())


def one_number(average: str, numbers: Array) -> Array:
    """The outputs' numbers, or their mean over those that are numbers; NaN where none is."""
    if average == NONE:
        return numbers
    known = ~jnp.isnan(numbers)
    return ratio(jnp.sum(jnp.where(known, numbers, 0)), jnp.sum(known), jnp.nan)
