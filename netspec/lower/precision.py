"""Decides in which floating-point types a program keeps its parameters and computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netspec.diagnostics.running.weights import DoublePrecisionOff
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Body
from netspec.lazy import jax, jnp
from netspec.shape.types import JAX_DTYPES


@dataclass(frozen=True)
class Precision:
    """What f32 of a spec becomes: `storage` for parameters, buffers, inputs and outputs, `compute` for activations. Other types stay.

    Operations get parameters as they are stored and cast them to their activations' type; what they keep in f32 is up to them.
    """

    storage: str
    compute: str

    def stored(self, dtype: str) -> Any:
        """The NumPy dtype of a parameter, input or output that a spec calls `dtype`."""
        return jnp.dtype(self.storage if dtype == "f32" else JAX_DTYPES[dtype])

    def lowered(self, dtype: str) -> Any:
        """The NumPy dtype of an activation that a spec calls `dtype`."""
        return jnp.dtype(self.compute if dtype == "f32" else JAX_DTYPES[dtype])

    def enter(self, arrays: Mapping[str, Any], body: Body) -> dict[str, Any]:
        """A body's inputs in the types in which it computes."""
        types = body.input_types()
        return {name: cast(arrays[name], self.lowered(type.dtype)) for name, type in types.items()}

    def leave(self, arrays: Mapping[str, Any], body: Body) -> dict[str, Any]:
        """A body's outputs in the types that its spec declares."""
        types = body.output_types()
        return {name: cast(x, self.stored(types[name].dtype)) if name in types else x for name, x in arrays.items()}


def cast(array: Any, dtype: Any) -> Any:
    """The array in that type; the same one when it has it."""
    array = jnp.asarray(array)
    return array if array.dtype == dtype else array.astype(dtype)


def require_width(model: Body, precision: Precision) -> None:
    """Raises `SpecError` when the model computes in f64 and JAX does not."""
    wide = precision.storage == "float64" or any(type.dtype == "f64" for type in model.types.values())
    if wide and not jax.config.read("jax_enable_x64"):
        raise SpecError([DoublePrecisionOff(model=model.name)])


FULL = Precision("float32", "float32")
PRECISIONS: Mapping[str, Precision] = {
    "f32": FULL,
    "mixed(bf16)": Precision("float32", "bfloat16"),
    "f64": Precision("float64", "float64"),
}
"""By the text of the setting. `f64` needs JAX in 64 bits; trajectories are compared in it."""
