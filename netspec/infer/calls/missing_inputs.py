"""Tells what a call lacks that takes several tensors, with the tensor of the body that fits there, or the one that is easily made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.calls.inputs import MissingInput
from netspec.infer.calls.input_repairs import name_size
from netspec.infer.calls.value_repairs import propose_missing
from netspec.infer.frame import Frame
from netspec.infer.types import try_shape
from netspec.infer.values import Given, OpValue, SharedInstance, Tensor
from netspec.library.base import Callable, In
from netspec.library.shelf import index
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.shape import TensorType
from netspec.source import Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.calls.call_rule import Call, Signature


def describe_missing(frame: Frame, use: Call, signature: Signature, slots: Mapping[str, Given], missing: Sequence[str]) -> Diagnostic:
    """The problem of a call that leaves inputs out, with what may be passed for the one that is missing."""
    name = missing[0]
    port = find_port(use, name)
    fits = [n for n in tensors_in_sight(frame, slots) if port is None or fits_port(frame, use, port, slots, n)] if len(missing) == 1 else []
    ways: list[Repair] = []
    measured = isinstance(use.value, OpValue) and use.value.entry.kind not in ("layer", "function")
    if measured:  # a section knows what else it may be
        return MissingInput(at=use.span, op=use.name, names=tuple(missing), all=signature.required)
    if len(missing) == 1 and not isinstance(use.callee, SharedInstance) and use.span.source.pointers is None:
        value = replace(use.value, span=use.span, call=use.args)
        numbers = [] if fits else [*name_numbers(use, name, port)]
        made = [*(fits if len(fits) == 1 else []), *([] if fits else make_tensors(frame, port, slots))]
        ways = [*numbers, *propose_missing(value, [name], [[each] for each in made])]
    fits = fits[: LIMITS.listed_names]
    return MissingInput(
        at=use.span,
        op=use.name,
        names=tuple(missing),
        all=signature.required,
        ways=tuple(ways),
        meaning=port.doc.rstrip(".") if port is not None else "",
        fits=tuple(fits),
    )


def find_port(use: Call, name: str) -> In | None:
    """What an op says of its input; None for that of a block."""
    if not isinstance(use.value, OpValue):
        return None
    op = index.load(use.value.entry)
    return next((port for port in getattr(op, "inputs", ()) if port.name == name), None)


def tensors_in_sight(frame: Frame, slots: Mapping[str, Given]) -> list[str]:
    """The names of tensors that are not passed yet."""
    passed = [given.value for given in slots.values()]
    return [name for name, value in frame.env.items() if isinstance(value, Tensor) and not any(value is given for given in passed)]


def fits_port(frame: Frame, use: Call, port: In, slots: Mapping[str, Given], name: str) -> bool:
    """A tensor of the body has the elements and the shape that go there."""
    value = frame.env[name]
    if not isinstance(value, Tensor) or not port.takes(value.type) or value.type.rank < port.rank:
        return False
    op = build(use)
    if op is None:
        return True
    passed = [value if each.name == port.name else slots[each.name].value for each in op.inputs if not each.optional]
    if not all(isinstance(tensor, Tensor) for tensor in passed):  # a list, or a number beside it
        return True
    return try_shape(frame.facts, op, [tensor.type for tensor in passed], {}) is not None


def build(use: Call) -> Callable | None:
    """The op with its arguments, where they are literals."""
    args = {arg.name: arg.value for arg in use.args if arg.name is not None}
    if args or not isinstance(use.value, OpValue):
        return None
    op = index.load(use.value.entry)
    try:
        made = op()
    except Exception:  # it needs arguments
        return None
    return made if isinstance(made, Callable) else None


def name_numbers(use: Call, name: str, port: In | None) -> Iterator[Repair]:
    """`linear_recurrence(0.9)`: a number that was meant as the tensor."""
    for arg in use.args:
        if arg.name is None and isinstance(arg.value, tree.Number) and port is not None and port.dtype != "int":
            text = f"{name}=full([], {arg.value.span.text})"
            yield Repair((Edit(arg.value.span, text),), f"{use.name}({text})")


def make_tensors(frame: Frame, port: In | None, slots: Mapping[str, Given]) -> list[str]:
    """Positions along an axis, where whole numbers are wanted."""
    first = next((given.value.type for given in slots.values() if isinstance(given.value, Tensor)), None)
    if port is None or port.dtype != "int" or not isinstance(first, TensorType) or first.rank < 2:
        return []
    return [f"iota({name_size(frame, first.shape[1])})"]


def fill_number(at: Span) -> tuple[Repair, ...]:
    """A tensor of no axes for a number."""
    text = f"full([], {at.text})"
    return (Repair((Edit(at, text),), text),) if at.source.pointers is None and at.text[:1].isdigit() else ()
