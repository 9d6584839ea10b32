"""Initial values of parameters, drawn with NumPy so that starting a run compiles nothing.

Distributions are those of `jax.nn.initializers`; the generator is passed in. `fan` is (fan_in, fan_out): of a kernel, `fans(shape)`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import InitializerDoesNotFit, InitializerNeedsMatrix
from netspec.lazy import np
from netspec.library.base import Array, Example, Initializer, Weight
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.initializers.truncated_normal import draw_truncated
from netspec.shape import Dim, TensorType

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a standard normal truncated to (-2, 2)."""

NonNegative = Annotated[float, Field(ge=0)]
Mode = Literal["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]
Distribution = Literal["truncated_normal", "normal", "uniform"]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan_in, fan_out) of a kernel: the last two axes, further leading axes being receptive field; a vector counts as one row."""
    if len(shape) < 2:
        return (1, math.prod(shape))
    return math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]


def draw_weight(weight: Weight, rng: Any, shape: tuple[int, ...]) -> Array:
    """A first value of a parameter of that shape."""
    fan = weight.fan or fans(shape)
    return np.asarray(weight.init.sample(rng, fan if weight.matrix else shape, fan)).reshape(shape)


def require_matrix(init: Initializer, weight: str, shape: Sequence[int | Dim], blame: str | None = None) -> None:
    """Raise `Mistake` when an initializer that scales by fan, or makes orthogonal rows, is given a vector or a scalar."""
    rank = getattr(init, "rank", 0)
    if len(shape) < rank:
        raise Mistake(InitializerNeedsMatrix(init.op_name(), weight, tuple(shape), rank, blame=blame))
    require_fit(init, weight, shape, blame)


def require_fit(init: Initializer, weight: str, shape: Sequence[int | Dim], blame: str | None = None) -> None:
    """Raise `Mistake` when an initializer that is for some shapes only cannot make this one."""
    judge = getattr(init, "misfit", None)
    why = None if judge is None else judge(shape)
    if why is not None:
        raise Mistake(InitializerDoesNotFit(init.word(), weight, tuple(shape), why, blame=blame))


def require_values(init: Initializer, weight: str, kind: TensorType) -> None:
    """Raise `Mistake` when the element type does not hold what an initializer gives: fractions, or numbers beyond it."""
    from netspec.library.functions.broadcasting import need_value  # few specs declare anything but floats

    numbers = init.written()
    if numbers is None and not kind.is_float:
        raise Mistake(InitializerDoesNotFit(init.word(), weight, kind.shape, f"it draws fractions, and {kind.dtype} holds none"))
    for number in numbers or ():
        whole = int(number) if not kind.is_float and float(number).is_integer() else number
        need_value(init.word(), bool(whole) if kind.dtype == "bool" and whole in (0, 1) else whole, kind, blame="", made=True)
    require_finite(init, weight, kind)


def require_finite(init: Initializer, weight: str, kind: TensorType) -> None:
    """Raise `Mistake` when numbers that are known before any is drawn are none that the floats of a type hold."""
    if kind.dtype not in FLOATS:
        return
    digits, exponent = FLOATS[kind.dtype]
    bound = (2 - 2.0 ** -(digits + 1)) * 2.0**exponent
    sizes = [dim.value if dim.is_constant else dim for dim in kind.shape]
    for place, number in enumerate(init.row(sizes) or ()):
        if not abs(number) < bound:
            wrong = "no number" if math.isnan(number) else "infinite" if math.isinf(number) else f"{number:.4g}, beyond {kind.dtype}"
            where = f"element {place} of the last axis" if kind.rank else "it"
            why = f"{where} would be {wrong}"
            raise Mistake(InitializerDoesNotFit(init.word(), weight, kind.shape, why))


FLOATS = {"f16": (10, 15), "bf16": (7, 127), "f32": (23, 127), "f64": (52, 1023)}
"""Digits behind the first, and the largest exponent."""


class _Drawn(Initializer):
    """An initializer whose `sample` draws with what NumPy's generators and `Draws` have in common."""

    def sample_traced(self, key: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        from netspec.library.initializers.traced_draws import Draws  # few programs draw in a trace

        return self.sample(Draws(key), shape, fan)


class Zeros(Initializer):
    """All zeros: the usual start of a bias."""

    same = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[24, 40]",)), Example(cls(), ("f32[3, 5, 7, 11]",)))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.zeros(shape, np.float32)

    def written(self) -> tuple[float, ...] | None:
        return (0,)


class Ones(Initializer):
    """All ones: the usual start of a normalisation's scale."""

    same = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[24, 40]",)), Example(cls(), ("f32[3, 5, 7, 11]",)))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.ones(shape, np.float32)

    def written(self) -> tuple[float, ...] | None:
        return (1,)


class Constant(Initializer):
    """Every element is `value`."""

    same = True
    value: float
    """The value."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(value=0.5), ("f32[24, 40]",)), Example(cls(value=-1.0), ("f32[3, 5, 7, 11]",)))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.full(shape, self.value, np.float64)

    def written(self) -> tuple[float, ...] | None:
        return (self.value,)


class Normal(_Drawn):
    """Normal distribution with mean 0."""

    stddev: NonNegative = 0.01
    """Standard deviation."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[24, 40]",)), Example(cls(stddev=2.0), ("f32[3, 5, 7, 11]",)))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return rng.standard_normal(shape, np.float32) * np.float32(self.stddev)

    def deviation(self) -> float:
        return self.stddev


class Uniform(_Drawn):
    """Uniform distribution over [0, scale)."""

    scale: NonNegative = 0.01
    """Upper end of the interval."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[24, 40]",)), Example(cls(scale=3.0), ("f32[3, 5, 7, 11]",)))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return rng.random(shape, np.float32) * np.float32(self.scale)


class TruncatedNormal(_Drawn):
    """Normal distribution with mean 0, cut to [lower, upper] standard deviations; `stddev` is the one before cutting."""

    stddev: NonNegative = 0.01
    """Standard deviation before truncation."""
    lower: float = -2.0
    """Smallest value, in standard deviations."""
    upper: float = 2.0
    """Largest value, in standard deviations."""

    @model_validator(mode="after")
    def _ordered(self) -> TruncatedNormal:
        """Checks that the lower cut is below the upper one."""
        if self.lower >= self.upper:
            raise ValueError(f"lower must be below upper, not {self.lower:g} and {self.upper:g}")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[24, 40]",)),
            Example(cls(stddev=0.5, lower=-1.0), ("f32[3, 5, 7, 11]",)),
            Example(cls(stddev=1.0, lower=1.5, upper=3.0), ("f32[2, 1, 9]",)),
        )

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return draw_truncated(rng, shape, self.lower, self.upper) * np.float32(self.stddev)


class VarianceScaling(_Drawn):
    """Variance scale / n, where n is the fan-in, the fan-out or a mean of both, so that activations keep their size through the depth."""

    rank: ClassVar[int] = 2
    """Fans need a matrix."""

    scale: Annotated[float, Field(gt=0)] = 1.0
    """Numerator of the variance."""
    mode: Mode = "fan_in"
    """What n counts: `fan_in`, `fan_out`, their arithmetic mean `fan_avg` or their geometric mean `fan_geo_avg`."""
    distribution: Distribution = "truncated_normal"
    """`truncated_normal` (cut at two standard deviations, then rescaled to the variance), `normal` or `uniform`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[24, 40]",)),
            Example(cls(scale=2.0, mode="fan_avg", distribution="normal"), ("f32[3, 5, 7, 11]",)),
            Example(cls(scale=0.5, mode="fan_geo_avg", distribution="uniform"), ("f32[2, 1, 9]",)),
        )

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return draw_scaled(rng, shape, fan, self.scale, self.mode, self.distribution)


class _Scaled(_Drawn):
    """A named case of `variance_scaling`."""

    rank: ClassVar[int] = 2
    case: ClassVar[tuple[float, Mode, Distribution]]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[24, 40]",)), Example(cls(), ("f32[3, 5, 7, 11]",)))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return draw_scaled(rng, shape, fan, *self.case)


class LecunNormal(_Scaled):
    """Truncated normal with variance 1 / fan_in: the default of kernels."""

    source = "LeCun et al., Efficient BackProp, 1998"
    case = (1.0, "fan_in", "truncated_normal")


class LecunUniform(_Scaled):
    """Uniform over ±sqrt(3 / fan_in): variance 1 / fan_in."""

    source = "LeCun et al., Efficient BackProp, 1998"
    case = (1.0, "fan_in", "uniform")


class GlorotNormal(_Scaled):
    """Truncated normal with variance 2 / (fan_in + fan_out)."""

    source = "Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010"
    aliases: ClassVar[tuple[str, ...]] = ("xavier_normal",)
    case = (1.0, "fan_avg", "truncated_normal")


class GlorotUniform(_Scaled):
    """Uniform over ±sqrt(6 / (fan_in + fan_out)): variance 2 / (fan_in + fan_out)."""

    source = "Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010"
    aliases: ClassVar[tuple[str, ...]] = ("xavier_uniform",)
    case = (1.0, "fan_avg", "uniform")


class HeNormal(_Scaled):
    """Truncated normal with variance 2 / fan_in, for layers that a relu follows."""

    source = "He et al., Delving Deep into Rectifiers, 2015"
    aliases: ClassVar[tuple[str, ...]] = ("kaiming_normal",)
    case = (2.0, "fan_in", "truncated_normal")


class HeUniform(_Scaled):
    """Uniform over ±sqrt(6 / fan_in): variance 2 / fan_in, for layers that a relu follows."""

    source = "He et al., Delving Deep into Rectifiers, 2015"
    aliases: ClassVar[tuple[str, ...]] = ("kaiming_uniform",)
    case = (2.0, "fan_in", "uniform")


class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns (the fewer of the two), uniform over all such, times `scale`.

    One axis counts columns; all others together are rows.
    """

    source = "Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2014"
    rank: ClassVar[int] = 2

    scale: float = 1.0
    """Factor on the orthonormal matrix."""
    column_axis: int = -1
    """The axis that counts columns."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[24, 40]",)),
            Example(cls(scale=1.4), ("f32[3, 5, 7, 11]",)),
            Example(cls(column_axis=1), ("f32[3, 5, 7]",)),
        )

    def misfit(self, shape: Sequence[int | Dim]) -> str | None:
        return explain_missing_axis(self.column_axis, len(shape))

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        place = self.column_axis if -len(shape) <= self.column_axis < len(shape) else -1  # a linear map of several axes comes as a matrix
        rows = list(shape)
        columns = rows.pop(place)
        matrix = orthonormal(rng, math.prod(rows), columns).reshape(*rows, columns)
        return self.scale * np.moveaxis(matrix, -1, place)


def explain_missing_axis(axis: int, rank: int) -> str | None:
    """Why an axis is none of a parameter; None when it is one."""
    return None if -rank <= axis < rank else f"`column_axis={axis}` is none of its {rank} axes"


def orthonormal(rng: Any, rows: int, columns: int) -> Array:
    """A matrix with orthonormal rows or columns, the fewer of the two."""
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    signs = np.where(np.diagonal(r) < 0, -1.0, 1.0)  # makes the decomposition unique, and so the distribution uniform
    matrix = q * signs
    return matrix.T if rows < columns else matrix


def draw_scaled(rng: Any, shape: tuple[int, ...], fan: tuple[int, int], scale: float, mode: Mode, distribution: Distribution) -> Array:
    """A sample with variance scale / n."""
    fan_in, fan_out = fan
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2, "fan_geo_avg": math.sqrt(fan_in * fan_out)}[mode]
    stddev = math.sqrt(scale / n)
    if distribution == "normal":
        return rng.standard_normal(shape, np.float32) * np.float32(stddev)
    if distribution == "uniform":
        return (2 * rng.random(shape, np.float32) - 1) * np.float32(math.sqrt(3) * stddev)
    return draw_truncated(rng, shape, -2.0, 2.0) * np.float32(stddev / TRUNCATED_STDDEV)
