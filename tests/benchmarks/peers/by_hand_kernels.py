"""What the peer by hand computes with on a CPU: each form is the fastest that was found for its shapes in XLA, gradients written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

LAYOUT = ("NHWC", "HWIO", "NHWC")

# --- convolutions ----------------------------------------------------------------------------------------------------


def own(x: Array, w: Array, stride: int) -> Array:
    """XLA's own convolution."""
    sides = [padding(size, taps, stride)[1] for size, taps in ((x.shape[1], w.shape[0]), (x.shape[2], w.shape[1]))]
    return lax.conv_general_dilated(x, w, (stride, stride), sides, dimension_numbers=LAYOUT)


def views(x: Array, w: Array, stride: int) -> list[Array]:
    """What each tap of the kernel sees: strided views of the padded image, [N, H', W', C] each."""
    count, height, width, channels = x.shape
    (rows, above), (columns, left) = (padding(size, taps, stride) for size, taps in ((height, w.shape[0]), (width, w.shape[1])))
    padded = jnp.pad(x, ((0, 0), above, left, (0, 0)))
    ends = [(i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1) for i in range(w.shape[0]) for j in range(w.shape[1])]
    starts = [(i, j) for i in range(w.shape[0]) for j in range(w.shape[1])]
    steps = (1, stride, stride, 1)
    return [lax.slice(padded, (0, *at, 0), (count, *end, channels), steps) for at, end in zip(starts, ends, strict=True)]


def padding(size: int, taps: int, stride: int) -> tuple[int, tuple[int, int]]:
    """(size of the result, padding below and above): as of "SAME", but that the seven taps of a ResNet's stem begin three below."""
    result = -(-size // stride)
    missing = max((result - 1) * stride + taps - size, 0)
    below = min(taps // 2 if taps > 3 else missing // 2, missing)
    return result, (below, missing - below)


def columns(x: Array, w: Array, stride: int) -> Array:
    """All views side by side along the channels."""
    if w.shape[:2] == (1, 1):
        return x[:, ::stride, ::stride]
    return jnp.concatenate(views(x, w, stride), -1)


def by_columns(x: Array, w: Array, stride: int) -> Array:
    return columns(x, w, stride) @ w.reshape(-1, w.shape[-1])


def by_taps(x: Array, w: Array, stride: int) -> Array:
    taps = w.reshape(-1, *w.shape[2:])
    return sum((view @ tap for view, tap in zip(views(x, w, stride), taps, strict=True)), jnp.zeros((), x.dtype))


def slope_by_columns(x: Array, w: Array, stride: int, dy: Array) -> Array:
    """The kernel's gradient as one product."""
    flat = columns(x, w, stride).reshape(-1, w[..., 0].size)
    return (flat.T @ dy.reshape(-1, dy.shape[-1])).reshape(w.shape)


def slope_by_taps(x: Array, w: Array, stride: int, dy: Array) -> Array:
    """The kernel's gradient as one product for each tap."""
    flat = dy.reshape(-1, dy.shape[-1])
    return jnp.stack([view.reshape(-1, view.shape[-1]).T @ flat for view in views(x, w, stride)]).reshape(w.shape)


def slope_by_own(x: Array, w: Array, stride: int, dy: Array) -> Array:
    return jax.linear_transpose(lambda w: own(x, w, stride), w)(dy)[0]


FORMS = {"own": own, "columns": by_columns, "taps": by_taps}
SLOPES = {"own": slope_by_own, "columns": slope_by_columns, "taps": slope_by_taps}


def choose(x: Array, w: Array, stride: int) -> tuple[str, str, str]:
    """(forward, gradient of the image, gradient of the kernel), as single convolutions were fastest."""
    rows, _, channels, features = w.shape
    if rows == 1:
        return "columns", "columns", "columns"
    if channels == 1:
        return "taps", "columns", "columns"
    if channels <= 4:
        return "own", "own", "taps" if rows > 3 else "own"
    if x.shape[1] <= 16 and channels >= 256:
        return "columns", "columns", "columns"
    if stride > 1:
        return "own", "own" if channels >= 64 else "taps", "taps"
    return "own", "own", "taps" if (channels >= 64 and x.shape[1] >= 28) or channels < features else "own"


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolve(x: Array, w: Array, stride: int = 1, first: bool = False) -> Array:
    """A convolution without bias, as large as the image over the stride. Nobody asks for the gradient of the image of a `first` one."""
    return FORMS[choose(x, w, stride)[0]](x, w, stride)


def _convolve_back(stride: int, first: bool, kept: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, w = kept
    _, image, kernel = choose(x, w, stride)
    dx = jnp.zeros_like(x) if first else jax.linear_transpose(lambda x: FORMS[image](x, w, stride), x)(dy)[0]
    return dx, SLOPES[kernel](x, w, stride, dy)


convolve.defvjp(lambda x, w, stride, first: (convolve(x, w, stride, first), (x, w)), _convolve_back)


# --- pools and norms -------------------------------------------------------------------------------------------------


def halve(x: Array) -> Array:
    """The mean of each two by two points."""
    return 0.25 * (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2])


def max_pool(x: Array) -> Array:
    """Three by three with stride 2, an axis at a time."""

    def along(x: Array, axis: int) -> Array:
        size, (low, high) = padding(x.shape[axis], 3, 2)
        padded = lax.pad(x, jnp.array(-jnp.inf, x.dtype), [(low, high + 1, 0) if a == axis else (0, 0, 0) for a in range(4)])
        a, b, c = (lax.slice_in_dim(padded, k, k + 2 * size - 1, 2, axis) for k in range(3))
        return jnp.maximum(jnp.maximum(a, b), c)

    return along(along(x, 1), 2)


@jax.custom_vjp
def batch_norm(x: Array, scale: Array, bias: Array) -> tuple[Array, Array, Array]:
    """(normalised, mean, variance)."""
    return _batch_norm(x, scale, bias)[0]


def _batch_norm(x: Array, scale: Array, bias: Array) -> Any:
    mean = x.mean((0, 1, 2))
    variance = jnp.maximum(jnp.square(x).mean((0, 1, 2)) - mean * mean, 0.0)
    inverse = lax.rsqrt(variance + 1e-5)
    gain = inverse * scale
    return (x * gain + (bias - mean * gain), mean, variance), (x, mean, inverse, scale)


def _batch_norm_back(kept: Any, slopes: Any) -> tuple[Array, Array, Array]:
    x, mean, inverse, scale = kept
    dy, count = slopes[0], x.size // x.shape[-1]
    of_bias = dy.sum((0, 1, 2))
    of_scale = ((dy * x).sum((0, 1, 2)) - mean * of_bias) * inverse
    gain = scale * inverse
    part = gain * inverse * of_scale / count
    return dy * gain - x * part + (mean * part - gain * of_bias / count), of_scale, of_bias


batch_norm.defvjp(_batch_norm, _batch_norm_back)


def layer_norm(x: Array, scale: Array, bias: Array) -> Array:
    mean = x.mean(-1, keepdims=True)
    variance = jnp.maximum(jnp.square(x).mean(-1, keepdims=True) - mean * mean, 0.0)
    return (x - mean) * (lax.rsqrt(variance + 1e-6) * scale) + bias


# --- recurrence ------------------------------------------------------------------------------------------------------


def _cell(gates: Array, c: Array) -> tuple[Array, Array, tuple[Array, ...]]:
    i, f, g, o = jnp.split(gates, 4, -1)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
    c = f * c + i * g
    return o * jnp.tanh(c), c, (i, f, g, o)


@jax.custom_vjp
def lstm(inputs: Array, w: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """(h, c) after each step, [T, N, H] each, of projected inputs [T, N, 4H]; the gradient of `w` is one product behind the scan."""
    return _lstm(inputs, w, h, c)[0]


def _lstm(inputs: Array, w: Array, h: Array, c: Array) -> Any:
    def step(carry: Any, x: Array) -> Any:
        h, c, gates = _cell(x + carry[0] @ w, carry[1])
        return (h, c), (h, c, gates)

    _, (hs, cs, gates) = lax.scan(step, (h, c), inputs)
    return (hs, cs), (w, h, c, hs, cs, gates)


def _lstm_back(kept: Any, slopes: Any) -> Any:
    w, h, c, hs, cs, gates = kept
    before = jnp.concatenate([c[None], cs[:-1]])

    def step(carry: Any, at: Any) -> Any:
        (dh, dc), (dh_here, dc_here, c, c_before, (i, f, g, o)) = carry, at
        dh, bent = dh + dh_here, jnp.tanh(c)
        dc = dc + dc_here + dh * o * (1 - bent * bent)
        parts = dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g * g), dh * bent * o * (1 - o)
        of_gates = jnp.concatenate(parts, -1)
        return (of_gates @ w.T, dc * f), of_gates

    zero = jnp.zeros_like(h)
    (dh, dc), of_gates = lax.scan(step, (zero, zero), (*slopes, cs, before, gates), reverse=True)
    earlier = jnp.concatenate([h[None], hs[:-1]]).reshape(-1, w.shape[0])
    return of_gates, earlier.T @ of_gates.reshape(-1, w.shape[1]), dh, dc


lstm.defvjp(_lstm, _lstm_back)


# --- graphs ----------------------------------------------------------------------------------------------------------


def propagation(graph: Mapping[str, np.ndarray]) -> Callable[[Array], Array]:
    """The graph, which never changes, as a part of the program: its edges are sorted by where they end."""
    order = np.argsort(graph["recv"], kind="stable")
    send, recv, w = (np.asarray(graph[name])[order] for name in ("send", "recv", "w"))
    return lambda h: jax.ops.segment_sum(h[send] * w[:, None], recv, graph["x"].shape[0], indices_are_sorted=True)
