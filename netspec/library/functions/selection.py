"""Functions of two or three tensors, element by element, that choose between them; and conversions of elements."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.shapes.operands import WrongOperand
from netspec.lazy import jnp
from netspec.library.base import Array, Dtype, Example, Flow, Function, In, Passage, Scope
from netspec.library.functions.arithmetic import MatMul
from netspec.library.functions.broadcasting import Side, align_sides, meet, need_meeting, outline_shapes
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import EXACT, RANGES, elements

MANY = 2**24
"""More than anything has classes or ids."""


class _OfTwo(Function):
    """A function of two numbers, element by element."""

    inputs = (In("left", "one side", dtype="any"), In("right", "the other side", dtype="any"))
    elementwise: ClassVar[bool] = True
    function: ClassVar[str]
    """The function of jax.numpy that computes it."""
    floats: ClassVar[bool] = False
    cost: ClassVar[int] = 1

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 3, 5]", "f32[3, 5]")), Example(cls(), ("f32[1, 7]", "f32[3, 1]")))

    def shape(self, facts: Facts, left: Side, right: Side) -> TensorType:
        for side, operand in (("left", left), ("right", right)):
            if isinstance(operand, TensorType) and not (operand.is_float or (operand.is_int and not self.floats)):
                raise Mistake(WrongOperand(self.op_name(), operand, "floats" if self.floats else "numbers", blame=side))
        return meet(facts, self.op_name(), left, right)

    def apply(self, scope: Scope, left: Array | float, right: Array | float) -> Array:
        return getattr(jnp, self.function)(*align_sides(left, right))

    def flops(self, left: Side, right: Side) -> Dim:
        shapes = [side.shape if isinstance(side, TensorType) else () for side in (left, right)]
        return elements(outline_shapes(*shapes)) * self.cost


class Minimum(_OfTwo):
    """The smaller one of left and right, element by element.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per output element.
    """

    function = "minimum"


class Maximum(_OfTwo):
    """The larger one of left and right, element by element.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per output element.
    """

    function = "maximum"


class Logaddexp(_OfTwo):
    """log(exp(left) + exp(right)) without overflow, element by element.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 4 per output element.
    """

    function, floats, cost = "logaddexp", True, 4


class Where(Function):
    """`yes` where the condition is true, else `no`, element by element. Both are computed everywhere.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. `yes` and `no` have one element type; one may be a number, and
    of two numbers the result is f32, i32 or bool as they are. FLOPs: 1 per output element.
    """

    inputs = (
        In("condition", "bool, any shape", dtype="bool"),
        In("yes", "taken where it is true", dtype="any"),
        In("no", "taken where it is false", dtype="any"),
    )
    elementwise: ClassVar[bool] = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("bool[4, 3]", "f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bool[3]", "f32[2, 3]", "f32[]")),
            Example(cls(), ("bool[2, 1]", "i32[1, 5]", "i32[2, 5]")),
        )

    def shape(self, facts: Facts, condition: TensorType, yes: Side, no: Side) -> TensorType:
        if not isinstance(condition, TensorType):
            found = f"the truth value `{str(condition).lower()}`"
            raise Mistake(NotATensor(what=found, wanted="the condition of `where`", blame="condition"))
        literal = _literal_dtype(yes, no)
        met = TensorType(literal) if literal else meet(facts, self.op_name(), yes, no)
        need_meeting(facts, self.op_name(), condition, met)
        return met.with_shape(outline_shapes(condition.shape, met.shape))

    def apply(self, scope: Scope, condition: Array, yes: Array | float, no: Array | float) -> Array:
        literal = _literal_dtype(yes, no)
        if literal:
            dtype = scope.lowered(literal)
            return jnp.where(condition, jnp.asarray(yes, dtype), jnp.asarray(no, dtype))
        one, other = align_sides(yes, no)
        rank = max(condition.ndim, one.ndim, other.ndim)
        return jnp.where(*(x if x.ndim in (0, rank) else x.reshape((1,) * (rank - x.ndim) + x.shape) for x in (condition, one, other)))

    def fills(self, *inputs: Any) -> float | None:
        return next((float(side) for side in inputs[1:] if isinstance(side, int | float)), None)

    def flops(self, condition: TensorType, yes: Side, no: Side) -> Dim:
        shapes = [side.shape if isinstance(side, TensorType) else () for side in (yes, no)]
        return elements(outline_shapes(condition.shape, outline_shapes(*shapes)))


def _literal_dtype(yes: object, no: object) -> str | None:
    """The element type of two numbers of the spec; None when one is a tensor."""
    if not (isinstance(yes, bool | int | float) and isinstance(no, bool | int | float)):
        return None
    if isinstance(yes, bool) and isinstance(no, bool):
        return "bool"
    return "f32" if isinstance(yes, float) or isinstance(no, float) else "i32"


class Cast(Function):
    """The same values as another element type: floats become whole numbers by dropping the fraction, and false where they are 0.

    Any shape -> the same. An explicit cast holds whatever the program's precision. FLOPs: 0.
    """

    inputs = (In("x", "any tensor", dtype="any"),)
    elementwise: ClassVar[bool] = True
    gives: ClassVar[str] = "same"

    dtype: Dtype
    """The element type: `f32`, `bf16`, `i32`, `bool`, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(dtype="f32"), ("i32[4, 7]",)),
            Example(cls(dtype="i32"), ("f32[3, 1]",)),
            Example(cls(dtype="f32"), ("bool[5]",)),
            Example(cls(dtype="bool"), ("i32[5]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_dtype(self.dtype)

    def keeps_numbers(self, x: TensorType) -> bool:
        """Whole numbers stay in a type that holds them all, as floats hold those of so many bits."""
        if "bool" in (x.dtype, self.dtype):
            return False
        (least, most), (low, high) = _wholes(x.dtype), _wholes(self.dtype)
        return max(least, -MANY) >= low and min(most, MANY) <= high

    def apply(self, scope: Scope, x: Array) -> Array:
        return x.astype(scope.stored(self.dtype))


def _wholes(dtype: str) -> tuple[int, int]:
    """The least and the greatest of the whole numbers that an element type holds without a gap."""
    return RANGES[dtype] if dtype in RANGES else (-EXACT[dtype], EXACT[dtype])


class Matmul(Function):
    """Matrix product, the same as `left @ right`: [..., n, k] and [..., k, m] -> [..., n, m]. FLOPs: 2 · k per output element."""

    inputs = MatMul.inputs
    factors = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 3, 5]", "f32[5, 2]")), Example(cls(), ("f32[5]", "f32[2, 5, 3]")))

    def shape(self, facts: Facts, left: TensorType, right: TensorType) -> TensorType:
        return MatMul().shape(facts, left, right)

    def apply(self, scope: Scope, left: Array, right: Array) -> Array:
        return MatMul().apply(scope, left, right)

    def flops(self, left: TensorType, right: TensorType) -> Dim:
        return MatMul().flops(left, right)

    def flow(self, passage: Passage) -> Flow:
        return MatMul().flow(passage)
