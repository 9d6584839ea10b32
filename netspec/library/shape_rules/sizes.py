"""Checks sizes as layers take them, and declares the parameters that have them."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import AxisOutOfRange, NotPositive
from netspec.library.base import Array, Initializer, Weight
from netspec.library.initializers.distributions import require_matrix
from netspec.library.shape_rules.requirements import need_at_least
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

Shape = tuple[int | Dim, ...]


def require_positive(facts: Facts, op: str, argument: str, size: int | Dim) -> Dim:
    """A size given as an argument, proved to be at least 1."""
    dim = Dim.of(size)
    need_at_least(facts, op, dim, 1, "because a size is at least 1", NotPositive(op, argument, dim, blame=argument))
    return dim


def unwrap_size(size: int | Dim) -> int:
    """A size given as an argument, in a running program: a number, or a dimension by which JAX traces any size."""
    return size.value if isinstance(size, Dim) else size


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


def stretch_last(weight: Array, like: Array) -> Array:
    """A parameter of the last axes in the dtype of `like`, with axes of size 1 in front so that it stretches over it."""
    return weight.astype(like.dtype).reshape((1,) * (like.ndim - weight.ndim) + weight.shape)


def kernel(name: str, rows: Shape, columns: Shape, init: Initializer) -> Weight:
    """A linear map from the axes `rows` to the axes `columns`: its fans are the numbers of elements on both sides."""
    weight = parameter(name, (*rows, *columns), init)
    fan_in, fan_out = count(rows), count(columns)
    known = fan_in.is_constant and fan_out.is_constant
    return Weight(weight.shape, init, fan=(fan_in.value, fan_out.value), matrix=True) if known else weight


def offset(name: str, shape: Shape, init: Initializer, blame: str = "bias_init") -> Weight:
    """A bias of one axis or several, which initializers see as the vector of its elements."""
    require_matrix(init, name, (count(shape),), blame)
    return Weight(parameter(name, shape, init).shape, init)


def count(shape: Shape) -> Dim:
    """The number of elements."""
    return elements(map(Dim.of, shape))
