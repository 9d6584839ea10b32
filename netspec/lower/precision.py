"""Decides in which floating-point types a program keeps its parameters and computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from typing import cast as cast_type

from netspec.diagnostics.running.weights import DoublePrecisionOff
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import Body, list_bodies
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


def is_wide(model: Body, precision: Precision) -> bool:
    """The program keeps or computes something in f64."""
    return precision.storage == "float64" or any(_has_wide(body) for body in list_bodies(model))


def _has_wide(body: Body) -> bool:
    return any(kind.dtype == "f64" for kind in body.types.values())


def in_full_width(wide: bool) -> AbstractContextManager[Any]:
    """JAX computes in 64 bits as long as this runs, where that is wanted."""
    return jax.enable_x64(True) if wide and not jax.config.read("jax_enable_x64") else nullcontext()


def is_traced(x: Any) -> bool:
    """The array stands for the numbers of a trace."""
    return isinstance(x, jax.core.Tracer)  # pyright: ignore[reportAttributeAccessIssue]


def require_width(model: str, wide: bool, given: Any) -> None:
    """Raises `SpecError` for arrays of a trace that runs in 32 bits, where the program computes in 64."""
    if wide and not jax.config.read("jax_enable_x64") and any(is_traced(x) for x in jax.tree.leaves(given)):
        raise SpecError([DoublePrecisionOff(model=model)])


Method = TypeVar("Method", bound=Callable[..., Any])


def own_width(method: Method) -> Method:
    """The method of a program, run in the width that its numbers have."""

    @wraps(method)
    def run(program: Any, /, *given: Any, **named: Any) -> Any:
        program.require_width((given, named))
        with program.width():
            return method(program, *given, **named)

    return cast_type(Method, run)


FULL = Precision("float32", "float32")
PRECISIONS: Mapping[str, Precision] = {
    "f32": FULL,
    "mixed(bf16)": Precision("float32", "bfloat16"),
    "mixed(f16)": Precision("float32", "float16"),
    "f64": Precision("float64", "float64"),
}
"""By the text of the setting. In `f64` JAX computes in 64 bits as long as the program does; trajectories are compared in it."""
