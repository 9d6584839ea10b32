"""Makes the first values of parameters and buffers in host code, with one NumPy generator per logical path.

The generator is Philox, a counter-based one, keyed by the first 128 bits of sha256 over seed and path. So a value depends on neither the
order of parameters, nor on how they are stored, nor on the number of devices.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from netspec.diagnostics.shapes.sizes import InitializerDoesNotFit
from netspec.diagnostics.spec_error import SpecError
from netspec.lazy import jax, np
from netspec.library.initializers.distributions import draw_weight, fans
from netspec.library.initializers.formulas import list_formula
from netspec.lower.layout import BUFFERS, PARAMS, Layout, Stored
from netspec.lower.precision import FULL, Precision
from netspec.lower.random_draws import path_hash, take_key


def generator(seed: int, path: str) -> Any:
    """The NumPy generator of a path."""
    digest = sha256(f"{seed}\n{path}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def initialise(layout: Layout, seed: int, precision: Precision = FULL) -> dict[str, dict[str, Any]]:
    """Stored leaves as NumPy arrays: {"params": by stored key, "buffers": by stored key}."""
    return {PARAMS: _sample_all(layout.params, seed, precision), BUFFERS: _sample_all(layout.buffers, seed, precision)}


def trace_initial(layout: Layout, key: Any, precision: Precision = FULL) -> dict[str, dict[str, Any]]:
    """The same distributions drawn by a key of JAX's, which may be traced; each slice by the key folded with its own path."""
    drawn = {PARAMS: layout.params, BUFFERS: layout.buffers}
    return {name: {k: _trace_leaf(stored, key, precision) for k, stored in leaves.items()} for name, leaves in drawn.items()}


def _trace_leaf(stored: Stored, key: Any, precision: Precision) -> Any:
    """A leaf of which every slice is drawn by its own path."""
    weight, shape = stored.weight, stored.slice_shape
    fan = weight.fan or fans(shape)

    def one(word: Any) -> Any:
        drawn = weight.init.sample_traced(jax.random.fold_in(key, word), fan if weight.matrix else shape, fan)
        return drawn.reshape(shape).astype(precision.stored(weight.dtype))

    words = np.array([path_hash(path) for path in stored.origins], np.uint32)
    return jax.vmap(one)(words).reshape(stored.shape) if stored.counts else one(words[0])


def host_seed(seed: Any) -> int:
    """A seed as Python's own number. Raises TypeError for what is no whole number on the host: an array that is traced, a fraction."""
    try:
        return operator.index(seed)
    except TypeError:
        wanted = "`init` takes a whole number of Python or NumPy as its seed, since it draws on the host"
        raise TypeError(f"{wanted}; under `jax.jit`, `jax.vmap` and `jax.eval_shape` write `init_traced(key)`, with a key of JAX") from None


def traced_key(key: Any) -> Any:
    """A key of JAX as one with a type of its own. Raises TypeError for what is none."""
    try:
        return take_key(key, "`init_traced`")
    except TypeError as error:
        raise TypeError(f"{error}; for several write `jax.vmap(program.init_traced)(keys)`") from None


def _sample_all(leaves: Mapping[str, Stored], seed: int, precision: Precision) -> dict[str, Any]:
    return {key: _leaf(stored, seed, precision) for key, stored in leaves.items()}


def _leaf(stored: Stored, seed: int, precision: Precision) -> Any:
    """A leaf of which every slice is drawn by its own path."""
    leaf = np.empty(stored.shape, precision.stored(stored.weight.dtype))
    for path, index in zip(stored.origins, stored.indices(), strict=True):
        with np.errstate(over="ignore"):  # which `_require_numbers` tells in words
            leaf[index] = _sample(stored, generator(seed, path))
        _require_numbers(stored, path, leaf[index])
    return leaf


def _require_numbers(stored: Stored, path: str, drawn: Any) -> None:
    """Raises `SpecError` where a formula has made something of what was drawn that is no number."""
    if list_formula(stored.weight.init) is None or (count := int((~np.isfinite(drawn)).sum())) == 0:
        return
    init, why = stored.weight.init.word(), f"{count:,} of the {drawn.size:,} elements that are drawn come out infinite or as no number"
    raise SpecError([InitializerDoesNotFit(init, path, stored.slice_shape, why, at=stored.at)])


def _sample(stored: Stored, rng: Any) -> Any:
    """One slice in f32 (whole numbers and truth values as the initializer gives them), so that every precision starts alike."""
    shape, weight = stored.slice_shape, stored.weight
    values = draw_weight(weight, rng, shape)
    return values.astype(np.float32) if weight.dtype in ("f32", "bf16", "f16") else values
