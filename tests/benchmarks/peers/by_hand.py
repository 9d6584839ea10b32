"""Peer: JAX alone, by hand, for what a careful person gets out of XLA on a CPU.

Parameters are one flat dict by netspec's paths, drawn by NumPy; attention and gates have one matrix for all their projections; optimizers
are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from tests.benchmarks.peers import by_hand_kernels as kernels
from tests.benchmarks.peers.running import JaxRunning
from tests.benchmarks.workloads import Batch, Rule, Sizes, Workload

Params = dict[str, Any]
Loss = Callable[[Params, Params, Any], tuple[Array, Params]]
"""(parameters, statistics, batch) -> (loss, new statistics)."""
MOMENTUM = 0.9


class Draw:
    """First weights, by name."""

    def __init__(self) -> None:
        self.params: Params = {}
        self.stats: Params = {}
        self._rng = np.random.default_rng(0)

    def matrix(self, name: str, *shape: int) -> None:
        fan = int(np.prod(shape[:-1]))
        self.params[name] = self._rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(fan))

    def embedding(self, name: str, count: int, width: int) -> None:
        self.params[name] = self._rng.standard_normal((count, width), np.float32) / np.float32(np.sqrt(width))

    def constant(self, name: str, size: int, value: float = 0.0) -> None:
        self.params[name] = np.full(size, value, np.float32)

    def dense(self, name: str, inputs: int, outputs: int) -> None:
        self.matrix(f"{name}/kernel", inputs, outputs), self.constant(f"{name}/bias", outputs)

    def norm(self, name: str, size: int, scale: float = 1.0, running: bool = False) -> None:
        self.constant(f"{name}/scale", size, scale), self.constant(f"{name}/bias", size)
        if running:
            self.stats |= {f"{name}/mean": np.zeros(size, np.float32), f"{name}/var": np.ones(size, np.float32)}

    def lstm(self, name: str, inputs: int, hidden: int) -> None:
        self.matrix(f"{name}/wi", inputs, 4 * hidden), self.matrix(f"{name}/wh", hidden, 4 * hidden)
        self.constant(f"{name}/bias", 4 * hidden)


def dense(p: Params, name: str, x: Array) -> Array:
    return x @ p[f"{name}/kernel"] + p[f"{name}/bias"]


def cross_entropy(logits: Array, labels: Array) -> Array:
    return jax.nn.logsumexp(logits, -1) - jnp.take_along_axis(logits, labels[..., None], -1)[..., 0]


def masked_mean(each: Array, lengths: Array) -> Array:
    mask = jnp.arange(each.shape[1]) < lengths[:, None]
    return (each * mask).sum() / mask.sum()


# --- images ----------------------------------------------------------------------------------------------------------


def draw_cnn(s: Sizes, draw: Draw) -> None:
    for k, (inputs, outputs) in enumerate(((s["channels"], 32), (32, 64))):
        draw.matrix(f"conv_{k}/kernel", 3, 3, inputs, outputs), draw.constant(f"conv_{k}/bias", outputs)
    draw.dense("dense_0", (s["size"] // 4) ** 2 * 64, 256), draw.dense("dense_1", 256, s["classes"])


def cnn(s: Sizes, graph: Any) -> Loss:
    def loss(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        x = batch["x"]
        for k in range(2):
            x = kernels.halve(jax.nn.relu(kernels.convolve(x, p[f"conv_{k}/kernel"], 1, k == 0) + p[f"conv_{k}/bias"]))
        x = jax.nn.relu(dense(p, "dense_0", x.reshape(x.shape[0], -1)))
        return cross_entropy(dense(p, "dense_1", x), batch["y"]).mean(), stats

    return loss


def blocks(s: Sizes) -> list[tuple[str, int, int]]:
    """(prefix of its names, features, stride) of each residual block."""
    kind, depths = ("Bottleneck" if "stages" in s else "Basic"), s.get("stages") or (s["depth"],) * 3
    kinds = [(s["width"] * 2**stage, 2 if stage and not block else 1) for stage, depth in enumerate(depths) for block in range(depth)]
    return [(f"{kind}_{k}/", features, stride) for k, (features, stride) in enumerate(kinds)]


def layers(s: Sizes, features: int, stride: int) -> list[tuple[int, int, int]]:
    """(size of the kernel, features, stride) of each convolution of a block; those of ImageNet are narrow in the middle."""
    if "stages" in s:
        return [(1, features, 1), (3, features, stride), (1, 4 * features, 1)]
    return [(3, features, stride), (3, features, 1)]


def draw_normalised(draw: Draw, prefix: str, k: int, shape: tuple[int, int, int], scale: float = 1.0) -> None:
    """A convolution and its norm: (size of the kernel, inputs, outputs)."""
    draw.matrix(f"{prefix}conv_{k}/kernel", shape[0], *shape), draw.norm(f"{prefix}batch_norm_{k}", shape[2], scale, running=True)


def draw_resnet(s: Sizes, draw: Draw) -> None:
    deep, channels = "stages" in s, s["width"]
    draw_normalised(draw, "", 0, (7 if deep else 3, s["channels"], channels))
    for prefix, features, stride in blocks(s):
        entering, convolutions = channels, layers(s, features, stride)
        for k, (size, outputs, _) in enumerate(convolutions):
            draw_normalised(draw, prefix, k, (size, channels, outputs), 0.0 if deep and k == 2 else 1.0)
            channels = outputs
        if stride > 1 or entering != channels:
            draw_normalised(draw, prefix, len(convolutions), (1, entering, channels))
    draw.dense("dense_0", channels, s["classes"])


def resnet(s: Sizes, graph: Any) -> Loss:
    def loss(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        new = dict(stats)

        def normalised(prefix: str, k: int, x: Array, stride: int, first: bool = False) -> Array:
            name = f"{prefix}batch_norm_{k}"
            y = kernels.convolve(x, p[f"{prefix}conv_{k}/kernel"], stride, first)
            y, mean, var = kernels.batch_norm(y, p[f"{name}/scale"], p[f"{name}/bias"])
            for moment, value in (("mean", mean), ("var", var)):
                new[f"{name}/{moment}"] = MOMENTUM * stats[f"{name}/{moment}"] + (1 - MOMENTUM) * value
            return y

        x = jax.nn.relu(normalised("", 0, batch["x"], 2 if "stages" in s else 1, first=True))
        x = kernels.max_pool(x) if "stages" in s else x
        for prefix, features, stride in blocks(s):
            y, strides = x, [each[2] for each in layers(s, features, stride)]
            for k, step in enumerate(strides):
                y = normalised(prefix, k, y, step)
                y = jax.nn.relu(y) if k < len(strides) - 1 else y
            short = len(strides)
            x = jax.nn.relu(y + (normalised(prefix, short, x, stride) if f"{prefix}conv_{short}/kernel" in p else x))
        return cross_entropy(dense(p, "dense_0", x.mean((1, 2))), batch["y"]).mean(), new

    return loss


# --- text ------------------------------------------------------------------------------------------------------------


def draw_lm(s: Sizes, draw: Draw) -> None:
    width, inner = s["width"], s["inner"]
    draw.embedding("embed_0/embedding", s["vocab"], width)
    for name in (f"DecoderBlock_{k}" for k in range(s["layers"])):
        draw.norm(f"{name}/layer_norm_0", width), draw.norm(f"{name}/layer_norm_1", width)
        draw.matrix(f"{name}/self_attention_0/qkv", width, 3 * width), draw.matrix(f"{name}/self_attention_0/out", width, width)
        draw.dense(f"{name}/dense_0", width, inner), draw.dense(f"{name}/dense_1", inner, width)
    draw.norm("layer_norm_0", width), draw.dense("dense_0", width, s["vocab"])


def attend(p: Params, name: str, y: Array, heads: int, bias: Array) -> Array:
    """Causal self-attention, every product one of matrices."""
    count, length, width = y.shape
    qkv = (y.reshape(-1, width) @ p[f"{name}/qkv"]).reshape(count, length, 3, heads, -1)
    query, key, value = qkv.transpose(2, 0, 3, 1, 4).reshape(3, count * heads, length, -1)
    scores = (query * query.shape[-1] ** -0.5) @ key.swapaxes(1, 2) + bias
    mixed = (jax.nn.softmax(scores, -1) @ value).reshape(count, heads, length, -1).swapaxes(1, 2)
    return (mixed.reshape(-1, width) @ p[f"{name}/out"]).reshape(y.shape)


def lm(s: Sizes, graph: Any) -> Loss:
    length, width = s["length"], s["width"]
    angles = np.arange(length)[:, None] * np.exp(np.arange(0, width, 2) * -(np.log(10_000.0) / width))
    positions = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, width).astype(np.float32)

    def norm(p: Params, name: str, x: Array) -> Array:
        return kernels.layer_norm(x, p[f"{name}/scale"], p[f"{name}/bias"])

    def loss(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        tokens, labels = batch["x"][:, :-1], batch["x"][:, 1:]
        bias = jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0.0, -1e30)[None]
        x = p["embed_0/embedding"][tokens] + positions[None]
        for name in (f"DecoderBlock_{k}" for k in range(s["layers"])):
            x = x + attend(p, f"{name}/self_attention_0", norm(p, f"{name}/layer_norm_0", x), s["heads"], bias)
            y = norm(p, f"{name}/layer_norm_1", x).reshape(-1, width)
            x = x + dense(p, f"{name}/dense_1", jax.nn.relu(dense(p, f"{name}/dense_0", y))).reshape(x.shape)
        logits = dense(p, "dense_0", norm(p, "layer_norm_0", x).reshape(-1, width))
        return cross_entropy(logits, labels.reshape(-1)).mean(), stats

    return loss


def draw_seq2seq(s: Sizes, draw: Draw) -> None:
    for name in ("encoder", "decoder"):
        draw.lstm(name, s["vocab"], s["hidden"])
    draw.dense("dense_0", s["hidden"], s["vocab"])


def seq2seq(s: Sizes, graph: Any) -> Loss:
    def loss(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        def projected(name: str, tokens: Array) -> Array:
            return jax.nn.one_hot(tokens.T, s["vocab"]) @ p[f"{name}/wi"] + p[f"{name}/bias"]

        count = batch["enc"].shape[0]
        zero, last = jnp.zeros((count, s["hidden"])), (batch["enc_len"] - 1, jnp.arange(count))
        hs, cs = kernels.lstm(projected("encoder", batch["enc"]), p["encoder/wh"], zero, zero)
        ys, _ = kernels.lstm(projected("decoder", batch["dec"][:, :-1]), p["decoder/wh"], hs[last], cs[last])
        logits = dense(p, "dense_0", ys).swapaxes(0, 1)
        return masked_mean(cross_entropy(logits, batch["dec"][:, 1:]), batch["dec_len"]), stats

    return loss


def draw_tagger(s: Sizes, draw: Draw) -> None:
    draw.embedding("embed_0/embedding", s["vocab"], s["width"])
    for name in ("forward", "backward"):
        draw.lstm(f"bidirectional_0/{name}", s["width"], s["hidden"])
    draw.dense("dense_0", 2 * s["hidden"], s["tags"])


def tagger(s: Sizes, graph: Any) -> Loss:
    hidden = s["hidden"]

    def loss(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        tokens, lengths = batch["x"].T, batch["len"]
        place = jnp.arange(tokens.shape[0])[:, None]
        back = jnp.where(place < lengths, lengths - 1 - place, place)[..., None]
        x, zero = p["embed_0/embedding"][tokens], jnp.zeros((tokens.shape[1], hidden))

        def run(side: str, turned: Callable[[Array], Array]) -> Array:
            name = f"bidirectional_0/{side}"
            inputs = turned(x @ p[f"{name}/wi"] + p[f"{name}/bias"])
            return turned(kernels.lstm(inputs, p[f"{name}/wh"], zero, zero)[0])

        ahead, behind = run("forward", lambda y: y), run("backward", lambda y: jnp.take_along_axis(y, back, 0))
        first, second = p["dense_0/kernel"][:hidden], p["dense_0/kernel"][hidden:]
        logits = ahead @ first + behind @ second + p["dense_0/bias"]
        return masked_mean(cross_entropy(logits.swapaxes(0, 1), batch["y"]), lengths), stats

    return loss


# --- graphs ----------------------------------------------------------------------------------------------------------


def draw_gcn(s: Sizes, draw: Draw) -> None:
    draw.dense("dense_0", s["features"], s["hidden"]), draw.dense("dense_1", s["hidden"], s["classes"])


def gcn(s: Sizes, graph: Any) -> Loss:
    propagate = kernels.propagation(graph)

    def loss(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        h = jax.nn.relu(propagate(dense(p, "dense_0", batch["x"])))
        return cross_entropy(propagate(dense(p, "dense_1", h)), batch["y"]).mean(), stats

    return loss


# --- training --------------------------------------------------------------------------------------------------------

MODELS: Mapping[str, tuple[Callable[[Sizes, Draw], None], Callable[[Sizes, Any], Loss]]] = {
    "mnist": (draw_cnn, cnn),
    "cifar_resnet": (draw_resnet, resnet),
    "resnet50": (draw_resnet, resnet),
    "lm_small": (draw_lm, lm),
    "lm_deep": (draw_lm, lm),
    "seq2seq_lstm": (draw_seq2seq, seq2seq),
    "tagger": (draw_tagger, tagger),
    "gnn": (draw_gcn, gcn),
    "gcn_large": (draw_gcn, gcn),
}


def begin(rule: Rule, p: Params) -> Params:
    """The optimizer's first state."""
    zeros = {name: np.zeros_like(x) for name, x in p.items()}
    return {"v": zeros} if rule.kind == "sgd" else {"m": zeros, "v": dict(zeros), "t": np.float32(0)}


def update(rule: Rule, p: Params, g: Params, o: Params) -> tuple[Params, Params]:
    """(parameters, optimizer's state) after a step."""
    if rule.kind == "sgd":
        v = {name: rule.momentum * o["v"][name] + g[name] for name in p}
        moves = {name: g[name] + rule.momentum * v[name] for name in p} if rule.nesterov else v
        return {name: p[name] - rule.rate * moves[name] for name in p}, {"v": v}
    t = o["t"] + 1
    m = {name: 0.9 * o["m"][name] + 0.1 * g[name] for name in p}
    v = {name: 0.999 * o["v"][name] + 0.001 * g[name] * g[name] for name in p}
    rate, scale, kept = rule.rate / (1 - 0.9**t), 1 / (1 - 0.999**t), 1 - rule.rate * rule.decay
    return {name: p[name] * kept - rate * m[name] / (jnp.sqrt(v[name] * scale) + 1e-8) for name in p}, {"m": m, "v": v, "t": t}


def step_of(workload: Workload, batch: Batch) -> Callable[[Params, Any], tuple[Params, Array]]:
    """One step, not compiled. The batch tells the graph, where there is one."""
    rule, loss = workload.rule, MODELS[workload.name][1](workload.sizes, batch)

    def penalised(p: Params, stats: Params, batch: Any) -> tuple[Array, Params]:
        value, new = loss(p, stats, batch)
        return value + 0.5 * rule.penalty * sum(jnp.sum(x * x) for x in p.values() if rule.penalty and x.ndim > 1), new

    def step(state: Params, batch: Any) -> tuple[Params, Array]:
        (value, stats), slopes = jax.value_and_grad(penalised, has_aux=True)(state["p"], state["stats"], batch)
        p, o = update(rule, state["p"], slopes, state["o"])
        return {"p": p, "o": o, "stats": stats}, value

    return step


def make(workload: Workload, batch: Batch) -> JaxRunning:
    draw = Draw()
    MODELS[workload.name][0](workload.sizes, draw)
    state = jax.device_put({"p": draw.params, "o": begin(workload.rule, draw.params), "stats": draw.stats})
    running = JaxRunning(workload, state, jax.jit(step_of(workload, batch), donate_argnums=0), batch)
    running.parameters = sum(x.size for x in draw.params.values())
    return running
