"""Swin beside plain NumPy in f64, which asks of every two places of an image whether they stand in one window, and who came round."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.architectures.build import drawn, numbers, small
from tests.architectures.test_architectures import spec
from tests.architectures.test_sequence_models import Weights, softmax, wide

WINDOW = 4


def layer_norm(x: Any, w: Weights) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, -1, keepdims=True) + 1e-5) * w["scale"] + w["bias"]


def gelu(x: Any) -> Any:
    """By the error function, as Swin has it."""
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def stands(place: tuple[int, int], size: int, shift: int) -> tuple[Any, ...]:
    """The window that a place falls into when the image is moved on, whether it has come round at either end, and where in the window."""
    moved = [(at - shift) % size for at in place]
    return (*(at // WINDOW for at in moved), *(at < shift for at in place)), tuple(at % WINDOW for at in moved)


def attention(x: Any, w: Weights, shift: int) -> Any:
    """[size, size, features] of one example, query by query over the keys that it may see."""
    size, own, result = len(x), w["self_attention_0"], np.zeros_like(x)
    q, k, v = (np.einsum("yxc,chd->yxhd", x, own[name]["kernel"]) + own[name]["bias"] for name in ("query", "key", "value"))
    table = w["window_bias_0"]["embedding"]
    places = list(np.ndindex(size, size))
    for query in places:
        home, (y, x_) = stands(query, size, shift)
        seen = [(key, at) for key in places for window, at in [stands(key, size, shift)] if window == home]
        rows = [(y - v_ + WINDOW - 1) * (2 * WINDOW - 1) + x_ - u_ + WINDOW - 1 for _, (v_, u_) in seen]
        keys, values = (np.array([side[key] for key, _ in seen]) for side in (k, v))
        scores = np.einsum("hd,nhd->hn", q[query], keys) / math.sqrt(q.shape[-1]) + table[rows].T
        result[query] = np.einsum("hn,nhd,hdc->c", softmax(scores), values, own["out"]["kernel"]) + own["out"]["bias"]
    return result


def swin(w: Weights, image: Any, depths: list[int]) -> Any:
    """One example [size, size, 3]."""
    size = len(image) // 4
    patches = image.reshape(size, 4, size, 4, 3).transpose(0, 2, 1, 3, 4)
    x = np.einsum("yxpqc,pqcd->yxd", patches, w["conv_0"]["kernel"]) + w["conv_0"]["bias"]
    x = layer_norm(x, w["layer_norm_0"])
    for i, depth in enumerate(depths):
        if i > 0:
            own = w[f"Merge_{i - 1}"]
            joined = np.concatenate([x[0::2, 0::2], x[1::2, 0::2], x[0::2, 1::2], x[1::2, 1::2]], -1)
            x = layer_norm(joined, own["layer_norm_0"]) @ own["dense_0"]["kernel"]
        for k in range(depth):
            own = w[f"block_{i}_{k}"]
            shift = WINDOW // 2 if k % 2 and len(x) > WINDOW else 0
            x = x + attention(layer_norm(x, own["layer_norm_0"]), own, shift)
            inner = layer_norm(x, own["layer_norm_1"]) @ own["dense_0"]["kernel"] + own["dense_0"]["bias"]
            x = x + gelu(inner) @ own["dense_1"]["kernel"] + own["dense_1"]["bias"]
    return layer_norm(x, w["layer_norm_1"]).mean((0, 1)) @ w["dense_0"]["kernel"] + w["dense_0"]["bias"]


def test_beside_numpy() -> None:
    """Windows of 4 in images of 8 and 4 places: shifted in the first stage, one window without a shift in the second."""
    program = small(spec("swin"), size="32", width="64", window="4", depths="[2, 2]", classes="5")
    weights, image = drawn(program), numbers(2, 32, 32, 3)
    found = program.apply(weights, image=image)["logits"]
    wanted = np.stack([swin(wide(weights["params"]), one.astype(np.float64), [2, 2]) for one in image])
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-5 * np.abs(wanted).max())
