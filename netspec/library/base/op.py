"""Defines what every nameable thing is: one frozen class whose fields are its arguments and whose methods are its meaning.

A subclass of `Op` declares in one place: its docstring (the reference page), fields with attribute docstrings (the arguments, in
positional order), `inputs`, the shape rule `shape`, the parameters `params`, the mathematics `apply`, the cost `flops`, and `examples`
(tests and docs). Sizes may be symbolic: a shape rule works on `TensorType`s whose dims are polynomials, without JAX, and raises
`Mistake(diagnostic)` with `blame` set to the guilty input or argument. Kinds: layer, function, operator, initializer, optimizer,
schedule, loss, metric, dataset, transform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, dataclass_transform

from netspec.library.base.arguments import Argument, read_declared
from netspec.library.base.field_bounds import Field
from netspec.library.base.op_scope import Array, Scope
from netspec.library.base.value_faults import BadArguments, Fault, UnequalLists
from netspec.limits import LIMITS
from netspec.record import field, record
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.contracts.sequence_axis import Flow, Passage
    from netspec.library.contracts.stretch_steps import Past, Use


@record
class In:
    """A tensor input of an op. Optional inputs are passed by name only."""

    name: str
    doc: str
    dtype: str = "float"
    """"float", "int", "bool", "number" (int or float) or "any"."""
    rank: int = 0
    """The smallest rank accepted."""
    optional: bool = False
    named: bool = False
    """Its whole numbers are names that are compared with each other and nothing else: tokens. Others count something, or choose."""
    wants: str = ""
    """What its numbers mean: "logits" (for a softmax), "log_odds" (for a sigmoid), "probabilities", "log_probabilities"; "": anything."""

    def takes(self, kind: TensorType) -> bool:
        """A tensor has elements of the sort that is declared."""
        match self.dtype:
            case "float":
                return kind.is_float
            case "int":
                return kind.is_int
            case "bool":
                return kind.dtype == "bool"
            case "number":
                return kind.is_float or kind.is_int
        return True

    @property
    def elements(self) -> str:
        """The elements that it takes, in words."""
        return {"float": "float", "int": "whole", "bool": "bool", "number": "float or whole"}.get(self.dtype, "any")


@record
class Weight:
    """A parameter or buffer of a layer: shape (ints or constant dims), initial value, dtype.

    `fan` is (fan_in, fan_out) for the scaling initializers; None means the last two axes, further leading ones being receptive field.
    A `matrix` maps several axes to several: the initializer sees it as [fan_in, fan_out].
    """

    shape: tuple[Dim | int, ...]
    init: Initializer
    dtype: str = "f32"
    fan: tuple[int, int] | None = None
    matrix: bool = False


@record
class Example:
    """An op with inputs it accepts, written as types (`"f32[2, 8, 8, 3]"`); optional inputs by name. Tests, docs and hover use it."""

    op: Op
    inputs: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)


@cache
def snake_case(name: str) -> str:
    """`LayerNorm` -> `layer_norm`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


MISSING, UNKNOWN = Fault("a value"), Fault("another name: there is no such argument", "own")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Op:
    """Base of every nameable thing: a frozen value, equal to those of its class with equal arguments.

    `Conv(features=4, kernel=3)` checks what is given against the fields' annotations, strictly; defaults are taken as they stand. Raises
    `BadArguments` (a ValueError) with the faults of each argument.
    """

    kind: ClassVar[str]
    inputs: ClassVar[tuple[In, ...]] = ()
    variadic: ClassVar[bool] = False
    """Takes further tensors positionally (einsum, concat, stack)."""
    open_arguments: ClassVar[str] = ""
    """The field, a dict, that takes named arguments of any other name: the sizes of `rearrange(x, "b (h d) -> b h d", h=8)`."""
    later_arguments: ClassVar[tuple[str, ...]] = ()
    """Arguments that it got when specs with it had a fingerprint already: at their defaults they say nothing in one."""
    last_arguments: ClassVar[tuple[str, ...]] = ()
    """Fields that a base class declares and that stand behind its subclasses' own."""
    results: ClassVar[int] = 1
    """Number of output tensors."""
    source: ClassVar[str] = ""
    """Paper or system the definition comes from."""
    composed: ClassVar[bool] = False
    """Its values are what `->` makes of its `parts`, and are written so."""
    namespace: ClassVar[str] = ""
    """The plugin that gave the class; netspec sets it."""
    at_any_size: ClassVar[Mapping[str, str]] = {}
    """For arguments that are numbers known when the program is compiled: what to write where they were to depend on a free size."""
    mistaken: ClassVar[Mapping[str, str]] = {}
    """For arguments that get a whole number which they do not take, where another library has a size: what to write."""
    by_pass: ClassVar[tuple[str, ...]] = ()
    """Arguments, numbers, that `apply` also takes as arrays f32[]: they may differ from pass to pass of a `repeat`."""
    judges: ClassVar[tuple[str, ...]] = ()
    """The methods that look at a finished op; see `fields.model_validator`."""
    _arguments: ClassVar[dict[str, Argument]] = {}

    def __init_subclass__(cls) -> None:
        own = read_declared(cls)
        inherited = {name: argument for base in reversed(cls.__bases__) for name, argument in getattr(base, "_arguments", {}).items()}
        lost = (inherited.keys() & cls.__dict__.keys()) - own.keys()
        if lost:
            raise TypeError(f"{cls.__name__} redefines the argument {', '.join(sorted(lost))} without its type")
        cls._arguments = inherited | own

    def __init__(self, /, **given: Any) -> None:
        own, faults = self.__dict__, {}
        for name, argument in self._arguments.items():
            if name in given:
                found: list[Fault] = []
                own[name] = argument.check(given[name], found)
                if found:
                    faults[name] = found
            else:
                own[name] = argument.initial()
                if argument.required:
                    faults[name] = [MISSING]
        faults |= {name: [UNKNOWN] for name in given if name not in self._arguments}
        if faults:
            raise BadArguments(self.op_name(), given, faults)
        if self.judges:
            self._judge()

    def _judge(self) -> None:
        """Lets the class judge its arguments together. Raises `BadArguments` in its words."""
        for judge in self.judges:
            try:
                getattr(self, judge)()
            except UnequalLists as refusal:
                fault = Fault(str(refusal), "own", f"it has {refusal.found}")
                raise BadArguments(self.op_name(), {}, {refusal.argument: [fault]}) from None
            except ValueError as refusal:
                raise BadArguments(self.op_name(), {}, {"": [Fault(str(refusal), "own")]}) from None

    @classmethod
    def arguments(cls) -> Mapping[str, Argument]:
        """The arguments by name, those of its bases first."""
        return cls._arguments

    def replaced(self, **changed: Any) -> Self:
        """The op with other values for some arguments, which are not checked."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, **changed)
        return new

    def __setattr__(self, name: str, *value: Any) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot change {name!r} of {self.op_name()}")

    __delattr__ = __setattr__

    def __eq__(self, other: object) -> Any:
        return self.__dict__ == other.__dict__ if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    @classmethod
    def op_name(cls) -> str:
        """The name in specs: the class's name in snake case, behind its plugin's."""
        return cls._in_namespace(snake_case(cls.__name__))

    @classmethod
    def _in_namespace(cls, name: str) -> str:
        """A name as specs write it: for a plugin's op the plugin's name stands before it."""
        return f"{cls.namespace}.{name}" if cls.namespace else name

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


@record
class Part:
    """One of the layers or blocks that an op is put together of."""

    name: str
    """The argument that holds it."""
    gather: Callable
    """The function that makes its one input."""
    takes: tuple[str, ...]
    """Those of the whole op's inputs that `gather` takes, where they are given."""
    hears: str = ""
    """The input of `gather` that gets the result of the part before."""


class Callable(Op):
    """An op with tensors in and out: layers, functions, operators, losses, metrics.

    `shape`, `params`, `buffers` and `flops` get the inputs' types in the order of `inputs`, optional ones by keyword.
    """

    kind = "function"
    elementwise: ClassVar[bool] = False
    random: ClassVar[bool] = False
    """Draws random numbers, so its instance needs a path."""
    built: ClassVar[str] = ""
    """What `infer` builds a use of it by, where one is more than a node: "recurrence", "cell" or "parts"."""
    parts: ClassVar[tuple[str, ...]] = ()
    """The arguments that are layers or blocks, of which `infer` builds it: it has a `shape` to hold inputs against, no `apply`."""
    exports: ClassVar[tuple[str, ...]] = ()
    """Values for `aux("**/NAME")` that every use of it has: methods of the layer, on the same inputs."""
    keeps_values: ClassVar[bool] = False
    """Every number of its results is one of its first input's, 0, or the one that it `holds`: a slice, a shift."""
    positive: ClassVar[bool] = False
    """Is defined on numbers above 0 only: a logarithm."""
    jumps: ClassVar[bool] = False
    """Its value jumps, so that a rounded input may land on the other side: `floor`."""
    sloped: ClassVar[bool] = True
    """A gradient goes through it; False where none is meant to: `stop_gradient`, a metric that counts."""
    partial_slope: ClassVar[bool] = False
    """A part of it counts as a constant, so that its gradient is not the slope of its value."""
    gives: ClassVar[str] = ""
    """What the numbers of its output mean, as `In.wants` says it; "same": what those of its first input mean, as if it `keeps_values`."""
    masking: ClassVar[str] = ""
    """What it does along the axes that its `flow` refuses, where `contracts.mask_effects` takes it to mix them: "near", "moves" or "each";
    or "mixes", where it mixes axes that its `flow` lets pass."""
    masks: ClassVar[Mapping[str, int]] = {}
    """The axis of each of these inputs that the last axis of its mask runs along; without it, axis n of the mask is axis n of the first."""
    over_space: ClassVar[bool] = False
    """Reads its first input as [batch, space…, channels]: a convolution, a pool."""
    undecayed: ClassVar[tuple[str, ...]] = ()
    """Those of its parameters that a weight decay is not meant for: the scale of a norm, which would be pulled from 1 towards 0."""
    grows_by_ids: ClassVar[bool] = False
    """It has parameters for each whole number below its ceiling: a table of vectors."""
    zeroes: ClassVar[bool] = False
    """What its mask leaves out is 0 in its result."""
    factors: ClassVar[bool] = False
    """It adds up products, or makes one: where one of its inputs is 0, nothing else matters."""

    filler: ClassVar[str | None] = None
    """What changes nothing among the elements that it makes one of, or shares out among: 0 in a sum; "": no number does, as in a mean.
    None: it does no such thing."""
    opens_means: ClassVar[bool] = False
    """Takes a loss or metric for its values, before they are averaged: `each`."""
    reduces: ClassVar[bool] = False
    """Makes one element of all along some axes, so that a loss in it can only mean its values: `sum(huber(y, t), axis=-1)`."""

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType | tuple[TensorType, ...]:
        """Types of the outputs. The default is elementwise: as the first input."""
        return inputs[0]

    def assembly(self) -> tuple[Part, ...]:
        """How it is put together of its `parts`, in order."""
        return ()

    def lifts(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> Mapping[str, Callable]:
        """For optional inputs that come in another shape than `shape` takes, and mean one that it does: the op that makes it of them."""
        return {}

    def params(self, *inputs: TensorType, **optional: TensorType) -> dict[str, Weight]:
        return {}

    def buffers(self, *inputs: TensorType, **optional: TensorType) -> dict[str, Weight]:
        """State kept across training steps (running statistics)."""
        return {}

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array | tuple[Array, ...]:
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """Floating-point operations of one forward pass in eval; one multiply-add is 2."""
        return 0

    @classmethod
    def name_inputs(cls, count: int) -> tuple[str, ...]:
        """What its first inputs, those that are given by position, are called: the further ones of a `variadic` op by their places."""
        names = tuple(port.name for port in cls.inputs if not port.optional)
        return names[:count] + tuple(str(place) for place in range(len(names), count)) if cls.variadic else names[:count]

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        """Inputs of whole numbers that must stay below a number: the ids of `embed`, the labels of a loss. By `name_inputs`."""
        return {}

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        """The least number of inputs that have a ceiling, where it is not 0; None where any will do, and what is outside has a meaning
        when the spec makes it itself."""
        return {}

    def widens(self, tensor: In) -> bool:
        """Do whole numbers in this input count or choose something (labels, ids, lengths)? Then `apply` gets them as i32, whatever their
        type, unless the op `keeps_values`."""
        return tensor.dtype == "int"

    def keeps_numbers(self, *inputs: TensorType) -> bool:
        """Is every whole number of its results one of its first input's, or 0, maybe of another element type?"""
        return self.keeps_values

    def counting_all(self) -> Callable:
        """The same op where no label is ignored."""
        return self

    def classes_left(self, count: int) -> int:
        """How many of so many classes it takes, from 0 on: one less where the last one is ignored."""
        return count

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        """Inputs of class numbers, and how many classes it tells apart: as many as a loss has scores, or `one_hot` places."""
        return {}

    def carries(self, *numbers: float | None) -> int | None:
        """The place of the input whose meaning the numbers of its result have, as if it `keeps_values`. `numbers`: the inputs that the spec
        writes as numbers, None for a tensor."""
        return 0 if self.gives == "same" or self.keeps_values else None

    @classmethod
    def counts_zeros(cls) -> bool:
        """Does an element that is 0 count as any other, where it makes one of those along an axis: in a mean, as a largest one?"""
        return cls.filler not in (None, "0", "false")

    def picks(self, *inputs: TensorType) -> dict[int, int]:
        """For inputs of whole numbers, by their places: the axis of the first input whose elements they name, as in `gather`."""
        return {}

    def holds(self) -> Dim | int | None:
        """The greatest whole number that its result surely holds, whatever the inputs; None where nothing is known."""
        return None

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        """Does a row (axis 0) of a result depend on other rows of the inputs than its own? `training` as in `Scope`."""
        return False

    def pooled(self, training: bool, *inputs: TensorType, **optional: TensorType) -> Dim | int | None:
        """How many values each of its means is taken of, where one value alone would be its own mean, so that 0 is left; else None."""
        return None

    def drops(self) -> bool:
        """Does it set numbers of its result to 0 by chance, in training?"""
        return False

    def adds_bias(self, *inputs: TensorType, **optional: TensorType) -> int | None:
        """Along how many last axes of its result the bias differs that it adds at the very end; None of an op that adds none."""
        return None

    def takes_means(self, *inputs: TensorType, **optional: TensorType) -> tuple[int, ...]:
        """The axes of its first input along which it takes a mean away, so that what is the same along them changes nothing."""
        return ()

    def taps(self, *inputs: TensorType) -> tuple[tuple[int, int], ...]:
        """Of learned numbers that slide over zeros around the input, for each axis of space: how many there are, and how many of them only
        ever meet such zeros. () of any other op."""
        return ()

    def foreign(self, given: tuple[str, ...], *inputs: TensorType) -> str:
        """The positional arguments that were meant, where the names of those that are `given` read as another library's; else ""."""
        return ""

    def left_out(self, axis: int, *inputs: TensorType) -> int | None:
        """How many elements of this axis of its first input it leaves out in front, of an op that otherwise keeps them in order, one for
        one: 1 of `x[:, 1:]`. None of any other op."""
        return 0 if self.elementwise and len(inputs) == 1 else None

    def counts_from_end(self, axis: int, *inputs: TensorType) -> bool:
        """Does its result begin with an element that is counted from the end of this axis of the first input: `x[:, -1]`?"""
        return False

    def displaces(self, axis: int, *inputs: TensorType) -> tuple[bool, ...]:
        """Of an op whose results are stretches of this axis of the first input, or that turns it in a circle: does each result begin with
        elements from further on? () of any other op."""
        return ()

    def fills(self, *inputs: TensorType) -> float | None:
        """The number of the spec that its condition puts in the place of some elements; None of any other op."""
        return None

    def flow(self, passage: Passage) -> Flow | tuple[Flow, ...]:
        """How the positions of a sequence that is being generated pass through; `passage.refuse` where they cannot."""
        return passage.made() if self.elementwise else passage.unknown()

    def step(self, use: Use) -> tuple[Any, Past]:
        """The results on a stretch of a sequence that is being generated, and what it remembers behind the stretch: those of `apply` on the
        whole sequence, at the stretch's positions. As it is, for an op that looks at no other position than the one it stands for."""
        return use.alone(), None

    def explain_stepless(self, flows: tuple[Flow, ...]) -> str:
        """Why no step is known of a use with these flows of its inputs, so that the model is run anew for each element; "" where one is. A
        plugin's op looks back, as far as anyone knows, unless it is elementwise or has a `step`."""
        silent = self.namespace and not self.elementwise and type(self).step is Callable.step
        return f"`{self.op_name()}` has no step of its own" if silent else ""


class Layer(Callable):
    """A callable that may have parameters."""

    kind = "layer"


class Method(Callable):
    """Another meaning of a layer's parameters, reached through a shared instance: `e.attend` of `shared e = embed(…)`.

    It is made with the layer's own arguments, so that its `params` are the layer's.
    """

    kind = "method"
    of: ClassVar[str]
    """The layer's name in specs."""

    @classmethod
    def op_name(cls) -> str:
        """`embed.attend`, of the class EmbedAttend."""
        return cls._in_namespace(f"{cls.of}.{snake_case(cls.__name__).removeprefix(f'{cls.of}_')}")


class Function(Callable):
    """A callable without parameters."""

    kind = "function"


class Operator(Function):
    """What `+`, `@` or `x[1:]` mean on tensors; reached through its symbol, not by name."""

    kind = "operator"
    symbol: ClassVar[str] = ""


class Initializer(Op):
    """Draws a parameter's initial value from a NumPy generator keyed by (seed, parameter path)."""

    kind = "initializer"
    same: ClassVar[bool] = False
    """Every element has the same value, whatever the shape: a state may begin so, as its batch is of any size."""

    def written(self) -> tuple[float, ...] | None:
        """Every number that it gives, where the spec writes them; None where they are drawn, and have fractions."""
        return None

    def deviation(self) -> float | None:
        """The standard deviation of what it draws, where that is the same for every shape; None of any other."""
        return None

    def word(self) -> str:
        """What messages call it."""
        return self.op_name()

    def row(self, shape: Sequence[Any]) -> tuple[float, ...] | None:
        """The numbers along the last axis of a shape, where every row has the same and they are known before any is drawn."""
        numbers, size = self.written(), shape[-1] if shape else 1
        if numbers is None or not isinstance(size, int) or size > LIMITS.range_items:
            return None
        return numbers * size if len(numbers) == 1 else numbers if len(shape) == 1 else None

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        """An f32 (or f64 for f64 parameters, cast by the caller) NumPy array of the shape."""
        raise TypeError(f"{self.op_name()} cannot be sampled")

    def sample_traced(self, key: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        """The same distribution drawn by a key of JAX's, which may be traced. As it is: `sample` on the host, which the program calls."""
        from netspec.library.base.host_draws import call_host  # few programs draw in a trace

        return call_host(self, key, shape, fan)
