"""Functions that only change a tensor's shape. FLOPs: 0."""

from __future__ import annotations

from typing import Annotated, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.axes import ReshapeCount, ReshapeRemainder, ReshapeUnknowns
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.requirements import need_equal, need_multiple
from netspec.library.shape_rules.sizes import require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.algebra import exact_quotient
from netspec.shape.types import elements


class Flatten(Function):
    """Joins all axes but the first, the last one varying fastest: [B, …] -> [B, product of the others].

    PyTorch's maps have their channels first, so the rows of a `dense` behind `flatten` stand in another order there: `flattened` of
    `netspec.from_torch.convert_weights` says so.
    """

    inputs = (In("x", "the batch first", dtype="any", rank=1),)
    keeps_values = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 3, 5, 2]",)), Example(cls(), ("f32[7]",)), Example(cls(), ("f32[3, 1]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((x.shape[0], elements(x.shape[1:])))

    def apply(self, scope: Scope, x: Array) -> Array:
        return x.reshape(x.shape[0], -1)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank), why="it joins the axis of positions with others")


class Reshape(Function):
    """The same elements in the same order (the last axis varying fastest) under other axes: [...] -> dims.

    One of the dims may be -1: it takes what the others leave.
    """

    inputs = (In("x", "any tensor", dtype="any"),)
    keeps_values = True

    dims: Annotated[tuple[Size | Literal[-1], ...], Field(strict=False)]
    """The new shape."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(dims=(4, 15)), ("f32[4, 3, 5]",)),
            Example(cls(dims=(-1, 2)), ("f32[3, 7, 2]",)),
            Example(cls(dims=()), ("f32[1, 1]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        given = [size for size in self.dims if size != -1]
        for size in given:
            require_positive(facts, self.op_name(), "dims", size)
        dims = [Dim.of(size) for size in self.dims]
        if len(given) == len(dims):
            problem = ReshapeCount(x, tuple(dims), blame="dims")
            need_equal(facts, self.op_name(), x.size, elements(dims), "to keep the number of elements", problem)
            return x.with_shape(dims)
        if len(given) < len(dims) - 1:
            raise Mistake(ReshapeUnknowns(len(dims) - len(given), blame="dims"))
        rest = self._rest(facts, x, elements([Dim.of(size) for size in given]))
        return x.with_shape([rest if size == -1 else size for size in dims])

    def _rest(self, facts: Facts, x: TensorType, others: Dim) -> Dim:
        """The size of the axis written as -1."""
        quotient = exact_quotient(x.size, others)
        if quotient is not None:
            return quotient
        problem = ReshapeRemainder(x, others, blame="dims")
        if not others.is_constant:
            raise Mistake(problem)
        need_multiple(facts, self.op_name(), x.size, others.value, "so that the open axis is a whole number", problem)
        return x.size // others

    def apply(self, scope: Scope, x: Array) -> Array:
        return x.reshape(tuple(unwrap_size(size) for size in self.dims))

    def flow(self, passage: Passage) -> Flow:
        """The axis of positions stays an axis, with as many elements before it."""
        x, result = passage.types[0], passage.results[0]
        for axis in passage.flows[0].axes:
            same = (a for a in passage.along(result) if result.shape[a] == x.shape[axis])
            if not any(elements(result.shape[:a]) == elements(x.shape[:axis]) for a in same):
                passage.refuse("it breaks the axis of positions up")
        return passage.made()
