"""Which ops of the registry accept a type: arguments come from the examples and from small random numbers, and the shape rule decides."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.library.base import Callable, In, Measure
from netspec.library.initializers.distributions import GlorotUniform, HeNormal, Normal
from netspec.library.layers.cells import Cell, Recurrence
from netspec.library.shelf.index_writer import classes
from netspec.shape import Dim, DimTooComplex, Facts, TensorType

MAX_RANK, MAX_SIZE = 5, 4096
"""Larger results are not built on, so that programs stay small enough to run."""
SIZES = (1, 2, 3, 4, 5, 8, 12, 16)
STARTS = (Normal(stddev=0.02), HeNormal(), GlorotUniform())


@cache
def callables() -> tuple[type[Callable], ...]:
    """Layers and functions of one tensor input, and those of two. What runs over time is elaborated, not asked: `Model.recurrence`."""
    other = (Measure, Cell, Recurrence)
    found = [cls for cls in classes() if issubclass(cls, Callable) and not issubclass(cls, other) and cls.kind in ("layer", "function")]
    return tuple(cls for cls in found if 1 <= len(required(cls)) <= 2 and cls.results == 1 and cls.examples())


def required(cls: type[Callable]) -> list[In]:
    return [tensor for tensor in cls.inputs if not tensor.optional]


def takes(declared: In, found: TensorType) -> bool:
    """The element type and rank that an op declares."""
    wanted = {"float": found.is_float, "int": found.is_int, "bool": found.dtype == "bool", "number": found.is_float or found.is_int}
    return wanted.get(declared.dtype, True) and found.rank >= declared.rank


def candidate(rng: Random, cls: type[Callable]) -> Any:
    """An object of the class: an example with some sizes, rates and initial values changed. None when its own rules refuse it."""
    example: Any = rng.choice(cls.examples()).op
    changed: dict[str, Any] = {}
    for name, field in cls.arguments().items():
        value = getattr(example, name)
        if type(value) is int and rng.random() < 0.7:
            changed[name] = rng.choice(SIZES)
        elif type(value) is bool and rng.random() < 0.3:
            changed[name] = not value
        elif name.endswith("_init") and rng.random() < 0.2:
            changed[name] = rng.choice(STARTS)
        elif not field.required and rng.random() < 0.5:
            changed[name] = field.initial()
    try:
        return cls(**{name: getattr(example, name) for name in cls.arguments()} | changed)
    except ValueError:
        return example


def result(op: Callable, inputs: tuple[TensorType, ...], facts: Facts) -> TensorType | None:
    """The type that the op gives for these inputs, or None where it refuses them or the result is too large to build on."""
    try:
        found = op.shape(facts, *inputs)
        weights = {**op.params(*inputs), **op.buffers(*inputs)}
    except (Mistake, DimTooComplex):
        return None
    if isinstance(found, TensorType) and found.is_int and (holds := op.holds()) is not None and Dim.of(holds) != Dim.of(0):
        return None  # another op may take its numbers for places, of which there are fewer
    if not isinstance(found, TensorType) or any(not Dim.of(dim).is_constant for w in weights.values() for dim in w.shape):
        return None
    return found if small(found) and all(fits(weight) for weight in weights.values()) else None


def fits(weight: Any) -> bool:
    size = 1
    for dim in weight.shape:
        size *= Dim.of(dim).value
    return size <= MAX_SIZE * 4 and len(weight.shape) >= getattr(weight.init, "rank", 0)


def small(found: TensorType) -> bool:
    """Every free dim counts as 4."""
    sizes = [dim.substitute({name: 4 for name in dim.symbols()}) for dim in found.shape]
    values = [size.value for size in sizes if size.is_constant]
    total = 1
    for value in values:
        total *= value
    return len(values) == found.rank <= MAX_RANK and min(values, default=1) >= 1 and total <= MAX_SIZE


def choose(rng: Random, inputs: tuple[TensorType, ...], facts: Facts, tries: int = 12) -> tuple[Callable, TensorType] | None:
    """A random op that takes these inputs, and its result."""
    fitting = [cls for cls in callables() if accepts(cls, inputs)]
    for _ in range(tries if fitting else 0):
        op = candidate(rng, rng.choice(fitting))
        found = result(op, inputs, facts)
        if found is not None:
            return op, found
    return None


def accepts(cls: type[Callable], inputs: tuple[TensorType, ...]) -> bool:
    declared = required(cls)
    if cls.variadic:
        return len(inputs) > 1 and all(takes(declared[0], found) for found in inputs)
    return len(declared) == len(inputs) and all(takes(d, found) for d, found in zip(declared, inputs, strict=True))
