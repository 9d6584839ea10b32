"""Multi-head attention of a sequence to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from netspec.diagnostics.shapes.attention import UnevenHeads
from netspec.kernels.matmul import contract
from netspec.kernels.normalize import mean_square
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, Function, In, Initializer, Layer, Passage, Positive, Rate, Scope, Size, Weight
from netspec.library.initializers.distributions import LecunNormal, Ones, Zeros
from netspec.library.layers.attention_weights import (
    MASK,
    SCORE_BIAS,
    SEGMENTS,
    AboveZero,
    attend,
    attend_flops,
    lift_scores,
    require_groups,
    require_optional,
    rules_of,
)
from netspec.library.layers.rope import Rope
from netspec.library.layers.rotation import Rotation, require_turnable, turn, turning_flops
from netspec.library.shape_rules.requirements import need_multiple
from netspec.library.shape_rules.sizes import count, kernel, offset, parameter, require_positive, stretch_last
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.contracts.stretch_steps import Past, Use

EPSILON = 1e-6
"""Added to the variance, or the mean square, of a head's features."""


class SelfAttention(Layer):
    """Multi-head attention of a sequence to itself: queries, keys and values are linear maps of x, and so is the result of what they give.

    [batch…, length, features] -> the same; each head has features / heads of them. Parameters: `query`, `key`, `value` with `kernel`
    [features, heads, size] and `bias` [heads, size], `out` with `kernel` [heads, size, features] and `bias` [features]; keys and values
    have `kv_heads` heads. With `qk_norm`, `query_norm` and `key_norm` with `scale` [size], which all heads share. Initializers see each
    kernel as one matrix. A position that may see none gives the output's bias.
    PyTorch's MultiheadAttention has the kernels of query, key and value as one `in_proj_weight` [3 · features, features]: cut it in three,
    transpose and reshape each, and `out_proj.weight` likewise. Its masks are true where a key is hidden.
    Places are counted from 0, through the segments too: what `rotary` makes of a query and a key depends on their distance alone.
    FLOPs: those of the four linear maps, of the norms (6 or 4 per element), of turning queries and keys, and of `attention`.
    """

    inputs = (In("x", "[batch…, length, features]", rank=3), MASK, SEGMENTS, SCORE_BIAS)
    random: ClassVar[bool] = True
    masks = {"x": -2}
    source = "Vaswani et al., Attention Is All You Need, 2017; Flax linen MultiHeadDotProductAttention and nnx MultiHeadAttention"

    heads: Positive
    """Number of heads; it divides the number of features, unless `head_size` is given."""
    causal: bool = False
    """A position sees none after it."""
    dropout: Rate = 0.0
    """Probability that a weight is dropped in training."""
    bias: bool = True
    """Add a bias to queries, keys, values and the result."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernels."""
    bias_init: Initializer = Zeros()
    """Initial value of the biases."""
    out_init: Initializer | None = None
    """Initial value of the last kernel; the others' when absent."""
    kv_heads: Positive | None = None
    """Number of heads of keys and values, which divides `heads`; as many when absent, 1 is multi-query attention."""
    window: Positive | None = None
    """A position sees only those less than so many places away, on both sides, or with `causal` so many with itself; all when absent."""
    head_size: Size | None = None
    """Size of a head; features / heads when absent."""
    qk_norm: Literal["layer", "rms"] | None = None
    """Normalise each head's queries and keys before their product: `"layer"` as layer_norm without a bias, as Flax, `"rms"` as rms_norm;
    both with a scale that all heads share and an epsilon of 1e-6."""
    scale: AboveZero | None = None
    """What the products of queries and keys are multiplied by; 1 / sqrt(size of a head) when absent."""
    soft_cap: AboveZero | None = None
    """Scores are held between ± this, as in `attention`; as they are when absent."""
    alibi: bool = False
    """Take from every score in proportion to the distance, for each head at its own rate, as `attention` says."""
    rotary: Rotation | None = None
    """Turn queries and keys by their places, behind `qk_norm`: `rotary=rope`, or `rope(theta=500_000, pairs="interleaved", rotary=16)`."""

    later_arguments: ClassVar[tuple[str, ...]] = ("rotary",)
    mistaken = {"rotary": "write what turns them, with its numbers: `rope`, or `rope(theta=500_000)`"}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(heads=2), ("f32[3, 4, 6]",)),
            Example(cls(heads=2, causal=True, dropout=0.3, bias=False), ("f32[2, 5, 4]",), {"segments": "i32[2, 5]"}),
            Example(cls(heads=4, kv_heads=2, window=2), ("f32[2, 3, 8]",), {"mask": "bool[2, 3]"}),
            Example(cls(heads=2, kv_heads=1, causal=True), ("f32[2, 3, 4, 2]",), {"mask": "bool[2, 3, 4, 4]"}),
            Example(cls(heads=2, qk_norm="layer", head_size=5, causal=True, window=2), ("f32[2, 4, 3]",)),
            Example(cls(heads=4, kv_heads=2, qk_norm="rms", alibi=True, scale=0.7, soft_cap=2.0, bias=False), ("f32[2, 5, 8]",)),
            Example(cls(heads=2, scale=1.0, dropout=0.1), ("f32[3, 5, 4]",), {"score_bias": "f32[2, 5, 5]"}),
            Example(cls(heads=2, kv_heads=1, causal=True, rotary=Rope(), bias=False), ("f32[2, 5, 4]",)),
            Example(cls(heads=2, causal=True, window=2, qk_norm="rms", rotary=Rope(theta=50.0, rotary=2)), ("f32[2, 5, 8]",)),
            Example(cls(heads=1, rotary=Rope(pairs="interleaved")), ("f32[3, 5, 4]",), {"segments": "i32[3, 5]"}),
        )

    @property
    def _key_heads(self) -> int:
        return self.heads if self.kv_heads is None else self.kv_heads

    def _size(self, x: TensorType) -> Dim:
        """How many features each head has, for x of [B, T, D]."""
        return x.shape[-1] // self.heads if self.head_size is None else Dim.of(self.head_size)

    def lifts(self, facts: Facts, x: TensorType, **optional: TensorType) -> dict[str, Function]:
        heads = x.with_shape((*x.shape[:-1], self.heads, 1))
        return lift_scores(facts, heads, heads, optional) if x.rank >= 3 else {}

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        *batch, length, features = x.shape
        if self.head_size is None:
            problem = UnevenHeads(self.op_name(), self.heads, features, x, blame="heads")
            need_multiple(facts, self.op_name(), features, self.heads, "so that the heads are equal", problem)
        else:
            require_positive(facts, self.op_name(), "head_size", self.head_size)
        require_groups(facts, self.op_name(), Dim.of(self.heads), Dim.of(self._key_heads), "kv_heads")
        require_turnable(facts, self.rotary, x.with_shape((*batch, length, self.heads, self._size(x))))
        require_optional(facts, self.op_name(), (*batch, Dim.of(self.heads), length, length), optional)
        return x

    def params(self, x: TensorType, **optional: TensorType) -> dict[str, Weight]:
        features, size = x.shape[-1], self._size(x)
        weights = {}
        for name, heads in (("query", self.heads), ("key", self._key_heads), ("value", self._key_heads)):
            weights[f"{name}/kernel"] = kernel(f"{name}/kernel", (features,), (heads, size), self.kernel_init)
            weights[f"{name}/bias"] = offset(f"{name}/bias", (heads, size), self.bias_init)
        weights["out/kernel"] = kernel("out/kernel", (self.heads, size), (features,), self.out_init or self.kernel_init)
        weights["out/bias"] = offset("out/bias", (features,), self.bias_init)
        kept = weights if self.bias else {name: weight for name, weight in weights.items() if name.endswith("/kernel")}
        norms = ("query_norm/scale", "key_norm/scale") if self.qk_norm else ()
        return kept | {name: parameter(name, (size,), Ones()) for name in norms}

    def apply(self, scope: Scope, x: Array, **optional: Array) -> Array:
        return self.out(scope, attend(scope, rules_of(self), *self.mapped(scope, x, 0), optional))

    def mapped(self, scope: Scope, x: Array, first: Array | int) -> tuple[Array, Array, Array]:
        """Queries, keys and values of elements from the place `first` on."""
        query, key, value = (self._map(scope, name, x, 1) for name in ("query", "key", "value"))
        if self.qk_norm:
            query, key = self._normed(scope, "query_norm", query), self._normed(scope, "key_norm", key)
        return self._turned(scope, query, self.heads, first), self._turned(scope, key, self._key_heads, first), value

    def _turned(self, scope: Scope, heads: Array, number: int, first: Array | int) -> Array:
        """Queries or keys, turned by their places."""
        if self.rotary is None:
            return heads
        x = scope.types[0]
        kind = x.with_shape((*x.shape[:-1], number, self._size(x)))
        return turn(scope, self.rotary, kind, heads, jnp.arange(heads.shape[-3]) + first)

    def out(self, scope: Scope, heads: Array) -> Array:
        """The result, from what the heads give."""
        return self._map(scope, "out", heads, 2)

    def _normed(self, scope: Scope, name: str, heads: Array) -> Array:
        """Each vector of a head, normalised in at least f32."""
        wide = heads.astype(jnp.promote_types(heads.dtype, jnp.float32))
        if self.qk_norm == "layer":
            wide = wide - jnp.mean(wide, -1, keepdims=True)
        factor = lax.rsqrt(mean_square(scope.kernels, wide, None, axes=(-1,)) + EPSILON)
        return (wide * factor * stretch_last(scope.param(f"{name}/scale"), wide)).astype(heads.dtype)

    def _map(self, scope: Scope, name: str, x: Array, axes: int) -> Array:
        """A linear map of the last axes."""
        last = tuple(range(x.ndim - axes, x.ndim))
        y = contract(scope.kernels, x, scope.param(f"{name}/kernel").astype(x.dtype), over=(last, tuple(range(axes))))
        return y + stretch_last(scope.param(f"{name}/bias"), y) if self.bias else y

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        features, size, tokens = x.shape[-1], self._size(x), count(x.shape[:-1])
        mapped = (self.heads + 2 * self._key_heads) * size
        maps = tokens * (mapped * (2 * features + int(self.bias)) + features * (2 * self.heads * size + int(self.bias)))
        norms = tokens * (self.heads + self._key_heads) * size * {"layer": 6, "rms": 4, None: 0}[self.qk_norm]
        query, key = (x.with_shape((*x.shape[:-1], heads, size)) for heads in (self.heads, self._key_heads))
        turns = turning_flops(self.rotary, query) + turning_flops(self.rotary, key)
        return maps + norms + turns + attend_flops(rules_of(self), query, x.shape[-2], size, "score_bias" in optional)

    def flow(self, passage: Passage) -> Flow:
        """Causal, a position is made of those before it and of itself."""
        rank = passage.types[0].rank
        passage.untouched(-1)
        if rank - 2 in passage.flows[0].axes and not self.causal:
            passage.refuse("every position sees those after it", "causal=true")
        return passage.made()

    def step(self, use: Use) -> tuple[Any, Past]:
        """As `attention`, of the linear maps of the stretch."""
        if not use.moves(0, -2):
            return use.alone(), None
        from netspec.library.layers.attention_memory import AttentionMemory  # only models that generate need it

        x, flow = use.input(0)
        memory = AttentionMemory(use, rules_of(self), x.ndim - 2, ((0, -2),))
        query, key, value = self.mapped(use.scope, x, 0 if flow.reach is None else use.stretch.start)
        along = Flow((key.ndim - 3,), flow.reach)
        key, value = memory.all("key", key, along, -3), memory.all("value", value, along, -3)
        return self.out(use.scope, memory.attend(query, key, value)), memory.kept

    def explain_stepless(self, flows: tuple[Flow, ...]) -> str:
        return f"`{self.op_name()}` of what is known beforehand" if flows[0].reach is None else ""
