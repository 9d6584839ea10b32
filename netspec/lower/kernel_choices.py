"""Finds which kernels a program computes with at given sizes: it traces the program on shapes, and compiles and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.diagnostics.shapes.expansion import SizeOutOfRange
from netspec.diagnostics.spec_error import SpecError
from netspec.infer.types import find_broken_limit
from netspec.kernels.choice import Chosen
from netspec.lazy import jax, np
from netspec.lower.forward_pass import Forward
from netspec.lower.gradient import Gradient
from netspec.lower.input_arrays import accept
from netspec.lower.layout import Stored
from netspec.shape import Dim, TensorType

Types = Mapping[str, TensorType]


def chosen_kernels(forward: Forward, gradients: Sequence[Gradient], types: Types, sizes: Mapping[str, int]) -> tuple[Chosen, ...]:
    """The choices of these gradients' passes, or without any of an evaluation of the model, in the order in which they are made.

    `types` are the batch's, `sizes` those of all its symbols. Raises `SpecError` for sizes that the model does not take. The choices are
    noted by the forward pass's own chooser, which the gradients share.
    """
    require_limits(types, sizes)
    batch = accept(types, {name: _zeros(kind, sizes) for name, kind in types.items()}, forward.precision, forward.model.facts)
    layout = forward.layout
    params, buffers = ({key: _shape(leaf, forward) for key, leaf in leaves.items()} for leaves in (layout.params, layout.buffers))
    for gradient in gradients:
        jax.eval_shape(gradient.statistics, params, buffers, batch, 0, 0)
    if not gradients:
        jax.eval_shape(lambda *given: forward("eval", *given), params, buffers, batch)
    return tuple(forward.kernels.log)


def require_limits(types: Types, sizes: Mapping[str, int]) -> None:
    """Raises `SpecError` for arrays that are larger than those of a spec may be: neither NumPy nor JAX counts beyond 64 bits."""
    found = {name: TensorType(kind.dtype, tuple(Dim.of(dim.evaluate(sizes)) for dim in kind.shape)) for name, kind in types.items()}
    broken = [(name, limit) for name, kind in found.items() if (limit := find_broken_limit(kind))]
    if broken:
        raise SpecError([SizeOutOfRange(what=f"{what} of `{name}`", value=value, limit=limit) for name, (what, value, limit) in broken])


def _zeros(kind: TensorType, sizes: Mapping[str, int]) -> Any:
    """An array of the type that takes no memory."""
    return np.broadcast_to(np.zeros((), kind.jax_dtype), [dim.evaluate(sizes) for dim in kind.shape])


def _shape(leaf: Stored, forward: Forward) -> Any:
    return jax.ShapeDtypeStruct(leaf.shape, forward.precision.stored(leaf.weight.dtype))
