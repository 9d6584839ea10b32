"""Matches the two sides of an operator: element types are equal, leading axes may be missing, and a 1 stretches only at equal rank.

A side may be a literal of the spec (a Python number): it takes the other side's element type and no shape.
"""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import LiteralDoesNotFit, UnequalDims, UnequalDtypes, holds
from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.library.shape_rules.requirements import need_equal
from netspec.shape import Dim, Facts, TensorType

Literal = bool | int | float
Side = TensorType | Literal


def meet(facts: Facts, op: str, left: Side, right: Side) -> TensorType:
    """The type that both sides stretch to. Raises `Mistake` when they do not meet."""
    if isinstance(left, TensorType) and isinstance(right, TensorType):
        if left.dtype != right.dtype:
            raise Mistake(UnequalDtypes(op, left, right, blame="right"))
        need_meeting(facts, op, left, right)
        return left.with_shape(outline_shapes(left.shape, right.shape))
    tensor, literal, side = (left, right, "right") if isinstance(left, TensorType) else (right, left, "left")
    assert isinstance(tensor, TensorType) and not isinstance(literal, TensorType), "infer folds operators between literals"
    if not literal_fits(literal, tensor.dtype):
        raise Mistake(LiteralDoesNotFit(op, literal, tensor, blame=side))
    return tensor


def literal_fits(literal: Literal, dtype: str) -> bool:
    """Is the number a value of the element type (rounding of fractions apart)?"""
    if isinstance(literal, bool) or dtype == "bool":
        return isinstance(literal, bool) and dtype == "bool"
    return holds(dtype, literal)


def need_value(op: str, literal: Literal, tensor: TensorType, blame: str, made: bool = False) -> None:
    """Raises `Mistake` unless the number is a value of the tensor's element type. `made`: the tensor is made of the number."""
    if not literal_fits(literal, tensor.dtype):
        raise Mistake(LiteralDoesNotFit(op, literal, tensor, made, blame=blame))


def outline_shapes(left: tuple[Dim, ...], right: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The shape that two shapes stretch to when they meet, without proof that they do."""
    long, short = (left, right) if len(left) >= len(right) else (right, left)
    extra = len(long) - len(short)
    return (*long[:extra], *(_choose_wider(a, b) for a, b in zip(long[extra:], short, strict=True)))


def _choose_wider(one: Dim, other: Dim) -> Dim:
    """Of two sizes that meet the one that is not 1, and the plainer one when they are equal."""
    return other if one == 1 or (other.is_constant and other != 1) else one


def need_meeting(facts: Facts, op: str, left: TensorType, right: TensorType, skip: int = 0) -> None:
    """Prove that the shapes without their last `skip` axes stretch to one shape. Raises `Mistake`."""
    a, b = (side.shape[: max(side.rank - skip, 0)] for side in (left, right))
    for back in range(1, min(len(a), len(b)) + 1):
        one, other = a[-back], b[-back]
        if len(a) == len(b) and (one == 1 or other == 1):
            continue
        project = _projection(left, right) if back + skip == 1 else None
        problem = UnequalDims(op, left, right, -back - skip, project, blame=project[0] if project else "right")
        need_equal(facts, op, one, other, "so that the shapes are equal", problem)


def _projection(left: TensorType, right: TensorType) -> tuple[str, str] | None:
    """The call that would repair shapes which differ in their features only, and the side it belongs to."""
    alike = left.is_float and left.rank == right.rank >= 2 and left.shape[:-1] == right.shape[:-1]
    if not alike or not (left.shape[-1].is_constant and right.shape[-1].is_constant):
        return None
    features = right.shape[-1]
    return "left", f"conv({features}, 1)" if left.rank in (4, 5) else f"dense({features})"


def align_sides(left: Array | Literal, right: Array | Literal) -> tuple[Array, Array]:
    """Both sides as arrays of one dtype whose ranks are equal (a literal stays a scalar)."""
    tensor: Array = right if isinstance(left, bool | int | float) else left
    a, b = (jnp.asarray(side, tensor.dtype) if isinstance(side, bool | int | float) else side for side in (left, right))
    rank = max(a.ndim, b.ndim)
    return _lift_rank(a, rank), _lift_rank(b, rank)


def _lift_rank(x: Array, rank: int) -> Array:
    """Gives x leading axes of size 1 until it has `rank` axes; numbers [] and tensors of that rank stay as they are."""
    return x if x.ndim in (0, rank) else x.reshape((1,) * (rank - x.ndim) + x.shape)
