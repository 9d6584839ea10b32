"""A plugin that brings one kernel and nothing else, in one file."""

from __future__ import annotations

from typing import Any

from netspec.kernels.convolve import convolve
from netspec.kernels.family import Place
from netspec.lazy import jnp


def pointwise(place: Place, x: Any, kernel: Any, *, stride: tuple[int, ...], groups: int = 1, **more: Any) -> str:
    """Each place is mapped by itself, and so are all channels together."""
    moves = more["padding"] not in ("SAME", "VALID") or more.get("spread") or set(stride) != {1}
    return "" if moves or groups > 1 or set(kernel.shape[:-2]) != {1} else "a 1x1 convolution is a product of matrices"


@convolve.variant(on=["cpu"], when=pointwise)
def by_matmul(x: Any, kernel: Any, **options: Any) -> Any:
    """The product over the channels. Evidence: none, it is there to be chosen in tests."""
    return jnp.matmul(x, kernel.reshape(kernel.shape[-2:]))
