"""Mixture of experts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.graphs import TooManyChoices
from netspec.kernels.matmul import einsum
from netspec.lazy import jax, jnp
from netspec.library.base import (
    Array,
    Callable,
    Example,
    Flow,
    In,
    Initializer,
    Layer,
    Method,
    Passage,
    Positive,
    Scope,
    Weight,
    hand_on,
)
from netspec.library.base.field_bounds import Field
from netspec.library.functions.activation import Relu, Silu
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.layers.attention_weights import require_shape
from netspec.library.layers.gates import Activation
from netspec.library.shape_rules.sizes import count, kernel, parameter
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType


class _Experts(Callable):
    """The arguments and parameters of experts, and how tokens are led to them."""

    inputs = (
        In("x", "[batch, tokens…, features]", rank=3),
        In("mask", "false for tokens that only fill up a sequence, [batch, tokens…]", "bool", optional=True),
    )

    experts: Positive
    """Number of experts."""
    hidden: Positive
    """Size of the hidden layer of each expert."""
    top_k: Positive = 2
    """Number of experts that each token goes to."""
    capacity_factor: Annotated[float, Field(gt=0)] | None = 1.25
    """An expert takes at most ceil(factor · top_k · tokens / experts) tokens of an example; none: any number."""
    activation: Activation = Relu()
    """Function between the two layers of an expert."""
    bias: bool = True
    """Add biases in the experts."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernels, of each expert as of a dense layer."""
    bias_init: Initializer = Zeros()
    """Initial value of the biases."""
    gated: bool = False
    """Experts have a gate, as in SwiGLU: (activation(x @ gate) · (x @ up)) @ down, with `gate/kernel` like `up/kernel`."""
    softmax: Literal["before", "after"] | None = None
    """`"after"`: the gates are the softmax of the chosen experts' scores, so that their sum is 1, as in Mixtral. `"before"`: they are the
    chosen ones' shares of the softmax of all, as in Switch and DeepSeek. When absent: after, with `top_k=1` before."""

    later_arguments: ClassVar[tuple[str, ...]] = ("gated", "softmax")

    def _require(self, facts: Facts, x: TensorType, optional: Mapping[str, TensorType]) -> None:
        """Raises `Mistake` where more experts are chosen than there are, or an optional input does not have one value per token."""
        if self.top_k > self.experts:
            raise Mistake(TooManyChoices(self.op_name(), self.top_k, self.experts, blame="top_k"))
        for name, kind in optional.items():
            require_shape(facts, self.op_name(), name, kind, (x.shape[:-1],))

    def params(self, x: TensorType, **optional: TensorType) -> dict[str, Weight]:
        features, hidden, experts = x.shape[-1], self.hidden, self.experts
        weights = {"router/kernel": kernel("router/kernel", (features,), (experts,), self.kernel_init)}
        gate = [("gate", features, Dim.of(hidden))] if self.gated else []
        for name, rows, columns in (*gate, ("up", features, Dim.of(hidden)), ("down", Dim.of(hidden), features)):
            plain = parameter("kernel", (experts, rows, columns), self.kernel_init)
            fan = (rows.value, columns.value) if rows.is_constant and columns.is_constant else None
            weights[f"{name}/kernel"] = Weight(plain.shape, self.kernel_init, fan=fan)
            if self.bias:
                weights[f"{name}/bias"] = parameter("bias", (experts, columns), self.bias_init)
        return weights

    def _routes(self, scope: Scope, x: Array, optional: Mapping[str, Array]) -> Routes:
        """How the tokens x [batch, tokens, features] choose."""
        wide = jnp.promote_types(x.dtype, jnp.float32)
        scores = einsum(scope.kernels, x.astype(wide), scope.param("router/kernel").astype(wide), equation="btd,de->bte")
        chances = jax.nn.softmax(scores, -1)
        gates, chosen = jax.lax.top_k(chances, self.top_k)
        if self.softmax == "after" or (self.softmax is None and self.top_k > 1):
            gates = gates / jnp.sum(gates, -1, keepdims=True)
        counts = optional["mask"].reshape(x.shape[:2]) if "mask" in optional else jnp.ones(x.shape[:2], bool)
        return Routes(chances, gates, chosen, counts)


@record(eq=False)
class Routes:
    """Where the tokens of each example go."""

    chances: Array
    """Softmax of the router's scores, [batch, tokens, experts]."""
    gates: Array
    """Factors of the chosen experts' results, [batch, tokens, top_k]."""
    chosen: Array
    """The experts by number, i32[batch, tokens, top_k], the best one first."""
    counts: Array
    """bool[batch, tokens]: false for tokens that only fill up."""

    def taken(self) -> Array:
        """1 where a token goes to an expert, i32[batch, tokens, top_k, experts]."""
        one_hot = jax.nn.one_hot(self.chosen, self.chances.shape[-1], dtype=jnp.int32)
        return one_hot * self.counts[..., None, None].astype(jnp.int32)

    def places(self) -> Array:
        """A token's place in the queue of each expert that it goes to, i32[batch, tokens, top_k]: first all first choices stand in line."""
        queue = jnp.swapaxes(self.taken(), 1, 2)
        before = jnp.cumsum(queue.reshape(queue.shape[0], -1, queue.shape[-1]), 1).reshape(queue.shape) - queue
        return jnp.swapaxes(jnp.sum(before * queue, -1), 1, 2)


class Moe(_Experts, Layer):
    """Mixture of experts: a router sends each token to the `top_k` of several small networks that it finds most likely.

    [batch, tokens…, features] -> the same: y = Σ gate · (activation(x @ up + bias) @ down + bias) over a token's experts. The gates are the
    router's softmax, divided by their sum over the chosen experts; with `top_k=1` they stay as they are, or the router would learn nothing
    (`softmax` says it otherwise). With `gated` an expert is (activation(x @ gate + bias) · (x @ up + bias)) @ down + bias: Mixtral's w1, w3
    and w2, with `activation=silu, bias=false, capacity_factor=none`.
    Tokens of an example queue for each expert, all first choices before all second ones, else in their order. Beyond its capacity an expert
    takes none: that part of the sum is 0, so write `x + (x -> moe(…))` and such tokens pass unchanged. Masked tokens give 0 and take no
    place. Exports `balance` [batch], Switch's loss: `loss = … + 0.01 * mean(aux("**/balance"))`; see `moe.balance`.
    The router's softmax is in at least f32. Parameters: `router/kernel` [features, experts], `up/kernel` [experts, features, hidden],
    `up/bias`, `down/kernel` [experts, hidden, features], `down/bias`, and `gate/kernel`, `gate/bias` like `up`. FLOPs, as if no token were
    dropped: per token experts · (2 · features + 5), and for each of its experts 4 · features · hidden, 2 · features for the sum, biases,
    and the activation; a gate has 2 · features · hidden and hidden more.
    """

    zeroes = True
    source = "Shazeer et al., 2017; Lepikhin et al., GShard, 2020; Fedus et al., Switch Transformers, 2021; Jiang et al., Mixtral, 2024"
    exports: ClassVar[tuple[str, ...]] = ("balance",)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(experts=4, hidden=5), ("f32[2, 7, 3]",)),
            Example(cls(experts=3, hidden=4, top_k=1, capacity_factor=0.5), ("f32[2, 8, 3]",), {"mask": "bool[2, 8]"}),
            Example(cls(experts=3, hidden=2, capacity_factor=None, bias=False), ("f32[2, 2, 4, 3]",)),
            Example(cls(experts=4, hidden=5, gated=True, activation=Silu(), capacity_factor=None, bias=False), ("f32[2, 7, 3]",)),
            Example(cls(experts=3, hidden=4, gated=True, softmax="before"), ("f32[2, 5, 3]",), {"mask": "bool[2, 5]"}),
            Example(cls(experts=3, hidden=4, top_k=1, softmax="after"), ("f32[2, 5, 3]",)),
        )

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        self._require(facts, x, optional)
        return x

    def apply(self, scope: Scope, x: Array, **optional: Array) -> Array:
        tokens = x.reshape(x.shape[0], -1, x.shape[-1])
        routes, capacity = self._routes(scope, tokens, optional), self._capacity(tokens.shape[1])
        places = routes.places()
        kept = (places < capacity) & routes.counts[..., None]
        first = jnp.arange(x.shape[0])[:, None, None] * self.experts
        total = x.shape[0] * self.experts * capacity
        slots = jnp.where(kept, (first + routes.chosen) * capacity + places, total)
        copies = jnp.broadcast_to(tokens[:, :, None], (*slots.shape, x.shape[-1])).reshape(-1, x.shape[-1])
        queues = jnp.zeros((total, x.shape[-1]), x.dtype).at[slots.ravel()].set(copies, mode="drop", unique_indices=False)
        made = self._made(scope, queues.reshape(x.shape[0], self.experts, capacity, x.shape[-1])).reshape(total, x.shape[-1])
        back = made.at[slots].get(mode="fill", fill_value=0).astype(routes.gates.dtype)
        return jnp.sum(back * jnp.where(kept, routes.gates, 0)[..., None], 2).astype(x.dtype).reshape(x.shape)

    def _capacity(self, tokens: int) -> int:
        """Places that an expert has for the tokens of an example."""
        if self.capacity_factor is None:
            return tokens
        return min(tokens, max(1, math.ceil(self.capacity_factor * self.top_k * tokens / self.experts)))

    def _made(self, scope: Scope, queues: Array) -> Array:
        """[batch, experts, places, features], each queue through its expert."""
        inner = hand_on(scope, scope.types[0].with_shape((scope.types[0].shape[0], *queues.shape[1:-1], self.hidden)))
        h = self.activation.apply(inner, self._entered(scope, "gate" if self.gated else "up", queues))
        h = h * self._entered(scope, "up", queues) if self.gated else h
        y = einsum(scope.kernels, h, scope.param("down/kernel").astype(queues.dtype), equation="beqh,ehd->beqd")
        return self._biased(scope, "down", y)

    def _entered(self, scope: Scope, name: str, queues: Array) -> Array:
        """[batch, experts, places, features] -> [batch, experts, places, hidden], by each expert's own map."""
        h = einsum(scope.kernels, queues, scope.param(f"{name}/kernel").astype(queues.dtype), equation="beqd,edh->beqh")
        return self._biased(scope, name, h)

    def _biased(self, scope: Scope, name: str, y: Array) -> Array:
        """Adds each expert's bias, [experts, features], to the queues, [batch, experts, places, features]."""
        return y + scope.param(f"{name}/bias").astype(y.dtype)[None, :, None] if self.bias else y

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        tokens, features = count(x.shape[:-1]), x.shape[-1]
        entries = 2 if self.gated else 1
        biases = features + entries * self.hidden if self.bias else 0
        activation = Dim.of(self.activation.flops(TensorType("f32", (self.hidden,)))) + (self.hidden if self.gated else 0)
        expert = features * (2 * (entries + 1) * self.hidden + 2) + biases + activation
        return tokens * (self.experts * (2 * features + 5) + self.top_k * expert)

    def flow(self, passage: Passage) -> Flow:
        """Without queues no token knows of another."""
        x = passage.types[0]
        passage.untouched(-1)
        if self.capacity_factor is not None and any(0 < axis < x.rank - 1 for axis in passage.flows[0].axes):
            passage.refuse("tokens compete for the places that experts have", "capacity_factor=none")
        return passage.made()


class MoeBalance(_Experts, Method):
    """How unevenly the experts of a `moe` are used, one number for each example: 1 when all are chosen as often, more otherwise.

    [batch, tokens…, features] -> [batch]: experts · Σ over experts of (share of the choices that name it · mean chance that the router
    gives it), in at least f32; masked tokens don't count, an example without tokens gives 0. The shares have no gradient, the chances
    have. `moe` exports it as `balance`. FLOPs: per token experts · (2 · features + 6).
    """

    of = "moe"
    source = "Fedus et al., Switch Transformers, 2021"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(experts=4, hidden=5), ("f32[2, 7, 3]",)),
            Example(cls(experts=3, hidden=4, top_k=1), ("f32[2, 4, 2, 3]",), {"mask": "bool[2, 4, 2]"}),
        )

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        self._require(facts, x, optional)
        return TensorType("f32" if x.dtype in ("bf16", "f16") else x.dtype, x.shape[:1])

    def apply(self, scope: Scope, x: Array, **optional: Array) -> Array:
        routes = self._routes(scope, x.reshape(x.shape[0], -1, x.shape[-1]), optional)
        wide = routes.chances.dtype
        tokens = jnp.maximum(jnp.sum(routes.counts, 1, keepdims=True), 1).astype(wide)
        shares = jnp.sum(routes.taken(), (1, 2)).astype(wide) / (tokens * self.top_k)
        chances = jnp.sum(jnp.where(routes.counts[..., None], routes.chances, 0), 1) / tokens
        return self.experts * jnp.sum(shares * chances, -1)

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        return count(x.shape[:-1]) * self.experts * (2 * x.shape[-1] + 6)

    def flow(self, passage: Passage) -> Flow:
        rank = passage.types[0].rank
        if any(axis > 0 for flow in passage.named.values() for axis in flow.axes):
            passage.refuse("it mixes all tokens")
        return passage.keeps(*range(1, rank))
