"""Defines the nodes of Typed: a model is a `Body`, and blocks are bodies that `Call` nodes instantiate. Floor 2.

Wires are numbers, unique within their body; regions (`Repeat`, `When`) share the numbering of the body they stand in. Every wire has a
`TensorType`. A parameter's logical path is the segments on the way to it; inside `repeat` a segment is a template whose numbers depend on
the iteration. Floor 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.library.base import Callable, Initializer, Weight
from netspec.record import field, record
from netspec.shape import Dim, Facts, TensorType
from netspec.source import NOWHERE, Span


@record
class Literal:
    """A weakly typed number or truth value standing where a wire may stand."""

    value: bool | int | float


Operand = int | Literal
"""A wire, or a literal."""


@record
class Affine:
    """constant + Σ strides[d] · (index of the d-th enclosing `repeat` of the body, outermost first)."""

    constant: int = 0
    strides: tuple[int, ...] = ()

    def at(self, loops: tuple[int, ...]) -> int:
        """The number in the iteration with these loop indices."""
        return self.constant + sum(s * i for s, i in zip(self.strides, loops, strict=False))


@record
class Segment:
    """One step of a path: `conv_3`, or in a repeat `conv_{1 + 2i}`; labels get one number per enclosing loop, others one."""

    base: str
    numbers: tuple[Affine, ...] = ()
    counted: bool = False
    """The number counts unlabelled uses of an op (otherwise the numbers are a label's loop indices)."""
    part: str = ""
    """A name below it: what an op exports by itself, `moe_0/balance`."""

    def name(self, loops: tuple[int, ...] = ()) -> str:
        """The segment in the iteration with these loop indices (of the body's enclosing repeats, outermost first)."""
        own = "_".join([self.base, *(str(n.at(loops)) for n in self.numbers)])
        return f"{own}/{self.part}" if self.part else own


@record
class Average:
    """An instance whose parameters are the moving averages of another one's: after each training step decay · own + (1 - decay) · the
    other's. They begin as the other's begin, are buffers, and no gradient reaches them."""

    of: Segment
    """The other instance, of the same body."""
    decay: float
    begins: Segment
    """As which instance it begins: the other one, or what that follows in turn."""


@record(eq=False)
class Apply:
    """A library op on wires. `inputs` stand in the op's order (all tensors of a variadic op), `optional` by name."""

    op: Callable
    inputs: tuple[Operand, ...]
    outputs: tuple[int, ...]
    segment: Segment
    optional: tuple[tuple[str, int], ...] = ()
    shared: bool = False
    """Another node may have the same segment: same parameters."""
    span: Span = NOWHERE
    kept: bool = False
    """Its parameters are buffers: it is an `Average`, or stands in the body of one."""
    average: Average | None = None
    varying: tuple[tuple[str, int], ...] = ()
    """Arguments whose numbers differ from pass to pass of a `repeat`: scalars by the arguments' names. `op` has those of the first pass."""


@record(eq=False)
class Call:
    """An instance of a block."""

    body: Body
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    segment: Segment
    shared: bool = False
    span: Span = NOWHERE
    average: Average | None = None


@record(eq=False)
class Variable:
    """A `weight` or `buffer` statement: reading it gives its present value."""

    weight: Weight
    output: int
    segment: Segment
    buffer: bool = False
    written: int | None = None
    """For a buffer: the wire whose value it has in the next step, if it is written."""
    span: Span = NOWHERE
    kept: bool = False
    """It is a `weight` in the body of an `Average`, where it is a buffer."""
    begins: Segment | None = None
    """The parameter or buffer of the same body as which it begins, where it has no initial value of its own."""
    borrowed: bool = False
    """It is no statement but reads what an instance of the same body has under this path, as `d.kernel` does."""


@record(eq=False)
class Aux:
    """A value that the block exports: `train` sums it over all instances and iterations."""

    input: int
    segment: Segment
    span: Span = NOWHERE
    shared: bool = False
    """Another one may have the same segment: of an op that exports it and is shared. They are added up."""


@record(eq=False)
class Repeat:
    """`nodes` run `count` times: at first `inner[k]` is `carried[k]`; `inner[k]` of the next is `results[k]`; at the end
    `outputs[k]` is the last `results[k]`. Other wires of the body are captured. Types of carried, inner, results and outputs are equal."""

    count: int
    nodes: tuple[Node, ...]
    carried: tuple[Operand, ...]
    inner: tuple[int, ...]
    results: tuple[Operand, ...]
    outputs: tuple[int, ...]
    index: int | None = None
    """Wire of the iteration's number, i32[], if the body reads it."""
    span: Span = NOWHERE


@record(eq=False)
class When:
    """`nodes` run in one phase only. There `outputs[k]` is `inside[k]`, elsewhere `otherwise[k]`, or nothing where that is None."""

    phase: str
    nodes: tuple[Node, ...]
    inside: tuple[Operand, ...]
    otherwise: tuple[Operand | None, ...]
    outputs: tuple[int, ...]
    span: Span = NOWHERE


@record(eq=False)
class Recur:
    """`nodes` run once per time step, over axis 1 of the `sequences`: `steps[k]` is that step of `sequences[k]`, `inner[k]` a state's value
    before it and `results[k]` after it; `outputs[k]` stacks `made[k]` over time, `finals[k]` is the state after the last step.

    A state begins as `starts[k]`, or as `inits[k]` says where that is None. Where `lengths`, i32[B], is given, states stay as they are
    past each example's length. With `reverse` time runs backwards (within the lengths); outputs stand in the input's order all the same.
    """

    nodes: tuple[Node, ...]
    sequences: tuple[int, ...]
    steps: tuple[int, ...]
    starts: tuple[int | None, ...]
    inits: tuple[Initializer, ...]
    inner: tuple[int, ...]
    results: tuple[int, ...]
    made: tuple[int, ...]
    outputs: tuple[int, ...]
    finals: tuple[int, ...]
    lengths: int | None = None
    reverse: bool = False
    unroll: int = 1
    layer_name: str = "rnn"
    """The op that it comes from, as messages say it."""
    span: Span = NOWHERE


Node = Apply | Call | Variable | Aux | Repeat | When | Recur


@record
class Port:
    """A named end of a body: an input or an output."""

    name: str
    wire: Operand
    span: Span = NOWHERE
    phase: str | None = None
    """An output that exists in one phase only."""


@record
class State:
    """A value that a cell keeps from one time step to the next. Its ports are called `state.NAME`."""

    name: str
    type: TensorType
    init: Initializer


@record(eq=False)
class Body:
    """A model, a block with its arguments and input types, or an objective: named inputs and outputs, and nodes in order."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[Node, ...]
    types: Mapping[int, TensorType]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The values of its params, as static values of the language."""
    names: Mapping[int, str] = field(default_factory=dict)
    """How the spec calls a wire, for texts."""
    facts: Facts = field(default_factory=Facts)
    span: Span = NOWHERE
    states: tuple[State, ...] = ()
    """A cell's states: each is an input port and an output port of that name too."""

    def input_types(self) -> dict[str, TensorType]:
        """The types of the inputs by name; those of literals are left out."""
        return {p.name: self.types[p.wire] for p in self.inputs if isinstance(p.wire, int)}

    def output_types(self) -> dict[str, TensorType]:
        """The types of the outputs by name; those of literals are left out."""
        return {p.name: self.types[p.wire] for p in self.outputs if isinstance(p.wire, int)}

    def op_inputs(self, use: Apply) -> tuple[list[Any], dict[str, TensorType]]:
        """What an op use is given, as the methods of an op take it: types in order, a literal as itself, and those of optional inputs."""
        inputs = [operand.value if isinstance(operand, Literal) else self.types[operand] for operand in use.inputs]
        return inputs, {name: self.types[wire] for name, wire in use.optional}

    @property
    def batch(self) -> Dim | None:
        """The leading dim of the first input: what counts examples. None for a body without such an input."""
        for port in self.inputs:
            if isinstance(port.wire, int) and self.types[port.wire].rank:
                return self.types[port.wire].shape[0]
        return None
