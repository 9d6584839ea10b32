"""Finds the op that a name means at a position, among the shelf's entries, by kind and by what the call gives."""

from __future__ import annotations

from netspec.infer.values import BlockValue, Kinds, OpValue
from netspec.library.base import Callable, Measure
from netspec.library.shelf import index
from netspec.shape import TensorType
from netspec.source import Span
from netspec.syntax import tree

CALLABLE: Kinds = ("layer", "function")
MEASURES: Kinds = ("loss", "metric")
DECODER = "decoder"
METHOD = "method"
"""Of shared instances: `e.attend`."""


def find_op(name: str, want: Kinds, span: Span, args: tuple[tree.Arg, ...] = (), given: int = 0) -> OpValue:
    """The op of that name which the position asks for, else the first that there is.

    Of several kinds that may stand there the first that takes the arguments: in `train`, `mean(x)` is the metric, `mean(x, axis=1)` not.
    """
    entries = index.entries(name)
    wanted = sorted((e for e in entries if e.kind in want), key=lambda e: want.index(e.kind)) or entries
    return OpValue(next((e for e in wanted if accepts(e, args, given)), wanted[0]), span=span)


def accepts(entry: index.Entry, args: tuple[tree.Arg, ...], given: int) -> bool:
    """The op has a place for each of the arguments, `given` inputs being there already."""
    names = {a.name for a in entry.signature} | {i.name for i in entry.inputs}
    places = len(entry.signature) + sum(not i.optional for i in entry.inputs) - given
    positional = sum(a.name is None for a in args)
    return (entry.variadic or positional <= places) and (bool(entry.open_arguments) or all(a.name is None or a.name in names for a in args))


def takes_tensors(value: OpValue | BlockValue) -> bool:
    """A use of it may be given tensors."""
    return isinstance(value, BlockValue) or value.entry.kind in (*CALLABLE, METHOD, *MEASURES, DECODER)


def is_of(value: OpValue | BlockValue, kinds: Kinds) -> bool:
    """A value is of one of these kinds; blocks are layers."""
    return "layer" in kinds if isinstance(value, BlockValue) else value.entry.kind in kinds


# --- ops that are meant without their names -----------------------------------------------------------------------------

ADD, SLICE = index.operator("+", 2), index.operator("[]", 1)
FOLDS = {"sum": ADD, "min": index.lookup("minimum"), "max": index.lookup("maximum")}
"""What `sum([x, y, z])` of tensors is made of."""


def find_chooser(by_tensor: bool) -> index.Entry:
    """What `x[indices]` means: the indices are a tensor, or a list of numbers."""
    entry = index.lookup("gather" if by_tensor else "take", "function")
    assert entry is not None
    return entry


def find_function(name: str) -> index.Entry:
    """The function of that name, which netspec itself has."""
    entry = index.lookup(name, "function")
    assert entry is not None
    return entry


PAIRS, ROW = find_function("gather_at"), find_function("iota")
"""What `x[i, j]` means, and what numbers of a list are taken of there."""


def make_fill(like: TensorType, value: bool | float) -> Callable:
    """What a number is where a tensor of this type is wanted."""
    op = index.load("full", "function")(dims=like.shape, value=value, dtype=like.dtype)  # type: ignore[call-arg]
    assert isinstance(op, Callable)
    return op


def make_cast(dtype: str) -> Callable:
    """What makes floats of the whole number of a pass."""
    op = index.load("cast", "function")(dtype=dtype)  # type: ignore[call-arg]
    assert isinstance(op, Callable)
    return op


def make_add() -> Callable:
    """What joins the losses of a section."""
    op = index.load(ADD)()
    assert isinstance(op, Callable)
    return op


def make_mean_metric() -> Measure:
    """What a tensor is where a loss or metric is wanted."""
    op = index.load("mean", "metric")()
    assert isinstance(op, Measure)
    return op
