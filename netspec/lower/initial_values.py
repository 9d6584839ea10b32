"""Makes the first values of parameters and buffers in host code, with one NumPy generator per logical path.

The generator is Philox, a counter-based one, keyed by the first 128 bits of sha256 over seed and path. So a value depends on neither the
order of parameters, nor on how they are stored, nor on the number of devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from netspec.lazy import np
from netspec.library.initializers.distributions import draw_weight
from netspec.lower.layout import BUFFERS, PARAMS, Layout, Stored
from netspec.lower.precision import FULL, Precision


def generator(seed: int, path: str) -> Any:
    """The NumPy generator of a path."""
    digest = sha256(f"{seed}\n{path}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def initialise(layout: Layout, seed: int, precision: Precision = FULL) -> dict[str, dict[str, Any]]:
    """Stored leaves as NumPy arrays: {"params": by stored key, "buffers": by stored key}."""
    return {PARAMS: _sample_all(layout.params, seed, precision), BUFFERS: _sample_all(layout.buffers, seed, precision)}


def _sample_all(leaves: Mapping[str, Stored], seed: int, precision: Precision) -> dict[str, Any]:
    return {key: _leaf(stored, seed, precision) for key, stored in leaves.items()}


def _leaf(stored: Stored, seed: int, precision: Precision) -> Any:
    """A leaf of which every slice is drawn by its own path."""
    leaf = np.empty(stored.shape, precision.stored(stored.weight.dtype))
    for path, index in zip(stored.paths, stored.indices(), strict=True):
        leaf[index] = _sample(stored, generator(seed, path))
    return leaf


def _sample(stored: Stored, rng: Any) -> Any:
    """One slice in f32 (whole numbers and truth values as the initializer gives them), so that every precision starts alike."""
    shape, weight = stored.slice_shape, stored.weight
    values = draw_weight(weight, rng, shape)
    return values.astype(np.float32) if weight.dtype in ("f32", "bf16", "f16") else values
