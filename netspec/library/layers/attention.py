"""Attention of queries to keys, without weights of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Layer, Passage, Positive, Rate, Scope
from netspec.library.layers.attention_weights import (
    MASK,
    SCORE_BIAS,
    SEGMENTS,
    AboveZero,
    attend,
    attend_flops,
    attention_flow,
    lift_scores,
    require_heads,
    require_optional,
    rules_of,
)
from netspec.library.layers.rope import Rope
from netspec.library.layers.rotation import Rotation, require_turnable, turn, turning_flops
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.contracts.stretch_steps import Past, Use

_KEYS = In("key_segments", "the same for the keys [batch…, keys], where they are not those of the queries", "int", optional=True)


class Attention(Layer):
    """Each query gets the mean of the values, weighted by softmax(query · key / sqrt(size)) over the keys that it may see.

    query [batch…, queries, heads, size], key [batch…, keys, key heads, size] and value [batch…, keys, key heads, value size] ->
    [batch…, queries, heads, value size]. Heads are a multiple of key heads: fewer are grouped-query attention, one is multi-query
    attention. All masks must allow a key; a query that may see none gives zeros. Scores and softmax are in at least f32. A score is the
    product times the scale, then capped, then what `alibi` and `score_bias` add is added. By place, the last query stands at the last key.
    Beside others: in jax.nn and PyTorch `is_causal` lets the first query stand at the first key, `local_window_size=(n, n)` is a window of
    n + 1, and a query that may see none gives NaN or a mean of all; PyTorch has the heads before the length.
    FLOPs: those of turning, and for each head, query and key, masked ones included, 2 · size + 2 · value size + 6 (scale, and 5 for
    softmax), and 3 for a cap, 2 for `alibi`, 1 for a `score_bias`.
    """

    inputs = (
        In("query", "[batch…, queries, heads, size]", rank=4),
        In("key", "[batch…, keys, key heads, size]", rank=4),
        In("value", "[batch…, keys, key heads, value size]", rank=4),
        MASK,
        SEGMENTS,
        _KEYS,
        SCORE_BIAS,
    )
    random: ClassVar[bool] = True
    masks = {"key": -3, "value": -3}
    source = "Vaswani et al., 2017; Ainslie et al., GQA, 2023; Press et al., ALiBi, 2022; jax.nn.dot_product_attention"

    causal: bool = False
    """A query sees no key after it. With fewer queries than keys the last query stands at the last key."""
    dropout: Rate = 0.0
    """Probability that a weight is dropped in training."""
    window: Positive | None = None
    """A query sees only keys less than so many places away, on both sides, or with `causal` so many keys with its own; all when absent."""
    scale: AboveZero | None = None
    """What the products of queries and keys are multiplied by; 1 / sqrt(size) when absent."""
    soft_cap: AboveZero | None = None
    """Scores are held between ± this by soft_cap · tanh(score / soft_cap); as they are when absent."""
    alibi: bool = False
    """From every score is taken, for each place between query and key, a number of the head's own: 2^(-8 h / heads) for h from 1 to heads,
    a power of two. Other numbers of heads have those of the power of two below, then every second one of that above."""
    rotary: Rotation | None = None
    """Turn queries and keys by their places before their product: `rotary=rope`, or `rope(theta=500_000)`. The last query stands at the
    last key, and places are counted through the segments: only distances matter."""

    later_arguments: ClassVar[tuple[str, ...]] = ("rotary",)
    mistaken = {"rotary": "write what turns them, with its numbers: `rope`, or `rope(theta=500_000)`"}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        q, k, v = "f32[3, 5, 4, 6]", "f32[3, 7, 2, 6]", "f32[3, 7, 2, 5]"
        same = ("f32[2, 4, 2, 3]",) * 3
        return (
            Example(cls(), (q, k, v)),
            Example(cls(causal=True), same),
            Example(cls(causal=True, window=2, dropout=0.4), (q, k, v), {"score_bias": "f32[4, 1, 7]"}),
            Example(cls(window=2), same, {"segments": "i32[2, 4]", "mask": "bool[2, 4]"}),
            Example(cls(causal=True), ("f32[3, 5, 1, 2]", "f32[3, 2, 1, 2]", "f32[3, 2, 1, 2]"), {"mask": "bool[3, 5, 2]"}),
            Example(cls(), (q, k, v), {"mask": "bool[3, 1, 5, 7]", "segments": "i32[3, 5]", "key_segments": "i32[3, 7]"}),
            Example(cls(alibi=True, causal=True, scale=0.3), ("f32[3, 5, 6, 4]", "f32[3, 7, 3, 4]", "f32[3, 7, 3, 4]")),
            Example(cls(alibi=True, soft_cap=1.5, dropout=0.2, window=3), same),
            Example(cls(), ("f32[2, 3, 4, 1, 2]",) * 3, {"mask": "bool[2, 3, 1, 4, 4]", "score_bias": "f32[2, 3, 1, 4, 4]"}),
            Example(cls(causal=True, rotary=Rope(theta=30.0)), (q, k, v)),
            Example(cls(causal=True, window=2, rotary=Rope(pairs="interleaved", rotary=2)), same),
        )

    def lifts(self, facts: Facts, query: TensorType, key: TensorType, value: TensorType, **optional: TensorType) -> dict[str, Function]:
        return lift_scores(facts, query, key, optional)

    def shape(self, facts: Facts, query: TensorType, key: TensorType, value: TensorType, **optional: TensorType) -> TensorType:
        require_heads(facts, self.op_name(), query, key, value)
        for heads in (query, key):
            require_turnable(facts, self.rotary, heads)
        *batch, queries, heads, _ = query.shape
        require_optional(facts, self.op_name(), (*batch, heads, queries, key.shape[-3]), optional)
        return query.with_shape((*query.shape[:-1], value.shape[-1]))

    def apply(self, scope: Scope, query: Array, key: Array, value: Array, **optional: Array) -> Array:
        query = self._turned(scope, 0, query, key.shape[-3] - query.shape[-3])
        return attend(scope, rules_of(self), query, self._turned(scope, 1, key, 0), value, optional)

    def _turned(self, scope: Scope, place: int, heads: Array, first: Array | int) -> Array:
        """Queries or keys, the input at that place, turned by their places from `first` on."""
        if self.rotary is None:
            return heads
        return turn(scope, self.rotary, scope.types[place], heads, jnp.arange(heads.shape[-3]) + first)

    def flops(self, query: TensorType, key: TensorType, value: TensorType, **optional: TensorType) -> Dim:
        turns = turning_flops(self.rotary, query) + turning_flops(self.rotary, key)
        return turns + attend_flops(rules_of(self), query, key.shape[-3], value.shape[-1], "score_bias" in optional)

    def flow(self, passage: Passage) -> Flow:
        return attention_flow(passage, rules_of(self), self.rotary is not None)

    def step(self, use: Use) -> tuple[Any, Past]:
        """Keys and values are remembered, under a causal window as many as it sees; queries see those so far."""
        if not use.moves(1, -3) and not use.moves(2, -3):
            return use.alone(), None
        from netspec.library.layers.attention_memory import AttentionMemory  # only models that generate need it

        memory = AttentionMemory(use, rules_of(self), use.inputs[0].ndim - 3, ((1, -3), (2, -3)))
        key, flow = use.input(1)
        key = self._turned(use.scope, 1, key, 0 if flow.reach is None else use.stretch.start)
        key, value = memory.all("key", key, flow, -3), memory.all("value", *use.input(2), -3)
        return memory.attend(self._turned(use.scope, 0, use.here(0), use.stretch.start), key, value), memory.kept
