"""Peer: Flax linen and Optax as their examples use them. Modules have the names that netspec gives, so that weights fit both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training.train_state import TrainState

from tests.benchmarks.peers.running import JaxRunning
from tests.benchmarks.workloads import Batch, Rule, Sizes, Workload

Loss = Callable[[Any, Any, Any], tuple[jax.Array, Any]]
"""(parameters, batch statistics, batch) -> (loss, new statistics)."""


class Training(TrainState):
    """What a step changes."""

    batch_stats: Any = None


# --- images ----------------------------------------------------------------------------------------------------------


class Cnn(nn.Module):
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for k, features in enumerate((32, 64)):
            x = nn.relu(nn.Conv(features, (3, 3), name=f"conv_{k}")(x))
            x = nn.avg_pool(x, (2, 2), (2, 2))
        x = nn.relu(nn.Dense(256, name="dense_0")(x.reshape(x.shape[0], -1)))
        return nn.Dense(self.classes, name="dense_1")(x)


conv = partial(nn.Conv, use_bias=False)
norm = partial(nn.BatchNorm, use_running_average=False, momentum=0.9, epsilon=1e-5)


class Basic(nn.Module):
    features: int
    stride: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        strides = (self.stride, self.stride)
        y = nn.relu(norm(name="batch_norm_0")(conv(self.features, (3, 3), strides, name="conv_0")(x)))
        y = norm(name="batch_norm_1")(conv(self.features, (3, 3), name="conv_1")(y))
        if x.shape != y.shape:
            x = norm(name="batch_norm_2")(conv(self.features, (1, 1), strides, name="conv_2")(x))
        return nn.relu(y + x)


class Bottleneck(nn.Module):
    features: int
    stride: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        strides, wide = (self.stride, self.stride), 4 * self.features
        y = nn.relu(norm(name="batch_norm_0")(conv(self.features, (1, 1), name="conv_0")(x)))
        y = nn.relu(norm(name="batch_norm_1")(conv(self.features, (3, 3), strides, name="conv_1")(y)))
        y = norm(scale_init=nn.initializers.zeros_init(), name="batch_norm_2")(conv(wide, (1, 1), name="conv_2")(y))
        if x.shape != y.shape:
            x = norm(name="batch_norm_3")(conv(wide, (1, 1), strides, name="conv_3")(x))
        return nn.relu(y + x)


class SmallResNet(nn.Module):
    """For images of CIFAR."""

    width: int
    depth: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(norm(name="batch_norm_0")(conv(self.width, (3, 3), name="conv_0")(x)))
        for stage in range(3):
            for block in range(self.depth):
                x = Basic(self.width * 2**stage, 2 if stage and not block else 1)(x)
        return nn.Dense(self.classes, name="dense_0")(x.mean((1, 2)))


class ResNet(nn.Module):
    """For images of ImageNet."""

    width: int
    stages: tuple[int, ...]
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = conv(self.width, (7, 7), (2, 2), padding=[(3, 3), (3, 3)], name="conv_0")(x)
        x = nn.max_pool(nn.relu(norm(name="batch_norm_0")(x)), (3, 3), (2, 2), "SAME")
        for stage, depth in enumerate(self.stages):
            for block in range(depth):
                x = Bottleneck(self.width * 2**stage, 2 if stage and not block else 1)(x)
        return nn.Dense(self.classes, name="dense_0")(x.mean((1, 2)))


# --- text ------------------------------------------------------------------------------------------------------------


def sinusoids(length: int, width: int) -> np.ndarray:
    """Positions as sines in even features and cosines in odd ones."""
    angles = np.arange(length)[:, None] * np.exp(np.arange(0, width, 2) * -(np.log(10_000.0) / width))
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, width).astype(jnp.result_type(float))


class DecoderBlock(nn.Module):
    heads: int
    inner: int

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        width = x.shape[-1]
        y = nn.LayerNorm(name="layer_norm_0")(x)
        x = x + nn.MultiHeadDotProductAttention(self.heads, qkv_features=width, use_bias=False, name="self_attention_0")(y, mask=mask)
        y = nn.relu(nn.Dense(self.inner, name="dense_0")(nn.LayerNorm(name="layer_norm_1")(x)))
        return x + nn.Dense(width, name="dense_1")(y)


class Lm(nn.Module):
    vocab: int
    layers: int
    width: int
    heads: int
    inner: int

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        x = nn.Embed(self.vocab, self.width, name="embed_0")(tokens)
        x = x + sinusoids(tokens.shape[1], self.width)[None].astype(x.dtype)
        mask = nn.make_causal_mask(tokens)
        for _ in range(self.layers):
            x = DecoderBlock(self.heads, self.inner)(x, mask)
        return nn.Dense(self.vocab, name="dense_0")(nn.LayerNorm(name="layer_norm_0")(x))


def cell(kind: Any, hidden: int, name: str) -> nn.RNN:
    return nn.RNN(kind(hidden, name=name, param_dtype=jnp.result_type(float)), return_carry=True)


class Seq2Seq(nn.Module):
    vocab: int
    hidden: int

    @nn.compact
    def __call__(self, enc: jax.Array, lengths: jax.Array, dec: jax.Array) -> jax.Array:
        carry, _ = cell(nn.LSTMCell, self.hidden, "encoder")(jax.nn.one_hot(enc, self.vocab), seq_lengths=lengths)
        _, y = cell(nn.LSTMCell, self.hidden, "decoder")(jax.nn.one_hot(dec, self.vocab), initial_carry=carry)
        return nn.Dense(self.vocab, name="dense_0")(y)


class BothWays(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array, lengths: jax.Array) -> jax.Array:
        kinds = {name: nn.OptimizedLSTMCell(self.hidden, name=name, param_dtype=jnp.result_type(float)) for name in ("forward", "backward")}
        return nn.Bidirectional(nn.RNN(kinds["forward"]), nn.RNN(kinds["backward"]))(x, seq_lengths=lengths)


class Tagger(nn.Module):
    vocab: int
    width: int
    hidden: int
    tags: int

    @nn.compact
    def __call__(self, x: jax.Array, lengths: jax.Array) -> jax.Array:
        y = BothWays(self.hidden, name="bidirectional_0")(nn.Embed(self.vocab, self.width, name="embed_0")(x), lengths)
        return nn.Dense(self.tags, name="dense_0")(y)


# --- graphs ----------------------------------------------------------------------------------------------------------


class Gcn(nn.Module):
    hidden: int
    classes: int

    @nn.compact
    def __call__(self, graph: Any) -> jax.Array:
        def propagate(h: jax.Array) -> jax.Array:
            return jax.ops.segment_sum(h[graph["send"]] * graph["w"][:, None], graph["recv"], h.shape[0])

        h = nn.relu(propagate(nn.Dense(self.hidden, name="dense_0")(graph["x"])))
        return propagate(nn.Dense(self.classes, name="dense_1")(h))


# --- training --------------------------------------------------------------------------------------------------------


def picked(module: Any, s: Sizes) -> nn.Module:
    """A module with those of the sizes that it has fields for."""
    return module(**{name: value for name, value in s.items() if name in module.__dataclass_fields__})


KINDS = {"mnist": Cnn, "cifar_resnet": SmallResNet, "resnet50": ResNet, "lm_small": Lm, "lm_deep": Lm, "seq2seq_lstm": Seq2Seq}
KINDS |= {"tagger": Tagger, "gnn": Gcn, "gcn_large": Gcn}
EAGER = ("mnist", "seq2seq_lstm", "gnn")
"""Whose examples draw their first weights without `jit`."""


def arguments(name: str, batch: Any) -> tuple[Any, ...]:
    """What the module is called with, of a batch."""
    if name.startswith("lm"):
        return (batch["x"][:, :-1],)
    if name == "seq2seq_lstm":
        return batch["enc"], batch["enc_len"], batch["dec"][:, :-1]
    if name == "tagger":
        return batch["x"], batch["len"]
    return (batch,) if name in ("gnn", "gcn_large") else (batch["x"],)


def targets(name: str, batch: Any) -> tuple[jax.Array, Any]:
    """(classes, how many of each row count)."""
    if name.startswith("lm"):
        return batch["x"][:, 1:], None
    return (batch["dec"][:, 1:], batch["dec_len"]) if name == "seq2seq_lstm" else (batch["y"], batch.get("len"))


def objective(workload: Workload) -> Loss:
    """The loss, its statistics the new ones where the model has any."""
    model, name, penalty = picked(KINDS[workload.name], workload.sizes), workload.name, workload.rule.penalty

    def loss(params: Any, stats: Any, batch: Any) -> tuple[jax.Array, Any]:
        variables = {"params": params, **({"batch_stats": stats} if stats else {})}
        logits, new = model.apply(variables, *arguments(name, batch), mutable=["batch_stats"])
        labels, lengths = targets(name, batch)
        each = optax.softmax_cross_entropy_with_integer_labels(logits.astype(jnp.promote_types(logits.dtype, jnp.float32)), labels)
        counted = 1.0 if lengths is None else jnp.arange(labels.shape[1])[None] < lengths[:, None]
        value = each.mean() if lengths is None else (each * counted).sum() / counted.sum()
        if penalty:
            value += penalty * 0.5 * sum(jnp.sum(x**2) for x in jax.tree.leaves(params) if x.ndim > 1)
        return value, new.get("batch_stats")

    return loss


def optimizer(rule: Rule) -> optax.GradientTransformation:
    if rule.kind == "sgd":
        return optax.sgd(rule.rate, momentum=rule.momentum, nesterov=rule.nesterov)
    return optax.adamw(rule.rate, weight_decay=rule.decay) if rule.decay else optax.adam(rule.rate)


def step_of(workload: Workload, precision: str = "f32") -> Callable[[Training, Any], tuple[Training, jax.Array]]:
    """One step, not compiled; "mixed(bf16)" casts weights and images."""
    exact = objective(workload)

    def loss(params: Any, stats: Any, batch: Any) -> tuple[jax.Array, Any]:
        if precision == "mixed(bf16)":
            params, batch = jax.tree.map(lambda x: x.astype(jnp.bfloat16) if x.dtype == jnp.float32 else x, (params, batch))
        return exact(params, stats, batch)

    def step(state: Training, batch: Any) -> tuple[Training, jax.Array]:
        (value, stats), slopes = jax.value_and_grad(loss, has_aux=True)(state.params, state.batch_stats, batch)
        return state.apply_gradients(grads=slopes, batch_stats=stats), value

    return step


def make(workload: Workload, batch: Batch, precision: str = "f32") -> JaxRunning:
    model = picked(KINDS[workload.name], workload.sizes)
    init = model.init if workload.name in EAGER else jax.jit(model.init)
    one = batch if workload.whole else {name: x[:1] for name, x in batch.items()}
    variables = init(jax.random.key(0), *arguments(workload.name, one))
    rule = optimizer(workload.rule)
    state = Training.create(apply_fn=model.apply, params=variables["params"], tx=rule, batch_stats=variables.get("batch_stats"))
    running = JaxRunning(workload, state, jax.jit(step_of(workload, precision), donate_argnums=0), batch)
    running.parameters = sum(x.size for x in jax.tree.leaves(state.params))
    return running
