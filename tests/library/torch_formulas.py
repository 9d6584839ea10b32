"""What PyTorch's layers compute, transcribed from its documentation in NumPy, channels first, and cases of them beside our ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from netspec.library.base import Array, Op
from netspec.library.layers.bilinear import Bilinear
from netspec.library.layers.conv import Conv
from netspec.library.layers.conv_depthwise import DepthwiseConv
from netspec.library.layers.conv_lstm import ConvLstmCell
from netspec.library.layers.conv_transposed import ConvTranspose
from netspec.library.layers.dense import Dense
from netspec.library.layers.embed import Embed
from netspec.library.layers.layer_norm import InstanceNorm, LayerNorm
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.layers.patches import PatchEmbed
from netspec.library.layers.prelu import Prelu
from netspec.library.layers.rms_norm import RmsNorm
from netspec.library.layers.self_attention import SelfAttention
from netspec.library.layers.weight_norm import WeightNorm

Arrays = Mapping[str, Array]
UNCONVERTED = ConvLstmCell
"""A layer that PyTorch has not."""


@dataclass(frozen=True)
class Case:
    """An op, the input's shape as ours is, the module as PyTorch writes it, the shapes of its arrays, and its formula."""

    op: Op
    x: tuple[int, ...]
    module: str
    shapes: dict[str, tuple[int, ...]]
    formula: Callable[[Arrays, Array], Array]
    first: bool = False
    """PyTorch has the channels in front."""
    whole: int = 0
    """Inputs are whole numbers below this."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """Arrays that are not drawn."""


def biased(y: Array, p: Arrays, axis: int = 1) -> Array:
    return y + p["bias"].reshape([-1 if a == axis % y.ndim else 1 for a in range(y.ndim)]) if "bias" in p else y


def linear(p: Arrays, x: Array) -> Array:
    """y = x Aᵀ + b."""
    return biased(x @ p["weight"].T, p, -1)


def conv(stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    """out(N, o) = bias(o) + Σ over the channels of the group of weight(o, i) ⋆ input(N, i), cross-correlation."""

    def formula(p: Arrays, x: Array) -> Array:
        w, space = p["weight"], x.ndim - 2
        s, d, pad = (np.broadcast_to(v, space) for v in (stride, dilation, padding))
        x = np.pad(x, [(0, 0), (0, 0), *((n, n) for n in pad)])
        sizes = [(x.shape[2 + a] - d[a] * (w.shape[2 + a] - 1) - 1) // s[a] + 1 for a in range(space)]
        parts = []
        for xs, ws in zip(np.split(x, groups, 1), np.split(w, groups, 0), strict=True):
            y = np.zeros((len(x), len(ws), *sizes))
            for at in product(*map(range, w.shape[2:])):
                cut = tuple(slice(at[a] * d[a], at[a] * d[a] + (sizes[a] - 1) * s[a] + 1, s[a]) for a in range(space))
                y += np.einsum("ni...,oi->no...", xs[(slice(None), slice(None), *cut)], ws[(slice(None), slice(None), *at)])
            parts.append(y)
        return biased(np.concatenate(parts, 1), p)

    return formula


def conv_transpose(stride: int, padding: int, extra: int, dilation: int = 1) -> Any:
    """The gradient of a convolution: each element adds its multiple of the kernel, `padding` is cut off at each end."""

    def formula(p: Arrays, x: Array) -> Array:
        w, space = p["weight"], x.ndim - 2
        sizes = [(n - 1) * stride + dilation * (k - 1) + 1 for n, k in zip(x.shape[2:], w.shape[2:], strict=True)]
        y = np.zeros((len(x), w.shape[1], *(n + extra for n in sizes)))
        for at in product(*map(range, w.shape[2:])):
            cut = tuple(slice(at[a] * dilation, at[a] * dilation + (x.shape[2 + a] - 1) * stride + 1, stride) for a in range(space))
            y[(slice(None), slice(None), *cut)] += np.einsum("ni...,io->no...", x, w[(slice(None), slice(None), *at)])
        inside = tuple(slice(padding, n + extra - padding) for n in sizes)
        return biased(y[(slice(None), slice(None), *inside)], p)

    return formula


def normed(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def scaled(y: Array, p: Arrays, axis: int) -> Array:
    shape = [-1 if a == axis % y.ndim else 1 for a in range(y.ndim)]
    return biased(y * p["weight"].reshape(shape), p, axis)


def batch_norm(p: Arrays, x: Array) -> Array:
    mean, var = (p[name].reshape(1, -1, *[1] * (x.ndim - 2)) for name in ("running_mean", "running_var"))
    return scaled((x - mean) / np.sqrt(var + 1e-5), p, 1)


def group_norm(groups: int) -> Any:
    def formula(p: Arrays, x: Array) -> Array:
        split = x.reshape(len(x), groups, -1)
        return scaled(normed(split, (2,), 1e-5).reshape(x.shape), p, 1)

    return formula


def instance_norm(p: Arrays, x: Array) -> Array:
    return scaled(normed(x, tuple(range(2, x.ndim)), 1e-5), p, 1)


def layer_norm(axes: int) -> Any:
    def formula(p: Arrays, x: Array) -> Array:
        return normed(x, tuple(range(-axes, 0)), 1e-5) * p["weight"] + p["bias"]

    return formula


def rms_norm(p: Arrays, x: Array) -> Array:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * p["weight"]


def prelu(p: Arrays, x: Array) -> Array:
    return np.maximum(x, 0) + p["weight"].reshape(-1, *[1] * (x.ndim - 2)) * np.minimum(x, 0)


def attention(heads: int) -> Any:
    """Concat(head₁, …) W^O with headᵢ = softmax(QᵢKᵢᵀ / √d) Vᵢ."""

    def formula(p: Arrays, x: Array) -> Array:
        whole = x @ p["in_proj_weight"].T + p.get("in_proj_bias", 0)
        q, k, v = (a.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3) for a in np.split(whole, 3, -1))
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        made = (weights / weights.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(x.shape)
        return made @ p["out_proj.weight"].T + p.get("out_proj.bias", 0)

    return formula


def weight_norm(inner: Callable[[Arrays, Array], Array]) -> Any:
    """w = g · v / ‖v‖, the norm of each output channel."""

    def formula(p: Arrays, x: Array) -> Array:
        g, v = (p[f"parametrizations.weight.original{k}"] for k in (0, 1))
        return inner({**p, "weight": g * v / np.sqrt((v**2).sum(tuple(range(1, v.ndim)), keepdims=True))}, x)

    return formula


GV = "parametrizations.weight.original0", "parametrizations.weight.original1"
CASES = [
    Case(Dense(features=5), (3, 4), "Linear(4, 5)", {"weight": (5, 4), "bias": (5,)}, linear),
    Case(Dense(features=5, bias=False), (2, 3, 4), "Linear(4, 5, bias=False)", {"weight": (5, 4)}, linear),
    Case(
        Conv(features=6, kernel=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
        (2, 7, 6, 4),
        "Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2)",
        {"weight": (6, 2, 3, 2), "bias": (6,)},
        conv((2, 1), (1, 0), (1, 2), 2),
        True,
    ),
    Case(
        Conv(features=4, kernel=3, padding=2, dilation=2, bias=False),
        (2, 9, 3),
        "Conv1d(3, 4, 3, padding=2, dilation=2, bias=False)",
        {"weight": (4, 3, 3)},
        conv(1, 2, 2),
        True,
    ),
    Case(
        Conv(features=2, kernel=2, stride=2, padding="VALID"),
        (1, 4, 5, 4, 3),
        "Conv3d(3, 2, 2, 2)",
        {"weight": (2, 3, 2, 2, 2), "bias": (2,)},
        conv(2),
        True,
    ),
    Case(
        DepthwiseConv(kernel=3, padding=1, multiplier=2),
        (2, 5, 4, 3),
        "Conv2d(3, 6, 3, padding=1, groups=3)",
        {"weight": (6, 1, 3, 3), "bias": (6,)},
        conv(1, 1, 1, 3),
        True,
    ),
    Case(PatchEmbed(features=5, patch=2), (2, 4, 6, 3), "Conv2d(3, 5, 2, 2)", {"weight": (5, 3, 2, 2), "bias": (5,)}, conv(2), True),
    Case(
        ConvTranspose(features=3, kernel=3, stride=2, padding=((1, 2), (1, 2)), transpose_kernel=True),
        (2, 4, 5, 4),
        "ConvTranspose2d(4, 3, 3, 2, 1, 1)",
        {"weight": (4, 3, 3, 3), "bias": (3,)},
        conv_transpose(2, 1, 1),
        True,
    ),
    Case(
        ConvTranspose(features=2, kernel=2, stride=3, dilation=2, padding=2, bias=False),
        (2, 4, 3),
        "ConvTranspose1d(3, 2, 2, 3, 0, dilation=2, bias=False)",
        {"weight": (3, 2, 2)},
        conv_transpose(3, 0, 0, 2),
        True,
    ),
    Case(Embed(vocab=7, features=3), (2, 4), "Embedding(7, 3)", {"weight": (7, 3)}, lambda p, x: p["weight"][x], whole=7),
    Case(
        BatchNorm(momentum=0.9),
        (4, 3, 5, 2),
        "BatchNorm2d(2)",
        {name: (2,) for name in ("weight", "bias", "running_mean", "running_var")},
        batch_norm,
        True,
    ),
    Case(GroupNorm(groups=2, epsilon=1e-5), (2, 3, 4, 6), "GroupNorm(2, 6)", {"weight": (6,), "bias": (6,)}, group_norm(2), True),
    Case(InstanceNorm(epsilon=1e-5), (2, 6, 3), "InstanceNorm1d(3, affine=True)", {"weight": (3,), "bias": (3,)}, instance_norm, True),
    Case(LayerNorm(epsilon=1e-5), (2, 3, 5), "LayerNorm(5)", {"weight": (5,), "bias": (5,)}, layer_norm(1)),
    Case(LayerNorm(epsilon=1e-5, axis=(-2, -1)), (2, 3, 5), "LayerNorm((3, 5))", {"weight": (3, 5), "bias": (3, 5)}, layer_norm(2)),
    Case(RmsNorm(), (2, 3, 5), "RMSNorm(5, eps=1e-6)", {"weight": (5,)}, rms_norm),
    Case(Prelu(), (2, 4, 3), "PReLU()", {"weight": (1,)}, prelu, True),
    Case(Prelu(per_feature=True), (2, 4, 3), "PReLU(3)", {"weight": (3,)}, prelu, True),
    Case(
        SelfAttention(heads=2),
        (2, 5, 6),
        "MultiheadAttention(6, 2, batch_first=True)",
        {"in_proj_weight": (18, 6), "in_proj_bias": (18,), "out_proj.weight": (6, 6), "out_proj.bias": (6,)},
        attention(2),
    ),
    Case(
        SelfAttention(heads=3, bias=False),
        (2, 4, 6),
        "MultiheadAttention(6, 3, bias=False, batch_first=True)",
        {"in_proj_weight": (18, 6), "out_proj.weight": (6, 6)},
        attention(3),
    ),
    Case(
        WeightNorm(layer=Dense(features=4)),
        (3, 5),
        "utils.parametrizations.weight_norm(nn.Linear(5, 4))",
        {"bias": (4,), GV[0]: (4, 1), GV[1]: (4, 5)},
        weight_norm(linear),
    ),
    Case(
        WeightNorm(layer=Conv(features=4, kernel=3, padding=1)),
        (2, 5, 3),
        "utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 3, padding=1))",
        {"bias": (4,), GV[0]: (4, 1, 1), GV[1]: (4, 3, 3)},
        weight_norm(conv(1, 1)),
        True,
    ),
]
BILINEAR = Bilinear(features=3), "Bilinear(4, 5, 3)", {"weight": (3, 4, 5), "bias": (3,)}
