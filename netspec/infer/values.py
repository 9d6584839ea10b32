"""Defines what an expression of the language can be worth while a network is elaborated.

Static values are Python's own: int, float, bool, str, None, tuple (a list of the language), dict, `Dim` (a size known as a polynomial) and
`Duration`. The others are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from netspec.ir import Average
from netspec.library.base import Duration, Op
from netspec.library.shelf.index import Entry
from netspec.record import field, record
from netspec.resolve.graph import Definition
from netspec.shape import Dim, TensorType
from netspec.source import NOWHERE, Span
from netspec.syntax import tree


class Unknown:
    """The value of an expression that has a problem; it stays silent wherever it goes."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


@record
class Tensor:
    """A wire of the body under construction."""

    wire: int
    type: TensorType


@record
class Mean:
    """A finished loss or metric in `train`: a wire of the objective's `finish` body, f32[] but for metrics of several numbers."""

    wire: int
    type: TensorType


@record
class Parameters:
    """Parameters of the model by their logical paths: `params("**/kernel")` in `train`."""

    pattern: str
    paths: tuple[str, ...]


@record
class Given:
    """An argument's value and the text it came from."""

    value: Any
    span: Span = NOWHERE


@record
class Known:
    """An expression that has been evaluated, standing in its place."""

    value: Any
    span: Span


@record
class OpValue:
    """An op with some of its arguments: what a call without required inputs is worth."""

    entry: Entry
    args: Mapping[str, Given] = field(default_factory=dict)
    span: Span = NOWHERE
    call: tuple[tree.Arg, ...] = field(default=(), compare=False, repr=False)
    """The arguments as they are written at `span`."""

    @property
    def name(self) -> str:
        return self.entry.name


@record
class BlockValue:
    """A block with some of its arguments."""

    definition: Definition
    args: Mapping[str, Given] = field(default_factory=dict)
    span: Span = NOWHERE
    call: tuple[tree.Arg, ...] = field(default=(), compare=False, repr=False)
    """The arguments as they are written at `span`."""

    @property
    def name(self) -> str:
        return self.definition.name


@record
class Composed:
    """Values of one kind joined by `->`: a data chain, a chain of gradient transformations, a chain of layers."""

    parts: tuple[OpValue | BlockValue, ...]
    span: Span = NOWHERE


@record
class Initial:
    """An initial value that is computed of initializers and numbers: an operator or a function, and what it works on."""

    operation: str
    parts: tuple[Any, ...]


@record
class SharedInstance:
    """What `shared name = op(...)` binds: every use is the same instance."""

    value: OpValue | BlockValue
    segment: Any
    average: Average | None = None
    """Whose moving average its weights are."""


Callee = OpValue | BlockValue | SharedInstance
"""What a call calls."""


@record(eq=False)
class SharedChain:
    """What `shared name = a -> b` binds: one instance of all its layers."""

    name: str
    value: Composed
    segment: Any
    average: Average | None = None


@record
class Record:
    """Named tensors in one value: the states that a recurrence ends with. `carry.h` is one; a record of one stands for it."""

    fields: Mapping[str, Tensor]


def open_record(given: Given) -> Given:
    """A record of one tensor stands for that tensor."""
    if isinstance(given.value, Record) and len(given.value.fields) == 1:
        return Given(next(iter(given.value.fields.values())), given.span)
    return given


@record
class Several:
    """Several results, or the tensors before a stage: `(q, k) ->`."""

    values: tuple[tuple[str | None, Any], ...]


Value = Any
Kinds = tuple[str, ...]
"""The kinds of op that a position asks for."""
FLOWING = (Tensor, Mean, Parameters)
"""What takes the place of an input; the last two in `train` only."""


def guess_truth(value: Value) -> str:
    """The truth value that `1`, `0` or a word in quotes was meant as; empty for any other value."""
    words = {"0": "false", "1": "true", "false": "false", "true": "true"}
    return words.get(str(value).lower(), "") if isinstance(value, int | str) else ""


def is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_initial(value: Value) -> bool:
    """What a weight may begin as."""
    return isinstance(value, Initial) or (isinstance(value, OpValue) and value.entry.kind == "initializer")


def is_size(value: Value) -> TypeGuard[int | Dim]:
    """A whole number or a dim."""
    return isinstance(value, Dim) or (isinstance(value, int) and not isinstance(value, bool))


def to_plain(value: Value) -> Value:
    """A constant dim as the int it is."""
    return value.value if isinstance(value, Dim) and value.is_constant else value


def are_same(left: Value, right: Value) -> bool:
    """Two static values say the same; where a layer stands does not count."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(are_same, left, right))
    ops = (OpValue, BlockValue, Composed)
    return key_of(left) == key_of(right) if isinstance(left, ops) and isinstance(right, ops) else left == right


def key_of(value: Any) -> Any:
    """A hashable stand-in for an argument's value: what it says, not where it stands."""
    if isinstance(value, OpValue | BlockValue):
        return (value.name, tuple(sorted((n, key_of(g.value)) for n, g in value.args.items())))
    if isinstance(value, Composed):
        return tuple(key_of(p) for p in value.parts)
    if isinstance(value, Initial):
        return (value.operation, *(key_of(p) for p in value.parts))
    if isinstance(value, tuple):
        return tuple(key_of(v) for v in value)
    if isinstance(value, dict):
        return tuple((name, key_of(v)) for name, v in value.items())
    return (type(value).__name__, str(value))


def describe(value: Value) -> str:
    """What a value is, for messages: "a number", "a tensor f32[B, 4]"."""
    match value:
        case bool():
            return f"the truth value `{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case Dim():
            return f"the size `{value}`"
        case str():
            return f'the string `"{value}"`'
        case None:
            return "`none`"
        case tuple():
            return "a list"
        case dict():
            return "a dict"
        case Duration():
            return f"the duration `{value}`"
        case TensorType():
            return f"the type `{value}`"
        case Tensor():
            return f"a tensor {value.type}"
        case Mean():
            return "a mean over the batch"
        case Parameters():
            return f"the parameters `{value.pattern}`"
        case OpValue():
            return f"the {value.entry.kind} `{value.name}`"
        case BlockValue():
            return f"the block `{value.name}`"
        case Composed():
            return f"a chain of {value.parts[0].entry.kind}s" if isinstance(value.parts[0], OpValue) else "a chain of layers"
        case Initial():
            return "an initial value"
        case SharedInstance():
            return "a shared instance"
        case SharedChain():
            return "a shared chain of layers, which has no methods"
        case Record():
            return f"a record of {', '.join(f'`{n}`' for n in value.fields)}"
        case Several():
            return f"{len(value.values)} values"
        case Op():
            return f"the {value.kind} `{value.op_name()}`"
    return "a value"


def describe_short(value: Value) -> str:
    """A value as text of the language."""
    return str(value).lower() if isinstance(value, bool) else str(value)
