"""Holds the law of whole numbers: an op gives the same for every integer type that holds its inputs, at the edges of each type.

What an op's result is declared to be in a small type (`x + y` in u8) is that of 32 bits, wrapped to the type. Sizes stand for those beyond
127 and 255: an example is tried again with one of its sizes in their place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.kernels.array_forms import append_axes
from netspec.lazy import jax, jnp, np
from netspec.library.base import BadArguments, Callable, Example, Measure, widen_wholes
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import JAX_DTYPES, RANGES
from netspec.testing.built_op_laws import Built
from netspec.testing.case import has_apply, to_tuple
from netspec.testing.checks import require, require_same
from netspec.testing.trial_scope import TestScope, sample
from netspec.tools.reference_examples import type_of

SMALL = ("u8", "i8", "u32")
"""Held against i32."""
LARGE = 300
"""A size that neither u8 nor i8 holds."""


class Integers:
    """An op on some types, of which those in `whole` are tried in every integer type."""

    def __init__(self, op: Callable, types: dict[str, TensorType], whole: tuple[str, ...], required: int) -> None:
        self.op: Any = op
        self.types, self.whole, self.required = types, whole, required

    def __str__(self) -> str:
        return f"{self.op} of {', '.join(f'{name}: {kind}' for name, kind in self.types.items())}"

    def as_type(self, dtype: str) -> dict[str, TensorType]:
        """The types with the whole numbers in one element type."""
        return {name: kind.with_dtype(dtype) if name in self.whole else kind for name, kind in self.types.items()}

    def split(self, given: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Inputs in order, and optional ones by name."""
        names = list(self.types)
        return tuple(given[n] for n in names[: self.required]), {n: given[n] for n in names[self.required :]}

    def results(self, dtype: str) -> tuple[TensorType, ...]:
        """The result types by the shape rule. Raises `Mistake` where the op takes no such numbers."""
        inputs, optional = self.split(self.as_type(dtype))
        return to_tuple(self.op.shape(Facts(), *inputs, **optional))

    def run(self, dtype: str, arrays: dict[str, Any]) -> list[Any]:
        """What the op makes of the arrays with the whole numbers in one type: its results; of a loss or metric the weights and the number
        in the end too."""
        types, wanted = self.split(self.as_type(dtype)), JAX_DTYPES[dtype]
        inputs, optional = self.split({name: arrays[name].astype(wanted) if name in self.whole else arrays[name] for name in self.types})
        weights = {**self.op.params(*types[0], **types[1]), **self.op.buffers(*types[0], **types[1])}
        known = {name: jnp.full([Dim.of(n).value for n in w.shape], 0.5) for name, w in weights.items()}
        scope = TestScope(known, known, types=types[0], named=types[1])
        inputs, optional = widen_wholes(self.op, inputs, optional)
        if not isinstance(self.op, Measure):
            return list(to_tuple(self.op.apply(scope, *inputs, **optional)))
        values, own = jnp.asarray(self.op.apply(scope, *inputs, **optional)), self.op.weights(*inputs, **optional)
        weight = jnp.ones(values.shape) if own is None else append_axes(own, values) * jnp.ones(values.shape)
        return [values, weight, self.op.finish(self.op.statistics(jnp.where(weight == 0, 0, values), weight))]

    def arrays(self, dtype: str) -> dict[str, Any]:
        """Whole numbers at the edges of a type and at those of the sizes, in i32; other inputs as they come."""
        rng = np.random.default_rng(5)
        low, high = RANGES[dtype][0], min(RANGES[dtype][1], RANGES["i32"][1])
        sizes = {dim.value for kind in self.types.values() for dim in kind.shape} | set(_numbers(self.op))
        near = {0, 1, 2, 3, low, low + 1, -1, -2, high, high - 1, *(n + step for n in sizes for step in (-1, 0, 1))}
        edges = np.array(sorted(n for n in near if low <= n <= high), np.int64)
        return {
            name: rng.choice(edges, [d.value for d in kind.shape]).astype(np.int32) if name in self.whole else sample(kind, rng)
            for name, kind in self.types.items()
        }


def every_integer_type_gives_the_same(case: Integers) -> None:
    """Results with whole numbers in u8, i8 and u32 are those with the same numbers in i32, up to what the declared type wraps."""
    taken = [dtype for dtype in SMALL if _takes(case, dtype)]
    given = {dtype: case.arrays(dtype) for dtype in taken}
    found = jax.jit(lambda all: {d: (case.run(d, x), case.run("i32", x)) for d, x in all.items()})(given)
    for dtype, (narrow, wide) in found.items():
        declared = case.results(dtype)
        for place, (own, right) in enumerate(zip(narrow, wide, strict=True)):
            if not isinstance(case.op, Measure):
                require_same(own.dtype.name, declared[place].jax_dtype, f"in {dtype} apply gives", "shape says")
            require(_agree(own, np.asarray(right)), f"in {dtype} {own}, in i32 {right}")


def _agree(found: Any, wide: Any) -> bool:
    """A result in a small type is that in 32 bits, wrapped to the type. i32's smallest may also stand for no number (the greatest of
    nothing): then found holds what stands for none in its own type."""
    plain = wide.astype(found.dtype)
    if wide.dtype != np.int32 or not np.issubdtype(found.dtype, np.integer):
        return _are_same(found, plain)
    own = np.iinfo(found.dtype)
    is_none = (wide == np.iinfo(np.int32).min) & (np.asarray(found) == (own.min if own.min else own.max))
    return _are_same(found, np.where(is_none, found, plain))


def _are_same(found: Any, wanted: Any) -> bool:
    """Whole numbers to the last bit; floats to rounding, which differs between programs."""
    if jnp.issubdtype(wanted.dtype, jnp.floating):
        return np.allclose(np.float64(found), np.float64(wanted), 1e-5, 1e-6, equal_nan=True)
    return np.array_equal(found, wanted)


def _takes(case: Integers, dtype: str) -> bool:
    """The shape rule takes numbers of this type, with the constants that the op has."""
    try:
        case.results(dtype)
    except Mistake:
        return False
    return True


def integer_cases(example: Example) -> Iterator[Integers]:
    """An example of an op that takes whole numbers, with its own sizes, and with each of them large."""
    op = example.op
    if not isinstance(op, Callable) or not has_apply(type(op)):
        return
    cases = [case for texts in _sizes(example) if (case := _case(*texts)) is not None]
    yield from {str(case): case for case in cases}.values()


def _sizes(example: Example) -> Iterator[tuple[Callable, dict[str, TensorType], int]]:
    """The op and its types as they stand, and with one size in each place replaced."""
    op: Any = example.op
    weighs = isinstance(op, Measure) and op.mask_weighs
    declared = [i.name for i in op.inputs if not i.optional]
    names = [declared[n] if n < len(declared) and not op.variadic else f"input_{n}" for n in range(len(example.inputs))]
    named = {name: text for name, text in example.named.items() if not (weighs and name == "mask")}
    types = {name: type_of(text) for name, text in (*zip(names, example.inputs, strict=True), *named.items())}
    yield op, types, len(names)
    for size in sorted({dim.value for kind in types.values() for dim in kind.shape} | set(_numbers(op))):
        if size > 1 and _affordable(types, size):
            larger = {name: kind.with_shape([LARGE if d.value == size else d for d in kind.shape]) for name, kind in types.items()}
            for changed in (op, _replaced(op, size)):
                if changed is not None:
                    yield changed, larger, len(names)


def _affordable(types: dict[str, TensorType], size: int) -> bool:
    """With the large size in its place, no input has millions of elements."""
    return all(_elements(kind.with_shape([LARGE if d.value == size else d for d in kind.shape])) < 10**6 for kind in types.values())


def _elements(kind: TensorType) -> int:
    """How many numbers an array of this type holds."""
    return math.prod(d.value for d in kind.shape)


def _replaced(op: Any, size: int) -> Any:
    """The op with the large size where it has this one; None where it has not."""
    changed = {name: LARGE for name in op.arguments() if type(getattr(op, name)) is int and getattr(op, name) == size}
    try:
        return type(op)(**{name: getattr(op, name) for name in op.arguments()} | changed) if changed else None
    except BadArguments:
        return None


def _numbers(op: Any) -> list[int]:
    """The whole numbers among an op's arguments."""
    return [value for name in op.arguments() if type(value := getattr(op, name)) is int and abs(value) < 2**15]


def _case(op: Callable, types: dict[str, TensorType], required: int) -> Integers | None:
    """The op with whole numbers wherever it takes some; None where that is nowhere, and where its results have millions of elements."""
    declared = {each.name: each for each in op.inputs}
    kinds = {name: declared[name].dtype if name in declared else op.inputs[0].dtype for name in types}
    own = tuple(name for name, kind in types.items() if kind.is_int)
    every = tuple(name for name in types if kinds[name] in ("int", "number", "any") and types[name].dtype != "bool")
    for whole in (own, every) if own else (every,):
        case = Integers(op, types, whole, required)
        if whole and _takes(case, "i32") and any(_takes(case, dtype) for dtype in SMALL):
            return case if all(_elements(kind) < 10**6 for kind in case.results("i32")) else None
    return None


# --- what the compiler builds ------------------------------------------------------------------------------------------


def with_lengths(example: Example) -> Example:
    """An example of a recurrence, with a length for each sequence."""
    return Example(example.op, example.inputs, {**example.named, "lengths": f"i32[{type_of(example.inputs[0]).shape[0]}]"})


def lengths_of_any_type(case: Built) -> None:
    """A recurrence over as many steps as u8 holds, and more, gives the same for lengths in every integer type."""
    names, steps = [name for name, kind in case.example.named.items() if type_of(kind).is_int], case.types[0].shape[1]

    def long(text: str, dtype: str | None = None) -> str:
        kind = type_of(text)
        kind = kind.with_shape([LARGE if place == 1 and size == steps else size for place, size in enumerate(kind.shape)])
        return str(kind if dtype is None else kind.with_dtype(dtype))

    def run(dtype: str, lengths: Any) -> dict[str, Any]:
        named = {name: long(text, dtype if name in names else None) for name, text in case.example.named.items()}
        made = Built(Example(case.op, tuple(long(text) for text in case.example.inputs), named))
        own = {n: lengths.astype(JAX_DTYPES[dtype]) if n in names else x for n, x in made.inputs.items()}
        return made.jitted(made.params, own)

    for dtype in SMALL:
        high = min(RANGES[dtype][1], LARGE)
        lengths = np.resize(np.array([high, 0, 1, high - 1]), case.batch)
        narrow, wide = run(dtype, lengths), run("i32", lengths)
        for name, right in wide.items():
            require(_are_same(np.asarray(narrow[name]), np.asarray(right)), f"in {dtype} {narrow[name]}, in i32 {right}")
