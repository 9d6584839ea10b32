"""Sizes and parameters as layers write them down."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes import AxisOutOfRange, NotPositive
from netspec.library.base import Array, Initializer, Weight
from netspec.library.initializers import require_matrix
from netspec.library.proofs import need_at_least
from netspec.shape import Dim, Facts, TensorType


def positive(facts: Facts, op: str, argument: str, size: int | Dim) -> Dim:
    """A size given as an argument, proved to be at least 1."""
    dim = Dim.of(size)
    need_at_least(facts, op, dim, 1, "because a size is at least 1", NotPositive(op, argument, dim, blame=argument))
    return dim


def axis_of(op: str, axis: int, x: TensorType) -> int:
    """An axis counted from 0. Raises `Mistake` when the tensor does not have it."""
    if not -x.rank <= axis < x.rank:
        raise Mistake(AxisOutOfRange(op, axis, x, blame="axis"))
    return axis % x.rank


def parameter(name: str, shape: tuple[int | Dim, ...], init: Initializer) -> Weight:
    """A parameter, set by the argument `<name>_init`. Its shape may still have free dims, which `infer` refuses."""
    sizes = tuple(dim.value if isinstance(dim, Dim) and dim.is_constant else dim for dim in shape)
    require_matrix(init, name, sizes, f"{name}_init")
    return Weight(sizes, init)


def along_last(weight: Array, like: Array) -> Array:
    """A vector in the dtype of `like`, with axes of size 1 in front so that it stretches over it."""
    return weight.astype(like.dtype).reshape((1,) * (like.ndim - 1) + weight.shape)
