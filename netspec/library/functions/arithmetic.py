"""The operators of arithmetic, comparison and logic on tensors. FLOPs: 1 per output element, matrix products 2 per multiply-add."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import InnerDims, LiteralDoesNotFit, WrongOperand
from netspec.kernels.matmul import matmul
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, In, Operator, Passage, Scope
from netspec.library.functions.broadcasting import Side, align_sides, meet, need_meeting, outline_shapes
from netspec.library.shape_rules.requirements import need_equal
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

NUMBERS, FLOATS, BOOLS, ANYTHING = "numbers", "floats", "bool", "any tensor"


def accepts(needs: str, x: TensorType) -> bool:
    """Does an operator that needs this take the tensor?"""
    return {NUMBERS: x.is_float or x.is_int, FLOATS: x.is_float, BOOLS: x.dtype == "bool", ANYTHING: True}[needs]


class _Binary(Operator):
    """left symbol right, element by element."""

    inputs = (In("left", "the left side", dtype="any"), In("right", "the right side", dtype="any"))
    elementwise: ClassVar[bool] = True
    needs: ClassVar[str] = NUMBERS
    function: ClassVar[str]
    """The function of jax.numpy that computes it."""
    neutral: ClassVar[tuple[float | None, float | None]] = (None, None)
    """The number that on the left, and on the right, leaves the other side as it is."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3, 5]", "f32[3, 5]")),
            Example(cls(), ("f32[1, 7]", "f32[3, 1]")),
            Example(cls(), ("f32[]", "f32[2, 3]")),
        )

    def shape(self, facts: Facts, left: Side, right: Side) -> TensorType:
        for side, operand in (("left", left), ("right", right)):
            if isinstance(operand, TensorType) and not accepts(self.needs, operand):
                raise Mistake(WrongOperand(self.symbol, operand, self.needs, blame=side))
        return meet(facts, self.symbol, left, right)

    def carries(self, *numbers: float | None) -> int | None:
        pairs = zip(numbers, self.neutral, strict=True)
        return next((1 - place for place, (number, neutral) in enumerate(pairs) if number is not None and number == neutral), None)

    def apply(self, scope: Scope, left: Array | float, right: Array | float) -> Array:
        return getattr(jnp, self.function)(*align_sides(left, right))

    def flops(self, left: Side, right: Side) -> Dim:
        shapes = [side.shape if isinstance(side, TensorType) else () for side in (left, right)]
        return elements(outline_shapes(*shapes))


class Add(_Binary):
    """left + right, element by element. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "+", "add"
    neutral = (0, 0)


class Subtract(_Binary):
    """left - right, element by element. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "-", "subtract"
    neutral = (None, 0)


class Multiply(_Binary):
    """left · right, element by element. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "*", "multiply"
    neutral = (1, 1)
    factors = True


class Divide(_Binary):
    """left / right of floats. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function, needs = "/", "divide", FLOATS
    neutral = (None, 1)


def _divided(divide: Any, scope: Scope, left: Array | float, right: Array | float) -> Array:
    """What a division gives, and 0 where whole numbers are divided by 0, which backends leave open."""
    if isinstance(right, int | float) or not jnp.issubdtype(right.dtype, jnp.integer):
        return divide(scope, left, right)
    found = divide(scope, left, jnp.where(right == 0, jnp.ones_like(right), right))
    return jnp.where(align_sides(found, right == 0)[1], 0, found)


class FloorDivide(_Binary):
    """floor(left / right), of whole numbers 0 where `right` is 0.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element.
    """

    symbol, function = "//", "floor_divide"
    jumps = True
    sloped = False

    def apply(self, scope: Scope, left: Array | float, right: Array | float) -> Array:
        return _divided(super().apply, scope, left, right)


class Remainder(_Binary):
    """left - right · floor(left / right), which has the sign of `right`, element by element; of whole numbers 0 where `right` is 0.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element.
    """

    symbol, function = "%", "remainder"
    jumps = True

    def apply(self, scope: Scope, left: Array | float, right: Array | float) -> Array:
        return _divided(super().apply, scope, left, right)


class Power(_Binary):
    """left to the power of right, element by element. Whole numbers take a literal exponent that is not negative.

    Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element.
    """

    symbol, function = "**", "power"
    positive = True

    def shape(self, facts: Facts, left: Side, right: Side) -> TensorType:
        met = super().shape(facts, left, right)
        if not met.is_int:
            return met
        if isinstance(right, TensorType):
            raise Mistake(WrongOperand(self.symbol, right, "floats, or on whole numbers with a written exponent", blame="right"))
        if right < 0:
            raise Mistake(LiteralDoesNotFit(self.symbol, right, met, blame="right"))
        return met

    def apply(self, scope: Scope, left: Array | float, right: Array | float) -> Array:
        if isinstance(right, int | float) and float(right).is_integer() and abs(right) < 2**31:
            return jnp.power(left, int(right))  # a static whole exponent becomes multiplications, with exact gradients at 0
        return super().apply(scope, left, right)


class _Comparison(_Binary):
    """A comparison, element by element: bool."""

    def shape(self, facts: Facts, left: Side, right: Side) -> TensorType:
        return super().shape(facts, left, right).with_dtype("bool")


class Equal(_Comparison):
    """left == right: bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function, needs = "==", "equal", ANYTHING


class NotEqual(_Comparison):
    """left != right: bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function, needs = "!=", "not_equal", ANYTHING


class Less(_Comparison):
    """left < right: bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "<", "less"


class LessEqual(_Comparison):
    """left <= right: bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "<=", "less_equal"


class Greater(_Comparison):
    """left > right: bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = ">", "greater"


class GreaterEqual(_Comparison):
    """left >= right: bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = ">=", "greater_equal"


class _Logic(_Binary):
    """A logical operator on bool, element by element."""

    needs = BOOLS

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("bool[4, 3, 5]", "bool[3, 5]")), Example(cls(), ("bool[1, 7]", "bool[3, 1]")))


class And(_Logic):
    """left and right on bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "and", "logical_and"


class Or(_Logic):
    """left or right on bool. Equal shapes; leading axes may be missing, a 1 stretches at equal rank. FLOPs: 1 per element."""

    symbol, function = "or", "logical_or"


class _Unary(Operator):
    """symbol value, element by element."""

    inputs = (In("value", "the tensor", dtype="any"),)
    elementwise: ClassVar[bool] = True

    def flops(self, value: TensorType) -> Dim:
        return value.size


class Negative(_Unary):
    """-value, element by element. Any shape -> the same. Unsigned numbers have no negative. FLOPs: 1 per element."""

    symbol = "-"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("i32[3, 1]",)))

    def shape(self, facts: Facts, value: TensorType) -> TensorType:
        if value.dtype in ("bool", "u8", "u32"):
            raise Mistake(WrongOperand(self.symbol, value, "signed numbers", blame="value"))
        return value

    def apply(self, scope: Scope, value: Array) -> Array:
        return jnp.negative(value)


class Not(_Unary):
    """not value, element by element on bool. Any shape -> the same. FLOPs: 1 per element."""

    symbol = "not"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("bool[4, 7]",)), Example(cls(), ("bool[3, 1]",)))

    def shape(self, facts: Facts, value: TensorType) -> TensorType:
        if value.dtype != "bool":
            raise Mistake(WrongOperand(self.symbol, value, BOOLS, blame="value"))
        return value

    def apply(self, scope: Scope, value: Array) -> Array:
        return jnp.logical_not(value)


class MatMul(Operator):
    """Matrix product: [..., n, k] @ [..., k, m] -> [..., n, m]. Leading axes may be missing, a 1 among them stretches at equal rank.

    A vector on the left is one row, on the right one column, and that axis disappears again. FLOPs: 2 · k per output element.
    """

    inputs = (In("left", "the left side", dtype="any", rank=1), In("right", "the right side", dtype="any", rank=1))
    symbol = "@"
    factors = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3, 5]", "f32[5, 2]")),
            Example(cls(), ("f32[1, 2, 7]", "f32[3, 7, 1]")),
            Example(cls(), ("f32[5]", "f32[2, 5, 3]")),
            Example(cls(), ("f32[3, 4]", "f32[4]")),
        )

    def shape(self, facts: Facts, left: Side, right: Side) -> TensorType:
        a, b = _tensor(left, "left", right), _tensor(right, "right", left)
        inner = b.shape[-2] if b.rank > 1 else b.shape[-1]
        need_equal(facts, self.symbol, a.shape[-1], inner, "to sum over that axis", InnerDims(a, b, blame="right"))
        meet(facts, self.symbol, a.with_shape(()), b.with_shape(()))
        need_meeting(facts, self.symbol, a, b, skip=2)
        return a.with_shape(_product(a, b))

    def apply(self, scope: Scope, left: Array, right: Array) -> Array:
        return matmul(scope.kernels, left, right)

    def flops(self, left: TensorType, right: TensorType) -> Dim:
        return elements(_product(left, right)) * left.shape[-1] * 2

    def flow(self, passage: Passage) -> Flow:
        passage.untouched(-1)
        return passage.keeps(-min(passage.types[1].rank, 2), input=1)


def _product(a: TensorType, b: TensorType) -> tuple[Dim, ...]:
    """Shape of a matrix product."""
    return (*outline_shapes(a.shape[:-2], b.shape[:-2]), *a.shape[-2:-1], *(b.shape[-1:] if b.rank > 1 else ()))


def _tensor(side: Any, name: str, other: Any) -> TensorType:
    """A side of a matrix product: a tensor of numbers with at least one axis."""
    scalar = TensorType(other.dtype if isinstance(other, TensorType) else "f32")
    operand = side if isinstance(side, TensorType) else scalar
    if operand.rank == 0 or not accepts(NUMBERS, operand):
        raise Mistake(WrongOperand("@", operand, "tensors of numbers with at least one axis", blame=name))
    return operand
