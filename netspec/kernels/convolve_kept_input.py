"""Takes the gradient of a convolution's kernel from its input as it lies in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from netspec.kernels.convolve import IMAGE, SLOW_IN_LOOPS, convolve
from netspec.kernels.family import Place, Sample
from netspec.lazy import jax, jnp, lax

NARROW = 8
"""Channels below which an input is no result of layers, but an image, which is there already."""
WIDTHS = (64, 32, 16, 8)
"""Sides of the identity that many channels are multiplied with, of which the first that divides them is taken."""


def has_chain(place: Place, x: Any, kernel: Any, *, axes: tuple[str, str, str], groups: int = 1, **more: Any) -> str:
    """The kernel has several taps and a gradient, and the channels, which lie together, are those of a layer."""
    several = max(kernel.shape[:-2]) > 1 and groups == 1 and axes == IMAGE
    return "the kernel's gradient reads its input once" if place.differentiated and several and x.shape[-1] >= NARROW else ""


@convolve.variant(
    on=["cpu"],
    when=has_chain,
    slow_in_loops=SLOW_IN_LOOPS,
    samples=[
        Sample("f32[2, 5, 4, 8]", "f32[3, 3, 8, 4]", stride=(1, 1), padding="SAME", axes=IMAGE),
        Sample("f32[2, 6, 7, 72]", "f32[3, 2, 72, 3]", stride=(2, 1), padding=((1, 0), (0, 2)), axes=IMAGE, dilation=(1, 2)),
        Sample("f32[1, 4, 4, 10]", "f32[2, 2, 10, 3]", stride=(1, 1), padding=((1, 1), (1, 1)), axes=IMAGE, spread=(2, 2)),
    ],
)
def by_kept_input(x: Any, kernel: Any, **how: Any) -> Any:
    """The same, with a derivative for the kernel that reads x behind a product with an identity.

    For the kernel's gradient XLA transposes x on a CPU. It fuses into that whatever x is computed by, such as a batch normalisation and a
    residual sum, and computes it once more, element by element in the order of the transposed array, far apart in memory: 60 ms of the 172
    that a step of ResNet-20 takes, beside the x that lies there for the forward pass. Barriers are gone before XLA fuses; a product is
    never fused. A step takes 0.80 of the time (batch 64, two cores), 0.99 in ResNet-50, 1.02 in the CNN of mnist.
    """
    return _convolution(tuple(sorted((name, _frozen(value)) for name, value in how.items())))(x, kernel)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value


@lru_cache(maxsize=256)
def _convolution(how: tuple[tuple[str, Any], ...]) -> Callable[[Any, Any], Any]:
    """The convolution with these options and its derivative, which forward and reverse passes share: made once, since JAX is imported
    late."""
    options: Mapping[str, Any] = dict(how)

    def run(x: Any, kernel: Any) -> Any:
        return convolve.reference.function(x, kernel, **options)

    kept = jax.custom_jvp(run)

    def derive(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
        (x, kernel), (of_x, of_kernel) = primals, tangents
        parts = [] if isinstance(of_x, jax.custom_derivatives.SymbolicZero) else [run(of_x, kernel)]
        if not isinstance(of_kernel, jax.custom_derivatives.SymbolicZero):
            parts.append(run(_keep(x), of_kernel))
        result = kept(x, kernel)
        return result, sum(parts[1:], parts[0]) if parts else jnp.zeros_like(result)

    kept.defjvp(derive, symbolic_zeros=True)
    return kept


def _keep(x: Any) -> Any:
    """x, read from memory: each element times 1, and its neighbours times 0, so that an infinity makes their part of the gradient no
    number as well."""
    channels = x.shape[-1]
    width = channels if channels <= max(WIDTHS) else next((width for width in WIDTHS if channels % width == 0), channels)
    return lax.dot(x.reshape(-1, width), jnp.eye(width, dtype=x.dtype)).reshape(x.shape)
