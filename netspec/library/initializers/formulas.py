"""Initial values that are computed: `log(linspace(1, 16))`, `normal(0.02) * 0.5`, `-exp(normal(1.0))`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netspec.lazy import jax, jnp, np
from netspec.library.base import Array, Example, Initializer
from netspec.limits import LIMITS
from netspec.shape import Dim

FUNCTIONS: Mapping[str, str] = {name: name for name in ("abs", "cos", "exp", "expm1", "log", "log1p", "sin", "sqrt", "square", "tanh")}
"""Functions of numbers, by their names in JAX and NumPy. What a spec computes before anything runs may use them too."""
_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
SIGNS = tuple(_SIGNS)


class Linspace(Initializer):
    """Numbers at equal distances from `start` to `stop` along the last axis, both included, the same in every row.

    `log(linspace(1, 16))` is how Mamba's `A` begins. Of one number only `start` is there.
    """

    start: float
    """The first number."""
    stop: float
    """The last number."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(start=1, stop=16), ("f32[8, 16]",)), Example(cls(start=-1.0, stop=1.0), ("f32[5]",)))

    def misfit(self, shape: Sequence[int | Dim]) -> str | None:
        return None if shape else "a scalar has no axis along which numbers could lie"

    def row(self, shape: Sequence[Any]) -> tuple[float, ...] | None:
        count = shape[-1] if shape else None
        if not isinstance(count, int) or not 1 < count <= LIMITS.range_items:
            return None if count != 1 else (self.start,)
        step = (self.stop - self.start) / (count - 1)
        return (*(place * step + self.start for place in range(count - 1)), self.stop)

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.broadcast_to(np.linspace(self.start, self.stop, shape[-1]), shape).copy()

    def sample_traced(self, key: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return jnp.asarray(self.sample(None, shape, fan), jnp.float32)


class _Formula(Initializer):
    """An operator or function on initial values and numbers. The first that is drawn draws as it would alone."""

    operation: str
    """A sign of two sides, `-` of one, or one of `FUNCTIONS`."""
    parts: tuple[Any, ...]
    """Initializers and numbers."""

    @property
    def same(self) -> bool:  # type: ignore[override]
        """Every element has the same value where that holds of all parts."""
        return all(part.same for part in self.parts if isinstance(part, Initializer))

    @property
    def rank(self) -> int:
        """The axes that a part needs."""
        return max((getattr(part, "rank", 0) for part in self.parts), default=0)

    def misfit(self, shape: Sequence[int | Dim]) -> str | None:
        """Why a part does not fill the shape."""
        judges = [judge for part in self.parts if (judge := getattr(part, "misfit", None)) is not None]
        return next((why for judge in judges if (why := judge(shape)) is not None), None)

    def written(self) -> tuple[float, ...] | None:
        """The one number that it gives, where that is the same everywhere."""
        return (float(self.sample(None, (), (1, 1))),) if self.same else None

    def word(self) -> str:
        return self.operation

    def row(self, shape: Sequence[Any]) -> tuple[float, ...] | None:
        rows: list[Any] = [part.row(shape) if isinstance(part, Initializer) else part for part in self.parts]
        size = next((len(row) for row in rows if isinstance(row, tuple)), 0)
        if any(row is None for row in rows):
            return None
        columns = [row if isinstance(row, tuple) else (float(row or 0.0),) * size for row in rows]
        return tuple(_compute_one(self.operation, numbers) for numbers in zip(*columns, strict=True))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        values = [part.sample(rng, shape, fan) if isinstance(part, Initializer) else part for part in self.parts]
        with np.errstate(all="ignore"):
            return np.asarray(self._compute(np, values))

    def sample_traced(self, key: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        keys = [key, *(jax.random.fold_in(key, 2**31 + place) for place in range(1, len(self.parts)))]
        pairs = zip(self.parts, keys, strict=True)
        return self._compute(jnp, [part.sample_traced(k, shape, fan) if isinstance(part, Initializer) else part for part, k in pairs])

    def _compute(self, module: Any, values: list[Any]) -> Array:
        if self.operation in FUNCTIONS:
            return getattr(module, FUNCTIONS[self.operation])(values[0])
        return -values[0] if len(values) == 1 else _SIGNS[self.operation](*values)


def make_formula(operation: str, parts: Sequence[Initializer | float]) -> Initializer:
    """The initializer that an operator or function makes of others and of numbers."""
    return _Formula(operation=operation, parts=tuple(parts))


def list_formula(op: Any) -> tuple[str, tuple[Any, ...]] | None:
    """The operation and the parts of a formula; None for anything else."""
    return (op.operation, op.parts) if isinstance(op, _Formula) else None


def compute(name: str, value: float) -> float:
    """A function of a number. Raises ValueError where it has no value, or one that is no finite number."""
    try:
        found = (_OWN[name] if name in _OWN else getattr(math, name))(value)
    except OverflowError:
        raise ValueError("too large") from None
    if not math.isfinite(found):
        raise ValueError("no finite number")
    return found


def _compute_one(operation: str, numbers: Sequence[float]) -> float:
    """What floating-point arithmetic makes of numbers, infinities and NaN too, without NumPy, which `check` does not import."""
    first, second = float(numbers[0]), float(numbers[-1])
    try:
        if operation in FUNCTIONS:
            return float(_OWN.get(operation, getattr(math, operation, None))(first))  # type: ignore[misc]
        found = -first if len(numbers) == 1 else _SIGNS[operation](first, second)
        return math.nan if isinstance(found, complex) else found
    except OverflowError:
        return -math.inf if operation == "**" and first < 0 and second % 2 else math.inf
    except ZeroDivisionError:
        return _divide_by_zero(first, second) if operation == "/" else math.copysign(math.inf, first) if second % 2 == 1 else math.inf
    except ValueError:  # a logarithm of zero, or what has no value
        return -math.inf if (operation, first) in (("log", 0.0), ("log1p", -1.0)) else math.nan


def _divide_by_zero(number: float, zero: float) -> float:
    return math.copysign(1.0, number) * math.copysign(math.inf, zero) if abs(number) > 0 else math.nan


_OWN: Mapping[str, Callable[[float], float]] = {"abs": abs, "square": lambda v: v * v}
