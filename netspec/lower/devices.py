"""Places a program on devices: on one alone, or on all of them, each with its part of every batch and a copy of the state.

Both give the same numbers to rounding: what a batch means does not depend on where its examples are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from netspec.lazy import jax, np


@dataclass(frozen=True)
class OneDevice:
    """Everything on JAX's default device."""

    def state(self, tree: Any) -> Any:
        return jax.device_put(tree)

    def batch(self, arrays: Mapping[str, Any], per_example: Collection[str], axis: int = 0) -> dict[str, Any]:
        return dict(arrays)

    def jit(self, function: Callable[..., Any], **options: Any) -> Any:
        return jax.jit(function, **options)


@dataclass(frozen=True)
class DataParallel:
    """Examples split over the axis `data` of a mesh of all devices; a batch that does not divide is computed whole on each of them."""

    mesh: Any

    def state(self, tree: Any) -> Any:
        return jax.device_put(tree, self._spread())

    def batch(self, arrays: Mapping[str, Any], per_example: Collection[str], axis: int = 0) -> dict[str, Any]:
        """`axis` counts the examples of those that are `per_example`."""
        count = self.mesh.size
        divisible = all(np.shape(arrays[name])[axis] % count == 0 for name in per_example)
        split = set(per_example) if divisible else set()
        examples = self._spread(*(None,) * axis, "data")
        return {name: jax.device_put(x, examples if name in split else self._spread()) for name, x in arrays.items()}

    def jit(self, function: Callable[..., Any], **options: Any) -> Any:
        """Results are whole on every device."""
        return jax.jit(function, out_shardings=self._spread(), **options)

    def _spread(self, *axes: str | None) -> Any:
        """How an array is laid out: along these axes over the devices, or a copy on each."""
        return jax.sharding.NamedSharding(self.mesh, jax.sharding.PartitionSpec(*axes))


def all_devices() -> OneDevice | DataParallel:
    """Data parallel over the devices present; one needs no mesh."""
    count = len(jax.devices())
    if count == 1:
        return OneDevice()
    auto = jax.sharding.AxisType.Auto
    return DataParallel(partial(jax.make_mesh, axis_types=(auto,))((count,), ("data",)))
