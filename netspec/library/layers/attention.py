"""Attention layers."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.attention import UnevenHeads
from netspec.lazy import lax
from netspec.library.attending import MASK, SEGMENTS, Rules, attend, attend_flops, require_groups, require_heads, require_optional, seen
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Rate, Scope, Weight
from netspec.library.initializers import LecunNormal, Zeros
from netspec.library.proofs import need_multiple
from netspec.library.sizes import along_last, count, kernel, offset
from netspec.shape import Dim, Facts, TensorType

_KEYS = In("key_segments", "the same for the keys [batch, keys], where they are not those of the queries", "int", optional=True)
_BIAS = In("bias", "added to the scores: [batch, heads, queries, keys] or [heads, queries, keys], axes of 1 stretch", optional=True, rank=3)


class Attention(Layer):
    """Each query gets the mean of the values, weighted by softmax(query · key / sqrt(size)) over the keys that it may see.

    query [batch…, queries, heads, size], key [batch…, keys, key heads, size] and value [batch…, keys, key heads, value size] ->
    [batch…, queries, heads, value size]. Heads are a multiple of key heads: fewer are grouped-query attention, one is multi-query
    attention. All masks must allow a key; a query that may see none gives zeros. Scores and softmax are in at least f32.
    FLOPs: for each head, query and key, masked ones included, 2 · size + 2 · value size + 6 (scale, and 5 for softmax), and 1 for a bias.
    """

    inputs = (
        In("query", "[batch…, queries, heads, size]", rank=4),
        In("key", "[batch…, keys, key heads, size]", rank=4),
        In("value", "[batch…, keys, key heads, value size]", rank=4),
        MASK,
        SEGMENTS,
        _KEYS,
        _BIAS,
    )
    random: ClassVar[bool] = True
    source = "Vaswani et al., Attention Is All You Need, 2017; Ainslie et al., GQA, 2023; Flax linen dot_product_attention"

    causal: bool = False
    """A query sees no key after it. With fewer queries than keys the last query stands at the last key."""
    dropout: Rate = 0.0
    """Probability that a weight is dropped in training."""
    window: Positive | None = None
    """A query sees only keys less than so many places away; all when absent."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        q, k, v = "f32[3, 5, 4, 6]", "f32[3, 7, 2, 6]", "f32[3, 7, 2, 5]"
        same = ("f32[2, 4, 2, 3]",) * 3
        return (
            Example(cls(), (q, k, v)),
            Example(cls(causal=True), same),
            Example(cls(causal=True, window=2, dropout=0.4), (q, k, v), {"bias": "f32[4, 1, 7]"}),
            Example(cls(window=2), same, {"segments": "i32[2, 4]", "mask": "bool[2, 4]"}),
            Example(cls(causal=True), ("f32[3, 5, 1, 2]", "f32[3, 2, 1, 2]", "f32[3, 2, 1, 2]"), {"mask": "bool[3, 5, 2]"}),
            Example(cls(), (q, k, v), {"mask": "bool[3, 1, 5, 7]", "segments": "i32[3, 5]", "key_segments": "i32[3, 7]"}),
            Example(cls(), ("f32[2, 3, 4, 1, 2]",) * 3, {"mask": "bool[2, 3, 1, 4, 4]", "bias": "f32[2, 3, 1, 4, 4]"}),
        )

    def shape(self, facts: Facts, query: TensorType, key: TensorType, value: TensorType, **optional: TensorType) -> TensorType:
        require_heads(facts, self.op_name(), query, key, value)
        *batch, queries, heads, _ = query.shape
        require_optional(facts, self.op_name(), (*batch, heads, queries, key.shape[-3]), optional)
        return query.with_shape((*query.shape[:-1], value.shape[-1]))

    def apply(self, scope: Scope, query: Array, key: Array, value: Array, **optional: Array) -> Array:
        return attend(scope, Rules(self.causal, self.window, self.dropout), query, key, value, optional)

    def flops(self, query: TensorType, key: TensorType, value: TensorType, **optional: TensorType) -> Dim:
        return attend_flops(query, key.shape[-3], value.shape[-1], "bias" in optional)

    def flow(self, passage: Passage) -> Flow:
        return seen(passage, Rules(self.causal, self.window, self.dropout))


class SelfAttention(Layer):
    """Multi-head attention of a sequence to itself: queries, keys and values are linear maps of x, and so is the result of what they give.

    [batch…, length, features] -> the same; each head has features / heads of them. Parameters: `query`, `key`, `value` with `kernel`
    [features, heads, size] and `bias` [heads, size], `out` with `kernel` [heads, size, features] and `bias` [features]; keys and values
    have `kv_heads` heads. Initializers see each kernel as one matrix. A position that may see no other gives the output's bias.
    FLOPs: those of the four linear maps and of `attention`.
    """

    inputs = (In("x", "[batch…, length, features]", rank=3), MASK, SEGMENTS)
    random: ClassVar[bool] = True
    source = "Vaswani et al., Attention Is All You Need, 2017; Flax linen MultiHeadDotProductAttention"

    heads: Positive
    """Number of heads; it divides the number of features."""
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
    """A position sees only those less than so many places away; all when absent."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(heads=2), ("f32[3, 4, 6]",)),
            Example(cls(heads=2, causal=True, dropout=0.3, bias=False), ("f32[2, 5, 4]",), {"segments": "i32[2, 5]"}),
            Example(cls(heads=4, kv_heads=2, window=2), ("f32[2, 3, 8]",), {"mask": "bool[2, 3]"}),
            Example(cls(heads=2, kv_heads=1, causal=True), ("f32[2, 3, 4, 2]",), {"mask": "bool[2, 3, 4, 4]"}),
        )

    @property
    def _key_heads(self) -> int:
        return self.heads if self.kv_heads is None else self.kv_heads

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        *batch, length, features = x.shape
        problem = UnevenHeads(self.op_name(), self.heads, features, x, blame="heads")
        need_multiple(facts, self.op_name(), features, self.heads, "so that the heads are equal", problem)
        require_groups(facts, self.op_name(), Dim.of(self.heads), Dim.of(self._key_heads), "kv_heads")
        require_optional(facts, self.op_name(), (*batch, Dim.of(self.heads), length, length), optional)
        return x

    def params(self, x: TensorType, **optional: TensorType) -> dict[str, Weight]:
        features, size = x.shape[-1], x.shape[-1] // self.heads
        weights = {}
        for name, heads in (("query", self.heads), ("key", self._key_heads), ("value", self._key_heads)):
            weights[f"{name}/kernel"] = kernel(f"{name}/kernel", (features,), (heads, size), self.kernel_init)
            weights[f"{name}/bias"] = offset(f"{name}/bias", (heads, size), self.bias_init)
        weights["out/kernel"] = kernel("out/kernel", (self.heads, size), (features,), self.out_init or self.kernel_init)
        weights["out/bias"] = offset("out/bias", (features,), self.bias_init)
        return weights if self.bias else {name: weight for name, weight in weights.items() if name.endswith("/kernel")}

    def apply(self, scope: Scope, x: Array, **optional: Array) -> Array:
        query, key, value = (self._map(scope, name, x, 1) for name in ("query", "key", "value"))
        heads = attend(scope, Rules(self.causal, self.window, self.dropout), query, key, value, optional)
        return self._map(scope, "out", heads, 2)

    def _map(self, scope: Scope, name: str, x: Array, axes: int) -> Array:
        """A linear map of the last axes."""
        last = tuple(range(x.ndim - axes, x.ndim))
        y = lax.dot_general(x, scope.param(f"{name}/kernel").astype(x.dtype), ((last, tuple(range(axes))), ((), ())))
        return y + along_last(scope.param(f"{name}/bias"), y) if self.bias else y

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        features, size, tokens = x.shape[-1], x.shape[-1] // self.heads, count(x.shape[:-1])
        mapped = (self.heads + 2 * self._key_heads) * size
        maps = tokens * (mapped * (2 * features + int(self.bias)) + features * (2 * self.heads * size + int(self.bias)))
        query = x.with_shape((*x.shape[:-1], self.heads, size))
        return maps + attend_flops(query, x.shape[-2], size, biased=False)

    def flow(self, passage: Passage) -> Flow:
        """Causal, a position is made of those before it and of itself."""
        rank = passage.types[0].rank
        passage.untouched(-1)
        if rank - 2 in passage.flows[0].axes and not self.causal:
            passage.refuse("every position sees those after it", "causal=true")
        return passage.made()
