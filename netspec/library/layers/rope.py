"""Rotary positions, and the ways in which models trained on short sequences turn slower for long ones."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from netspec.diagnostics.shapes.attention import TooManyTurned
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Positive, Scope, Size
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.layers.attention_weights import require_shape
from netspec.library.layers.positions import Pairs, Theta, pair_halves, require_even
from netspec.library.shape_rules.requirements import need_at_least
from netspec.library.shape_rules.sizes import count, require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType

Turns = Annotated[float, Field(gt=0)]


class Rope(Function):
    """Rotary positions: turns each pair of features of a head by an angle that grows with the position.

    [batch…, length, heads, size] and positions [length] or [batch…, length] -> the same shape as x. Pair i turns by
    position · theta^(-2i / size), so that the product of a query and a key depends on how far apart they are; with `rotary` features,
    that is the size, and the features behind them stay as they are. Angles are in at least f32.

    A model trained on short sequences reads longer ones when its pairs turn slower, by `scaling`: `"linear"` divides all speeds by the
    factor; `"ntk"` multiplies theta by factor^(size / (size - 2)), so that the fastest pair stays and the slowest is divided by the factor;
    `"llama3"` divides those that turn less than `low` times within `trained` positions, keeps those that turn more than `high` times, and
    mixes both between, in proportion to the number of turns; `"yarn"` mixes in proportion to the number of the pair, and multiplies
    the result by 1 + 0.1 · log(factor).
    FLOPs: 3 per turned element.
    """

    inputs = (
        In("x", "[batch…, length, heads, size]", rank=3),
        In("position", "whole numbers [length] or [batch…, length]", dtype="int", rank=1),
    )
    source = "Su et al., RoFormer, 2021; Chen et al., Position Interpolation, 2023; Peng et al., YaRN, 2023; Llama 3.1, 2024"

    theta: Theta = 10_000.0
    """The slowest pair turns once in about 2π · theta positions."""
    pairs: Pairs = "split"
    """`"split"` pairs feature i with i + size / 2, as most published weights have it, `"interleaved"` 2i with 2i + 1, as the paper."""
    rotary: Size | None = None
    """So many features of each head, the first ones, are turned; all when absent."""
    scaling: Literal["linear", "ntk", "llama3", "yarn"] | None = None
    """How pairs are slowed down by the factor; not at all when absent."""
    factor: Annotated[float, Field(ge=1)] = 1.0
    """How many times longer the sequences are than those of training."""
    trained: Positive | None = None
    """Length of the sequences of training, which `"llama3"` and `"yarn"` need."""
    low: Turns = 1.0
    """Pairs that turn less often than this within `trained` positions are slowed by the whole factor."""
    high: Turns | None = None
    """Pairs that turn more often than this keep their speed; 4 for `"llama3"` and 32 for `"yarn"` when absent."""

    @model_validator(mode="after")
    def _fit(self) -> Rope:
        """Checks that the arguments that belong to a scaling stand with one."""
        if self.scaling is None and self.factor != 1:
            raise ValueError('a factor needs a scaling, such as scaling="linear"')
        if self.scaling in ("llama3", "yarn") and self.trained is None:
            raise ValueError(f'scaling="{self.scaling}" needs the length of the sequences of training, such as trained=8192')
        if self.low >= self._high:
            raise ValueError(f"low must be below high, not {self.low:g} and {self._high:g}")
        if self.scaling == "yarn" and self.theta <= 1:
            raise ValueError('scaling="yarn" needs a theta above 1')
        return self

    @property
    def _high(self) -> float:
        """The upper bound of the ramp: `high` as given, or the scaling's own."""
        return self.high or {"llama3": 4.0, "yarn": 32.0}.get(self.scaling or "", math.inf)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[2, 5, 3, 4]", "i32[5]")),
            Example(cls(theta=100.0, pairs="interleaved"), ("f32[2, 5, 3, 6]", "i32[2, 5]")),
            Example(cls(), ("f32[5, 1, 2]", "i32[5]")),
            Example(cls(rotary=4, pairs="interleaved"), ("f32[2, 5, 3, 7]", "i32[5]")),
            Example(cls(rotary=2, scaling="linear", factor=4.0), ("f32[2, 5, 3, 6]", "i32[5]")),
            Example(cls(scaling="ntk", factor=2.0), ("f32[2, 5, 1, 8]", "i32[2, 5]")),
            Example(cls(scaling="llama3", factor=8.0, trained=64), ("f32[2, 5, 1, 12]", "i32[5]")),
            Example(cls(scaling="yarn", factor=4.0, trained=500, theta=1000.0), ("f32[2, 5, 1, 12]", "i32[5]")),
        )

    def _turned(self, x: TensorType) -> Dim:
        """How many features of a head are turned."""
        return x.shape[-1] if self.rotary is None else Dim.of(self.rotary)

    def shape(self, facts: Facts, x: TensorType, position: TensorType) -> TensorType:
        if self.rotary is not None:
            turned = require_positive(facts, self.op_name(), "rotary", self.rotary)
            problem = TooManyTurned(self.op_name(), turned, x, blame="rotary")
            need_at_least(facts, self.op_name(), x.shape[-1], turned, "so that a head has the features that are turned", problem)
        require_even(facts, self.op_name(), self._turned(x), "x" if self.rotary is None else "rotary")
        accepted = dict.fromkeys((x.shape[-3:-2], x.shape[:-2]))
        require_shape(facts, self.op_name(), "position", position, tuple(accepted))
        return x

    def apply(self, scope: Scope, x: Array, position: Array) -> Array:
        size = x.shape[-1] if self.rotary is None else unwrap_size(self.rotary)
        half, wide = size // 2, x[..., :size].astype(jnp.promote_types(x.dtype, jnp.float32))
        speeds = jnp.asarray(self.speeds(size), wide.dtype)
        angles = position.astype(wide.dtype)[..., None, None] * speeds.reshape((1,) * (position.ndim + 1) + speeds.shape)
        angles = angles.reshape((1,) * (x.ndim - angles.ndim) + angles.shape)
        first, second = (wide[..., :half], wide[..., half:]) if self.pairs == "split" else (wide[..., ::2], wide[..., 1::2])
        longer = 1 + 0.1 * math.log(self.factor) if self.scaling == "yarn" else 1
        sine, cosine = longer * jnp.sin(angles), longer * jnp.cos(angles)
        turned = pair_halves(first * cosine - second * sine, first * sine + second * cosine, self.pairs).astype(x.dtype)
        return turned if size == x.shape[-1] else jnp.concatenate([turned, x[..., size:]], -1)

    def speeds(self, size: int) -> list[float]:
        """The angle of each pair per position."""
        plain = [self.theta ** (-2 * i / size) for i in range(size // 2)]
        if self.scaling == "ntk":
            return [speed * self.factor ** (-2 * i / max(size - 2, 1)) for i, speed in enumerate(plain)]
        kept = self._kept(plain, size)
        return [speed * (keep + (1 - keep) / self.factor) for speed, keep in zip(plain, kept, strict=True)]

    def _kept(self, plain: list[float], size: int) -> list[float]:
        """How much of each pair's speed is not divided by the factor, from 0 to 1."""
        if self.trained is None or self.scaling not in ("llama3", "yarn"):
            return [0.0 if self.scaling == "linear" else 1.0] * len(plain)
        if self.scaling == "llama3":
            turns = [speed * self.trained / (2 * math.pi) for speed in plain]
            return [_clamp_part((turn - self.low) / (self._high - self.low)) for turn in turns]
        first = max(math.floor(self._pair(self._high, size)), 0)
        last = min(math.ceil(self._pair(self.low, size)), size - 1)
        return [_clamp_part((last - i) / max(last - first, 0.001)) for i in range(len(plain))]

    def _pair(self, turns: float, size: int) -> float:
        """The number of the pair that turns so often within the sequences of training, as a fraction."""
        return size * math.log((self.trained or 1) / (2 * math.pi * turns)) / (2 * math.log(self.theta))

    def flops(self, x: TensorType, position: TensorType) -> Dim:
        return count(x.shape[:-1]) * self._turned(x) * 3

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)


def _clamp_part(part: float) -> float:
    """A share between 0 and 1."""
    return min(max(part, 0.0), 1.0)
