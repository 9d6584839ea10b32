"""Takes the gradient of means and variances as the formula that it is, so that no pass recomputes what another one has."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from netspec.kernels.family import Place
from netspec.kernels.normalize import mean, moments
from netspec.lazy import jax, lax


def ends(x: Any, axes: tuple[int, ...]) -> bool:
    """The axes are the last ones, so that what is taken together lies together."""
    return tuple(axes) == tuple(range(x.ndim - len(axes), x.ndim))


def vectors(place: Place, x: Any, counts: Any, *, axes: tuple[int, ...]) -> str:
    """All elements count, and gradients are taken of what lies along the last axes."""
    return "the gradient of a vector's moments" if place.differentiated and counts is None and ends(x, axes) else ""


@moments.variant(on=["cpu"], when=vectors)
def by_closed_form(x: Any, counts: Any, *, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """The gradient needs the centred values alone. It ends at a barrier, without which XLA adds up the gradients of all residual branches
    again in every layer that uses their sum: compilation then grows with the square of the depth where layers are not scanned."""
    return _closed_moments()(x, axes)


@lru_cache(maxsize=1)
def _closed_moments() -> Any:
    """The moments with their derivative, which forward and reverse passes share: a function made once, since JAX is imported late."""

    def run(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
        return moments.reference.function(x, None, axes=axes)

    closed = jax.custom_jvp(run, nondiff_argnums=(1,))

    @closed.defjvp
    def derive(axes: tuple[int, ...], primals: tuple[Any], tangents: tuple[Any]) -> Any:
        found = closed(*primals, axes)
        moved = lax.optimization_barrier(tangents[0])
        shift = mean(moved, axes, None)
        return found, (shift, moved - shift, 2 * mean(found[1] * moved, axes, None))

    return closed
