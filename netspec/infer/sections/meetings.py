"""Describes where a finished mean meets a tensor of examples, and tries which forms would say what may be meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.means import MeanMeetsExamples
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.frame import Frame
from netspec.infer.shelf import make_mean_metric
from netspec.infer.types import try_shape
from netspec.infer.values import Given, Mean
from netspec.ir import Measurement
from netspec.library.base import Callable, Measure
from netspec.library.base.trainables import FACTOR
from netspec.library.shape_rules.targets import shapes_equal
from netspec.shape import TensorType

Measured = Sequence[tuple[Measurement, TensorType]]
"""Losses and metrics with the types of their values."""


def describe(frame: Frame, use: Call, op: Callable, bound: Bound, stranger: Given, measured: Measured) -> Diagnostic:
    """The problem, with the forms that are well-typed here: over the batch, weighed, each, averaged. `measured`: what has been so far."""
    mean = next(given for given in bound.tensors if isinstance(given.value, Mean))
    measurement, values = next(((m, kind) for m, kind in measured if m.output == mean.value.wire), (None, None))
    statistic = measurement is not None and type(measurement.op) is type(make_mean_metric()) and not measurement.optional
    opened = measurement is not None and measurement.op.averaged and not statistic
    written = mean.span.text
    kind = TensorType(values.dtype if values else "f32", ())
    return MeanMeetsExamples(
        at=use.span,
        op=op.symbol if op.kind == "operator" else op.op_name(),  # type: ignore[attr-defined]
        mean=written,
        mean_at=mean.span,
        examples=stranger.span.text,
        type=stranger.value.type,
        over_batch=write_statistic(written, values) if statistic and works(frame, op, bound, mean, kind) else "",
        weighed=write_weighed(written, stranger) if is_product(use) and opened and takes(frame, measurement, values, stranger) else "",
        opened=values if opened else None,
        fits=opened and works(frame, op, bound, mean, values),
        added=use.name in ("add", "subtract") and not statistic,
        chain=(frame.place(stranger.value),),
    )


def describe_argument(frame: Frame, use: Call, op: Callable, bound: Bound, mean: Given, measured: Measured) -> Diagnostic:
    """The problem of a finished mean that an op is given for a tensor."""
    measurement, values = next((m, kind) for m, kind in measured if m.output == mean.value.wire)
    statistic = type(measurement.op) is type(make_mean_metric()) and not measurement.optional
    written = mean.span.text
    over_batch, plain = (write_statistic(written, values), written[5:-1].strip()) if statistic and written.startswith("mean(") else ("", "")
    return MeanMeetsExamples(
        at=mean.span,
        op=use.name,
        mean=written,
        mean_at=mean.span,
        over_batch=over_batch if works(frame, op, bound, mean, TensorType(values.dtype, ())) else "",
        plain=plain if works(frame, op, bound, mean, values) else "",
        opened=None if statistic else values,
        fits=not statistic and works(frame, op, bound, mean, values),
    )


def is_product(use: Call) -> bool:
    return use.name == "multiply"


def works(frame: Frame, op: Callable, bound: Bound, mean: Given, instead: TensorType | None) -> bool:
    """Does the op take its operands with a tensor of this type in place of the mean? Other means must not be there."""

    def kind(given: Given) -> Any:
        return instead if given is mean else getattr(given.value, "type", given.value)

    if any(isinstance(given.value, Mean) and given is not mean for given in (*bound.tensors, *bound.optional.values())):
        return False
    optional = {name: kind(given) for name, given in bound.optional.items()}
    factor = optional.pop(FACTOR, None) if isinstance(op, Measure) and op.takes_weight else None
    found = try_shape(frame.facts, op, [*map(kind, bound.tensors)], optional)
    if found is None:
        return False
    return factor is None or (factor.rank > 0 and shapes_equal(frame.facts, factor.shape, found.shape[: factor.rank]))  # type: ignore[union-attr]


def takes(frame: Frame, measurement: Measurement | None, values: TensorType | None, factor: Given) -> bool:
    """Could the loss have the tensor as its `weight`?"""
    if measurement is None or values is None or not measurement.op.takes_weight or any(n == "weight" for n, _ in measurement.optional):
        return False
    kind = factor.value.type
    number = kind.is_float or kind.is_int
    return number and kind.rank <= values.rank and shapes_equal(frame.facts, kind.shape, values.shape[: kind.rank])


def write_weighed(written: str, factor: Given) -> str:
    """`loss(…, weight=FACTOR)`, where the loss is written here, else its argument alone."""
    argument = f"weight={factor.span.text}"
    return f"{written[:-1].rstrip(', ')}, {argument})" if written.endswith(")") and "->" not in written else argument


def write_statistic(written: str, values: TensorType | None) -> str:
    """`mean(x, axis=0)` for `mean(x)`: the function, over all axes that the mean is over."""
    if values is None or not written.startswith("mean(") or not written.endswith(")"):
        return ""
    axes = "0" if values.rank == 1 else f"[{', '.join(map(str, range(values.rank)))}]"
    return f"{written[:-1].rstrip(', ')}, axis={axes})"
