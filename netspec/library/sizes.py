"""Sizes and parameters as layers write them down."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes import AxisOutOfRange, NotPositive, UnsizedParameter
from netspec.library.base import Array, Initializer, Weight
from netspec.library.initializers import fans, require_matrix
from netspec.library.proofs import need_at_least
from netspec.shape import Dim, Facts, TensorType


def positive(facts: Facts, op: str, argument: str, size: int | Dim) -> Dim:
    """A size given as an argument, proved to be at least 1."""
    dim = Dim.of(size)
    need_at_least(facts, op, dim, 1, "because a size is at least 1", NotPositive(op, argument, dim, blame=argument))
    return dim


def fixed(op: str, parameter: str, size: int | Dim, blame: str = "x") -> int:
    """A size of a parameter as a number. Raises `Mistake` when it depends on a free dim."""
    dim = Dim.of(size)
    if not dim.is_constant:
        raise Mistake(UnsizedParameter(op, parameter, dim, blame=blame))
    return dim.value


def axis_of(op: str, axis: int, x: TensorType) -> int:
    """An axis counted from 0. Raises `Mistake` when the tensor does not have it."""
    if not -x.rank <= axis < x.rank:
        raise Mistake(AxisOutOfRange(op, axis, x, blame="axis"))
    return axis % x.rank


def kernel(shape: tuple[int, ...], init: Initializer) -> Weight:
    """A kernel [receptive field…, in, out]."""
    require_matrix(init, "kernel", shape, "kernel_init")
    return Weight(shape, init, fan=fans(shape))


def vector(name: str, size: int, init: Initializer) -> Weight:
    """A bias or scale, one number per feature."""
    require_matrix(init, name, (size,), f"{name}_init")
    return Weight((size,), init)


def along_last(weight: Array, like: Array) -> Array:
    """A vector in the dtype of `like`, with axes of size 1 in front so that it stretches over it."""
    return weight.astype(like.dtype).reshape((1,) * (like.ndim - 1) + weight.shape)
