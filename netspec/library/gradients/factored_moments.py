"""Keeps second moments in less memory than the parameters: as the product of a row and a column, or as the greatest along each axis.

Both look at the axes of a parameter, so everything here is of one slice; `map_slices` applies it to stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, make_stateless, map_slices, stacks, widen, zeros

# --- rows and columns ------------------------------------------------------------------------------------------------


def largest_axes(shape: tuple[int, ...], smallest: int) -> tuple[int, int] | None:
    """The second largest and the largest axis, the later ones of equal length; None where one is shorter than `smallest`."""
    order = sorted(range(len(shape)), key=lambda axis: shape[axis])
    return (order[-2], order[-1]) if len(shape) >= 2 and shape[order[-2]] >= smallest else None


def scale_by_factored_rms(
    leaves: Mapping[str, Leaf], factored: bool, decay_rate: float, offset: int, min_dim_size: int, eps: float
) -> Transformation:
    """g / sqrt(v), v the running mean of g² + eps with a decay of 1 - t^-decay_rate in step t.

    Where a parameter's two largest axes are long enough, v is the product of a row and a column of means, over the mean of the row.
    """
    depth = stacks(leaves)

    def axes(path: str, param: Array) -> tuple[int, int] | None:
        return largest_axes(param.shape[depth[path] :], min_dim_size) if factored else None

    def init(params: Tree) -> dict[str, Any]:
        state: dict[str, Any] = {"count": begin_count(), "row": {}, "column": {}, "full": {}}
        for path, zero in zeros(params).items():
            pair = axes(path, zero)
            if pair is None:
                state["full"][path] = zero
            else:
                state["row"][path], state["column"][path] = (jnp.sum(zero, axis=depth[path] + axis) for axis in reversed(pair))
        return state

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        number = jnp.maximum(count - offset, 1).astype(jnp.result_type(float))
        new: dict[str, Any] = {"count": count, "row": {}, "column": {}, "full": {}}
        steps = {}
        for path, g in updates.items():
            decay = (1 - number**-decay_rate).astype(g.dtype)
            square, pair = bound_square(g, eps), axes(path, g)
            if pair is None:
                new["full"][path] = decay * state["full"][path] + (1 - decay) * square
                steps[path] = g * jax.lax.rsqrt(new["full"][path])
                continue
            means = (jnp.mean(square, axis=depth[path] + axis) for axis in reversed(pair))
            row, column = (decay * state[name][path] + (1 - decay) * mean for name, mean in zip(("row", "column"), means, strict=True))
            new["row"][path], new["column"][path] = row, column
            steps[path] = g * map_slices(lambda r, c, pair=pair: root_of_product(r, c, pair), depth[path])(row, column)
        return steps, new

    return Transformation(init, update)


def bound_square(g: Array, eps: float) -> Array:
    """g² + eps, small enough for a sum over all elements: an infinite mean divided by another one were no number."""
    return jnp.minimum(g * g + eps, jnp.finfo(g.dtype).max / (2 * max(g.size, 1)))


def root_of_product(row: Array, column: Array, axes: tuple[int, int]) -> Array:
    """1 / sqrt(v) of one slice: `row` lacks the largest of the two axes, `column` the second largest."""
    second, first = axes
    mean = jnp.mean(row, axis=second - 1 if second > first else second, keepdims=True)
    share = jnp.maximum(row / mean, jnp.finfo(row.dtype).tiny)  # 0 beside a huge row, where its root were infinite
    return jnp.expand_dims(jax.lax.rsqrt(share), first) * jnp.expand_dims(jax.lax.rsqrt(column), second)


# --- sizes of parameters ---------------------------------------------------------------------------------------------


def rms(array: Array, stacked: int) -> Array:
    """The root mean square of every slice, with axes of length 1 in place of the slice's own."""
    return jnp.sqrt(jnp.mean(jnp.square(array), axis=tuple(range(stacked, array.ndim)), keepdims=True))


def clip_by_rms(threshold: float, leaves: Mapping[str, Leaf]) -> Transformation:
    """Every parameter's update made shorter where its root mean square is above the threshold."""
    depth = stacks(leaves)
    return make_stateless(lambda updates, params: {p: u / jnp.maximum(1.0, rms(u, depth[p]) / threshold) for p, u in updates.items()})


def scale_by_parameter_rms(smallest: float, leaves: Mapping[str, Leaf]) -> Transformation:
    """Every parameter's update times the root mean square of the parameter, `smallest` at least."""
    depth = stacks(leaves)
    return make_stateless(
        lambda updates, params: {p: u * jnp.maximum(rms(widen(params[p]), depth[p]), smallest) for p, u in updates.items()}
    )


def mean_of(decay: float) -> Transformation:
    """The running mean of updates, from zero and not corrected for it."""

    def update(updates: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        means = {path: (1 - decay) * u + decay * state[path] for path, u in updates.items()}
        return means, means

    return Transformation(zeros, update)


# --- the greatest along each axis ------------------------------------------------------------------------------------


def scale_by_sm3(b2: float, eps: float, leaves: Mapping[str, Leaf]) -> Transformation:
    """g / sqrt(a + eps), a = g² plus the least of what the axes remember, which is the greatest a of everything at an index of theirs."""
    depth = stacks(leaves)

    def init(params: Tree) -> dict[str, dict[str, Array]]:
        return {path: map_slices(remember_greatest, depth[path])(zero) for path, zero in zeros(params).items()}

    def update(updates: Tree, state: dict[str, dict[str, Array]], params: Tree) -> tuple[Tree, dict[str, dict[str, Array]]]:
        found = {path: map_slices(lambda g, seen: _sm3(g, seen, b2, eps), depth[path])(g, state[path]) for path, g in updates.items()}
        return {path: step for path, (step, _) in found.items()}, {path: seen for path, (_, seen) in found.items()}

    return Transformation(init, update)


def remember_greatest(a: Array) -> dict[str, Array]:
    """By axis the greatest of all elements at each index; a scalar alone, as axis 0."""
    if a.ndim < 2:
        return {"0": a}
    return {str(axis): jnp.max(a, axis=tuple(i for i in range(a.ndim) if i != axis)) for axis in range(a.ndim)}


def _sm3(g: Array, seen: dict[str, Array], b2: float, eps: float) -> tuple[Array, dict[str, Array]]:
    """A step and the new maxima of one parameter: an element's second moment is the least of those that cover it."""
    spread = [x if g.ndim < 2 else x.reshape([-1 if i == int(axis) else 1 for i in range(g.ndim)]) for axis, x in seen.items()]
    a = (1 - b2 if b2 < 1 else 1) * g * g + b2 * reduce(jnp.minimum, spread)
    return jnp.where(a > 0, jax.lax.rsqrt(a + eps), 0) * g, remember_greatest(a)
