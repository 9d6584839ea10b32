"""Initial values in which each place matters: kernels that are 0 but in the middle, and numbers that the spec writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar

from netspec.lazy import np
from netspec.library.base import Array, Example, Initializer
from netspec.library.base.field_bounds import BeforeValidator
from netspec.library.initializers.distributions import Orthogonal, explain_missing_axis
from netspec.shape import Dim

Numbers = tuple[Any, ...]


def _require_regular(values: Any) -> Numbers:
    """Nested lists as tuples of floats. Refuses what is no number, and lists of unequal lengths side by side."""
    if not isinstance(values, list | tuple) or not values:
        raise ValueError("a list of numbers, or of such lists")
    made = tuple(_require_regular(v) if isinstance(v, list | tuple) else _number(v) for v in values)
    if len({extent(v) for v in made}) > 1:
        raise ValueError("lists of the same length side by side")
    return made


def _number(value: Any) -> float:
    """A finite number; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a list of numbers, or of such lists")
    return float(value)


def extent(values: Any) -> tuple[int, ...]:
    """The shape of regular nested tuples."""
    return (len(values), *extent(values[0])) if isinstance(values, tuple) else ()


def flatten_values(values: Any) -> Iterator[float]:
    """The numbers of nested tuples in order."""
    for value in values:
        yield from flatten_values(value) if isinstance(value, tuple) else (value,)


class FromValues(Initializer):
    """The numbers that are written: `from_values([0, 0.5, 1])`, a list of lists for a matrix, and so on.

    The lists have the parameter's shape, or are one list of all its elements in order, the last axis running fastest.
    """

    values: Annotated[Numbers, BeforeValidator(_require_regular)]
    """The numbers, as a list or nested lists."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(values=(0.5, -1, 2)), ("f32[3]",)), Example(cls(values=((1, 2, 3), (4, 5, 6))), ("f32[2, 3]",)))

    def misfit(self, shape: Sequence[int | Dim]) -> str | None:
        sizes = [Dim.of(n) for n in shape]
        if not all(n.is_constant for n in sizes):
            return None
        wanted, found = tuple(n.value for n in sizes), extent(self.values)
        if found == wanted or (math.prod(found) == math.prod(wanted) and 1 in (len(found), len(wanted))):
            return None
        return f"the values are {' by '.join(map(str, found))} number{'' if found == (1,) else 's'}"

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.asarray(self.values, np.float64).reshape(shape)

    def written(self) -> tuple[float, ...] | None:
        return tuple(flatten_values(self.values))


class DeltaOrthogonal(Initializer):
    """A convolution's kernel that is 0 but in its middle, where it is a random matrix with orthonormal rows, times `scale`: what comes in
    goes out as long as it was.

    [window…, in, out] with one to three axes of window, and no more channels in than out.
    """

    source = "Xiao et al., Dynamical Isometry and a Mean Field Theory of CNNs, 2018"
    rank: ClassVar[int] = 3

    scale: float = 1.0
    """Factor on the orthonormal matrix."""
    column_axis: int = -1
    """The axis of the matrix that counts columns."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[3, 7, 9]",)), Example(cls(scale=1.4, column_axis=0), ("f32[3, 2, 5, 5]",)))

    def misfit(self, shape: Sequence[int | Dim]) -> str | None:
        incoming, outgoing = map(Dim.of, shape[-2:])
        if len(shape) not in (3, 4, 5):
            return "it is for kernels of convolutions over one to three axes"
        if incoming.is_constant and outgoing.is_constant and incoming.value > outgoing.value:
            return f"{incoming} channels that come in cannot stay orthogonal in {outgoing} that go out"
        return explain_missing_axis(self.column_axis, 2)

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        kernel = np.zeros(shape)
        middle = tuple((size - 1) // 2 for size in shape[:-2])
        kernel[middle] = Orthogonal(scale=self.scale, column_axis=self.column_axis).sample(rng, shape[-2:], fan)
        return kernel
