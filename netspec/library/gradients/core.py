"""Defines what gradient transformations are made of: pure functions on flat dicts of arrays by stored path, with optax's protocol.

`init(params)` makes the state, a nested dict of arrays; `update(updates, state, params)` gives (updates, state), and takes by keyword
what the transformation `needs`. Whatever the parameters' dtype, states and updates are in f32 at least.

A leaf may stack slices (the layers of a `repeat`) along its first axes. Formulas that are elementwise or over all leaves need no care;
one that takes a norm, mean or factorisation of a parameter is applied to every slice by `map_slices`, or keeps the stack axes (`norm`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.shape.types import JAX_DTYPES

Tree = dict[str, Array]


def widen(array: Array) -> Array:
    """The array in f32 at least."""
    return jnp.asarray(array, jnp.promote_types(jnp.result_type(array), jnp.float32))


def zeros(params: Tree) -> Tree:
    """Zeros like the parameters, in f32 at least."""
    return {path: jnp.zeros_like(p, dtype=jnp.promote_types(p.dtype, jnp.float32)) for path, p in params.items()}


def round_kept(arrays: Tree, dtype: str | None) -> Tree:
    """What a state keeps of the arrays: themselves, or their rounding to the element type that is asked for."""
    return arrays if dtype is None else {path: x.astype(JAX_DTYPES[dtype]) for path, x in arrays.items()}


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """The parameters plus the updates, in the parameters' own dtypes."""
    return {path: (p + updates[path]).astype(p.dtype) for path, p in params.items()}


def make_stateless(function: Callable[[Tree, Tree], Tree]) -> Transformation:
    """A transformation without state; `function(updates, params)` gives the new updates."""
    return Transformation(lambda params: {}, lambda updates, state, params: (function(updates, params), state))


def compose(**parts: Transformation) -> Transformation:
    """Transformations one after another; the state is a dict by the parts' names. Incoming gradients are widened.

    What the parts need is handed to those that need it. At most one of them may say what evaluations use.
    """

    def init(params: Tree) -> dict[str, Any]:
        return {name: part.init(params) for name, part in parts.items()}

    def update(updates: Tree, state: dict[str, Any], params: Tree, **given: Any) -> tuple[Tree, dict[str, Any]]:
        updates = {path: widen(g) for path, g in updates.items()}
        new = {}
        for name, part in parts.items():
            updates, new[name] = part.update(updates, state[name], params, **{n: given[n] for n in part.needs})
        return updates, new

    needs = tuple(dict.fromkeys(n for part in parts.values() for n in part.needs))
    first = next(iter(parts), None)
    scaled = None if first is None else parts[first].scaled
    return Transformation(init, update, needs, _find_evaluated(parts), scaled and (lambda state: scaled(state[first])))


def _find_evaluated(parts: Mapping[str, Transformation]) -> Any:
    """What evaluates, if one of the parts keeps other parameters than those that are trained."""
    name = next((name for name, part in parts.items() if part.evaluated is not None), None)
    return None if name is None else lambda params, state: parts[name].evaluated(params, state[name])


def count_up(count: Array) -> Array:
    """One more, staying at the largest number instead of wrapping round."""
    return jnp.where(count < jnp.iinfo(jnp.int32).max, count + 1, count)


def begin_count() -> Array:
    """The count before the first update."""
    return jnp.zeros((), jnp.int32)


# --- slices of stacked leaves ----------------------------------------------------------------------------------------


def map_slices(function: Callable[..., Any], stacked: int) -> Callable[..., Any]:
    """The function of one parameter's arrays, for arrays that stack `stacked` axes of slices in front."""
    for _ in range(stacked):
        function = jax.vmap(function)
    return function


def norm(array: Array, stacked: int = 0) -> Array:
    """The Euclidean norm of every slice, with axes of length 1 in place of the slice's own. Squares of large numbers do not overflow."""
    axes = tuple(range(stacked, array.ndim))
    size = jnp.max(jnp.abs(array), axis=axes, keepdims=True, initial=0)
    unit = jnp.where((size > 0) & (size < jnp.inf), size, 1)
    return unit * jnp.sqrt(jnp.sum(jnp.square(array / unit), axis=axes, keepdims=True))


def stacks(leaves: Mapping[str, Leaf]) -> dict[str, int]:
    """How many axes of each stored leaf stack slices."""
    return {path: leaf.stacked for path, leaf in leaves.items()}
