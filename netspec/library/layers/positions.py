"""Where an element stands in its sequence: sinusoidal and learned positions, and the shift that next-element models need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from netspec.diagnostics.shapes.attention import OddFeatures, TooFewPositions
from netspec.kernels.embed import embed
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Initializer, Layer, Passage, Scope, Size, Weight
from netspec.library.base.field_bounds import Field
from netspec.library.contracts.sequence_axis import furthest_reach
from netspec.library.functions.broadcasting import need_value
from netspec.library.initializers.distributions import Normal
from netspec.library.layers.attention_weights import SEGMENTS, require_shape
from netspec.library.shape_rules.requirements import need_at_least, need_multiple
from netspec.library.shape_rules.sizes import parameter, require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.contracts.stretch_steps import Past, Use

Theta = Annotated[float, Field(gt=0)]
Pairs = Literal["split", "interleaved"]
"""Which features make a pair: i and i + n/2, or 2i and 2i + 1."""
POSITION = In("position", "whole numbers [length] or [batch…, length]; 0, 1, 2, … when absent", dtype="int", optional=True, rank=1)


class Sinusoidal(Function):
    """Each position as sines and cosines of wavelengths from 2π to about 2π · theta: whole numbers [...] -> f32[..., features].

    With n = features / 2 pairs: `"interleaved"` is sin(position · theta^(-i / n)) at 2i and the cosine at 2i + 1; `"split"` has all sines
    first, then all cosines, and the exponent -i / (n - 1), so that theta itself is reached. Angles are in at least f32.
    FLOPs: 1 per element.
    """

    inputs = (In("position", "whole numbers, any shape", dtype="int"),)
    source = "Vaswani et al., Attention Is All You Need, 2017; split: its Tensor2Tensor code and the examples of Flax"

    features: Size
    """Size of the vector of a position; even."""
    theta: Theta = 10_000.0
    """Ratio of the longest to the shortest wavelength."""
    pairs: Pairs = "interleaved"
    """`"interleaved"` as the paper has it, or `"split"` as Tensor2Tensor."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=6), ("i32[2, 5]",)),
            Example(cls(features=8, theta=50.0, pairs="split"), ("i32[7]",)),
            Example(cls(features=2, pairs="split"), ("i32[]",)),
        )

    def shape(self, facts: Facts, position: TensorType) -> TensorType:
        features = require_positive(facts, self.op_name(), "features", self.features)
        require_even(facts, self.op_name(), features, "features")
        return TensorType("f32", (*position.shape, features))

    def apply(self, scope: Scope, position: Array) -> Array:
        return waves(position, unwrap_size(self.features), self.theta, self.pairs, scope.stored("f32")).astype(scope.lowered("f32"))

    def flops(self, position: TensorType) -> Dim:
        return position.size * self.features

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class SinusoidalPositions(Function):
    """Adds to each element of a sequence the sines and cosines of its position: x + sinusoidal(iota(length), features).

    [batch…, length, features] -> the same. Positions are counted from 0, unless `position` says them. FLOPs: 2 per element.
    """

    inputs = (In("x", "[batch…, length, features]", rank=2), POSITION)
    source = Sinusoidal.source

    theta: Theta = 10_000.0
    """Ratio of the longest to the shortest wavelength."""
    pairs: Pairs = "interleaved"
    """`"interleaved"` as the paper has it, or `"split"` as Tensor2Tensor; see `sinusoidal`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[3, 5, 6]",)),
            Example(cls(theta=50.0, pairs="split"), ("f32[4, 8]",)),
            Example(cls(), ("f32[3, 5, 6]",), {"position": "i32[3, 5]"}),
        )

    def shape(self, facts: Facts, x: TensorType, position: TensorType | None = None) -> TensorType:
        require_even(facts, self.op_name(), x.shape[-1], "x")
        require_positions(facts, self.op_name(), x, position)
        return x

    def apply(self, scope: Scope, x: Array, position: Array | None = None) -> Array:
        wide = jnp.promote_types(x.dtype, jnp.float32)
        places = jnp.arange(x.shape[-2]) if position is None else position
        return add_positions(x, waves(places, x.shape[-1], self.theta, self.pairs, wide))

    def flops(self, x: TensorType, position: TensorType | None = None) -> Dim:
        return x.size * 2

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return inputs[0].rank == 2 and not optional  # one sequence

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)

    def step(self, use: Use) -> tuple[Any, Past]:
        return step_positions(use)


class LearnedPositions(Layer):
    """Adds to each element of a sequence a learned vector of its position: x + embedding[0:length].

    [batch…, length, features] -> the same. Parameter `embedding` [positions, features]. Positions are counted from 0, and then the length
    is proved to be at most `positions` (`dim T <= 512`), unless `position` says them: a negative one counts from the end of the table,
    one outside it gives NaN. FLOPs: 1 per element.
    """

    inputs = (In("x", "[batch…, length, features]", rank=2), POSITION)
    masking = "each"
    source = "Devlin et al., BERT, 2019; Radford et al., GPT-2, 2019"

    positions: Size
    """Number of positions that have a vector: the length of the longest sequence."""
    init: Initializer = Normal(stddev=0.02)
    """Initial value of the vectors."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(positions=7), ("f32[3, 5, 6]",)),
            Example(cls(positions=4), ("f32[4, 8]",)),
            Example(cls(positions=9), ("f32[3, 5, 2]",), {"position": "i32[3, 5]"}),
            Example(cls(positions=8), ("f32[2, 7, 3]",), {"position": "i32[7]"}),
        )

    def shape(self, facts: Facts, x: TensorType, position: TensorType | None = None) -> TensorType:
        positions = require_positive(facts, self.op_name(), "positions", self.positions)
        if position is None:
            problem = TooFewPositions(self.op_name(), positions, x, blame="positions")
            need_at_least(facts, self.op_name(), positions, x.shape[-2], "so that every position has a vector", problem)
        require_positions(facts, self.op_name(), x, position)
        return x

    def params(self, x: TensorType, position: TensorType | None = None) -> dict[str, Weight]:
        return {"embedding": parameter("embedding", (self.positions, x.shape[-1]), self.init)}

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"position": self.positions}

    def apply(self, scope: Scope, x: Array, position: Array | None = None) -> Array:
        table = scope.param("embedding")
        return add_positions(x, table[: x.shape[-2]] if position is None else embed(scope.kernels, table, position))

    def flops(self, x: TensorType, position: TensorType | None = None) -> Dim:
        return x.size

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)

    def step(self, use: Use) -> tuple[Any, Past]:
        return step_positions(use)


class ShiftRight(Function):
    """Each element moves one place to the right along the last axis, `start` takes the first place and the last element is dropped.

    Whole numbers [..., length] -> the same: what a model reads that predicts each element from those before it. With `segments`, the first
    element of every segment is `start`, so that a sequence packed behind another does not see it. FLOPs: 0.
    """

    inputs = (In("x", "whole numbers [..., length]", dtype="int", rank=1), SEGMENTS)
    keeps_values = True
    source = "Flax, examples/lm1b"

    start: int = 0
    """The number that stands first."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("i32[3, 5]",)),
            Example(cls(start=7), ("i32[2, 6]",), {"segments": "i32[2, 6]"}),
            Example(cls(), ("u8[1]",)),
        )

    def shape(self, facts: Facts, x: TensorType, segments: TensorType | None = None) -> TensorType:
        if segments is not None:
            require_shape(facts, self.op_name(), "segments", segments, (x.shape,))
        need_value(self.op_name(), self.start, x, blame="start")
        return x

    def holds(self) -> Dim | int | None:
        return self.start

    def apply(self, scope: Scope, x: Array, segments: Array | None = None) -> Array:
        start = jnp.full((*x.shape[:-1], 1), self.start, x.dtype)
        shifted = jnp.concatenate([start, x[..., :-1]], -1)
        if segments is None:
            return shifted
        begins = segments[..., 1:] != segments[..., :-1]
        return shifted.at[..., 1:].set(jnp.where(begins, start, shifted[..., 1:]))

    def flow(self, passage: Passage) -> Flow:
        """Along the positions each element is the one before."""
        x, still = passage.flows[0], passage.types[0].rank - 1 not in passage.flows[0].axes
        moved = x.reach if x.reach is None or still else x.reach - 1
        return passage.made(furthest_reach((moved, *(flow.reach for flow in passage.named.values()))))

    def step(self, use: Use) -> tuple[Any, Past]:
        """The element before is remembered, and its segment."""
        if not use.moves(0, -1):
            return use.alone(), None
        x = use.here(0)
        first = jnp.full((*x.shape[:-1], 1), self.start, x.dtype)
        before = {"x": first, "segments": first} if use.past is None else use.past
        both, past = use.stretch.behind(before["x"], x, -1)
        if "segments" not in use.optional:
            return both[..., :-1], {"x": past, "segments": before["segments"]}
        own = use.here("segments")
        segments, last = use.stretch.behind(before["segments"].astype(own.dtype), own, -1)
        begins = segments[..., 1:] != segments[..., :-1]
        return jnp.where(begins, jnp.asarray(self.start, x.dtype), both[..., :-1]), {"x": past, "segments": last}


def step_positions(use: Use) -> tuple[Any, Past]:
    """The stretch's places, where no others are given."""
    if "position" in use.optional or not use.moves(0, -2):
        return use.alone(), None
    return use.on(use.inputs[0], position=jnp.arange(use.stretch.size) + use.stretch.start), None


def require_even(facts: Facts, op: str, features: Dim, blame: str) -> None:
    """Raises `Mistake` unless the features are proved to be even in number, as rotations turn them in pairs."""
    need_multiple(facts, op, features, 2, "so that features make pairs", OddFeatures(op, features, blame=blame))


def require_positions(facts: Facts, op: str, x: TensorType, position: TensorType | None) -> None:
    """Positions of the elements of x [batch…, length, features] are [length] or [batch…, length]. Raises `Mistake`."""
    if position is not None:
        require_shape(facts, op, "position", position, tuple(dict.fromkeys((x.shape[-2:-1], x.shape[:-1]))))


def add_positions(x: Array, vectors: Array) -> Array:
    """The sum, in the dtype of x, with vectors [length, features] or [batch…, length, features]."""
    return x + vectors.astype(x.dtype).reshape((1,) * (x.ndim - vectors.ndim) + vectors.shape)


def angles_of(position: Array, exponents: Array, theta: float, dtype: Any) -> Array:
    """position · theta^-exponent: [...] and [n] -> [..., n]."""
    speeds = jnp.exp(-jnp.log(jnp.asarray(theta, dtype)) * exponents.astype(dtype))
    return position.astype(dtype)[..., None] * speeds.reshape((1,) * position.ndim + speeds.shape)


def waves(position: Array, features: int, theta: float, pairs: Pairs, dtype: object) -> Array:
    """[...] -> [..., features], sines and cosines in pairs."""
    half = features // 2
    steps = half if pairs == "interleaved" else max(half - 1, 1)
    angles = angles_of(position, jnp.arange(half) / steps, theta, dtype)
    return pair_halves(jnp.sin(angles), jnp.cos(angles), pairs)


def pair_halves(first: Array, second: Array, pairs: Pairs) -> Array:
    """Two halves of the features as one tensor."""
    if pairs == "split":
        return jnp.concatenate([first, second], -1)
    return jnp.stack([first, second], -1).reshape(*first.shape[:-1], -1)
