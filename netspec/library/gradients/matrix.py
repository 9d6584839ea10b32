"""Turns the step of a matrix into an orthogonal matrix, for Muon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Leaf, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, make_stateless, map_slices, zeros
from netspec.library.gradients.moments import correct_bias, look_ahead, move_means

Coefficients = tuple[float, float, float]


def columns(leaf: Leaf, array: Array) -> int:
    """Into how many columns a slice goes as a matrix: those of what it maps to, as many as its last axis has when nothing else is known."""
    return leaf.columns or array.shape[-1]


def as_matrix(function: Callable[[Array], Array], leaf: Leaf, array: Array) -> Array:
    """The function of matrices applied to every slice."""
    width = columns(leaf, array)
    return map_slices(lambda x: function(x.reshape(-1, width)).reshape(x.shape), leaf.stacked)(array)


def scale_by_muon(
    beta: float, nesterov: bool, adaptive: bool, orthogonal: Callable[[Array], Array], leaves: Mapping[str, Leaf]
) -> Transformation:
    """The running mean of gradients, corrected for its start, as the orthogonal matrix nearest to it."""

    def init(params: Tree) -> dict[str, Any]:
        return {"count": begin_count(), "mu": zeros(params)}

    def update(updates: Tree, state: dict[str, Any], params: Tree) -> tuple[Tree, dict[str, Any]]:
        count = count_up(state["count"])
        mu = move_means(state["mu"], updates, beta)
        means = look_ahead(mu, updates, beta, count) if nesterov else correct_bias(mu, beta, count)
        steps = {p: as_matrix(lambda x: _orient(x, orthogonal, adaptive), leaves[p], mean) for p, mean in means.items()}
        return steps, {"count": count, "mu": mu}

    return Transformation(init, update)


def _orient(x: Array, orthogonal: Callable[[Array], Array], adaptive: bool) -> Array:
    """The orthogonal matrix, scaled by how far it points along the gradient if `adaptive`."""
    found = orthogonal(x)
    return jnp.sum(x * found) * found if adaptive else found


def newton_schulz(rows: Sequence[Coefficients], first: str, eps: float) -> Callable[[Array], Array]:
    """A function of matrices [m, n]: a X + b XXᵀX + c (XXᵀ)²X again and again, which draws singular values towards 1.

    `first` says by what X is divided before: its "frobenius" or "spectral" norm, or roots of sums ("aol") or of the Frobenius norm
    ("schatten") of XXᵀ. Matrix products are in full f32.
    """

    def orthogonal(x: Array) -> Array:
        flipped = x.shape[0] > x.shape[1]
        x = _divide_by_norm(x.T if flipped else x, first, eps)
        for a, b, c in rows:
            square = _product(x, x.T)
            x = a * x + _product(b * square + c * _product(square, square), x)
        return x.T if flipped else x

    return orthogonal


def _divide_by_norm(x: Array, by: str, eps: float) -> Array:
    """The matrix with singular values of at most 1, by one of several bounds."""
    if by == "frobenius":
        return x / (jnp.sqrt(jnp.sum(jnp.square(x))) + eps)
    if by == "spectral":
        return x / (jnp.linalg.norm(x, ord=2) + eps)
    square = _product(x, x.T)
    size = jnp.sum(jnp.abs(square), axis=-1, keepdims=True) if by == "aol" else jnp.sqrt(jnp.sum(jnp.square(square)))
    return x * jax.lax.rsqrt(jnp.maximum(size, eps))


def _product(left: Array, right: Array) -> Array:
    """A product in full precision, on which the iteration depends."""
    return jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)


def scale_by_shape(consistent_rms: float | None, leaves: Mapping[str, Leaf]) -> Transformation:
    """Times sqrt(max(1, outputs / inputs)); or, for the same root mean square whatever the shape, sqrt(the larger) * consistent_rms."""

    def factor(path: str, u: Array) -> float:
        width = columns(leaves[path], u)
        height = 1
        for size in u.shape[leaves[path].stacked :]:
            height *= size
        height //= width
        return max(1, width / height) ** 0.5 if consistent_rms is None else max(width, height) ** 0.5 * consistent_rms

    return make_stateless(lambda updates, params: {path: factor(path, u) * u for path, u in updates.items()})
