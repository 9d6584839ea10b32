"""Functions that take rows by their numbers, or put rows together by the segment they belong to."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.indices import IndexOutsideAxis, LengthsUnfit
from netspec.diagnostics.shapes.parts import SegmentIds
from netspec.kernels.segment import segment
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Dtype, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.functions.reductions import widen_floats
from netspec.library.shape_rules.requirements import need_at_least, need_equal
from netspec.library.shape_rules.sizes import axis_of, require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType


class Gather(Function):
    """Elements of one axis by a tensor of their numbers: `gather(nodes, senders)`, `x[:, indices]`.

    [n, …] and i32[…indices] -> [indices…, …]: the axes of the indices stand where the axis stood. Numbers count from 0, negative ones
    from the end. One outside the axis gives NaN (of whole numbers the smallest, or largest if unsigned) and passes no gradient. FLOPs: 0.
    """

    inputs = (
        In("x", "any tensor with that axis", dtype="any", rank=1),
        In("indices", "whole numbers, any shape", dtype="int"),
    )
    keeps_values = True

    axis: int = 0
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[5, 3]", "i32[7]")),
            Example(cls(axis=-1), ("f32[2, 6]", "i32[4, 3]")),
            Example(cls(axis=1), ("f32[3, 5, 2]", "i32[]")),
        )

    def shape(self, facts: Facts, x: TensorType, indices: TensorType) -> TensorType:
        axis = axis_of(self.op_name(), self.axis, x)
        return x.with_shape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"indices": inputs[0].shape[self.axis]}

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        return {"indices": -inputs[0].shape[self.axis]}

    def apply(self, scope: Scope, x: Array, indices: Array) -> Array:
        return jnp.take(x, indices, self.axis, mode="fill")

    def picks(self, *inputs: TensorType) -> dict[int, int]:
        return {1: self.axis % inputs[0].rank}

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(self.axis)


class Take(Function):
    """Elements of one axis by numbers that the spec writes: `take(x, [0, 33])`, `x[[0, 33]]`. [n, …] -> [number of indices, …].

    Numbers count from 0, negative ones from the end, and are proved to lie inside the axis. FLOPs: 0.
    """

    inputs = (In("x", "any tensor with that axis", dtype="any", rank=1),)
    keeps_values = True

    indices: Annotated[tuple[int, ...], Field(strict=False, min_length=1)]
    """Which elements, in the order of the result."""
    axis: int = 0
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(indices=(0, 3)), ("f32[5, 3]",)), Example(cls(indices=(-1, 0, 0), axis=1), ("f32[2, 6]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axis = axis_of(self.op_name(), self.axis, x)
        for index in self.indices:
            problem = IndexOutsideAxis(Dim.of(index), axis, x.shape[axis], blame="indices")
            least = index + 1 if index >= 0 else -index
            need_at_least(facts, self.op_name(), x.shape[axis], least, "so that the index lies inside the axis", problem)
        return x.with_shape((*x.shape[:axis], len(self.indices), *x.shape[axis + 1 :]))

    def apply(self, scope: Scope, x: Array) -> Array:
        size = x.shape[self.axis]
        return jnp.take(x, jnp.asarray([index % size for index in self.indices]), self.axis)

    def counts_from_end(self, axis: int, *inputs: TensorType) -> bool:
        return axis == self.axis % inputs[0].rank and any(index < 0 for index in self.indices)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(self.axis)


class OneHot(Function):
    """A vector with a 1 at the place that each number names, else 0: whole numbers [...] -> f32[..., classes].

    A number outside 0 to classes - 1 gives zeros; data that hold one of classes and above are refused. FLOPs: 0.
    """

    inputs = (In("x", "whole numbers, any shape", dtype="int"),)

    classes: Size
    """Length of the vectors."""
    dtype: Dtype = "f32"
    """Element type of the result."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(classes=5), ("i32[4, 3]",)), Example(cls(classes=3, dtype="i32"), ("u8[6]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return TensorType(self.dtype, (*x.shape, require_positive(facts, self.op_name(), "classes", self.classes)))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"x": self.classes}

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        return {"x": None}

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"x": Dim.of(self.classes)}

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.one_hot(x, unwrap_size(self.classes), dtype=scope.lowered(self.dtype))

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class Last(Function):
    """The last element that counts along an axis, by the lengths: `last(x, n)` is `x[:, n - 1]`, for each example its own.

    [batch, …, length, …] and i32[batch] -> the same without the axis. Where the length is 0 it is 0; one beyond the axis takes its last
    element. FLOPs: 0.
    """

    inputs = (
        In("x", "any tensor with that axis, the batch first", dtype="any", rank=2),
        In("lengths", "how many elements count, whole numbers [batch]", dtype="int"),
    )
    keeps_values = True
    masking = "moves"  # the lengths say what counts

    axis: int = 1
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[3, 5, 2]", "i32[3]")),
            Example(cls(axis=-1), ("f32[2, 4, 6]", "i32[2]")),
            Example(cls(), ("i32[4, 3]", "i32[4]")),
        )

    def shape(self, facts: Facts, x: TensorType, lengths: TensorType) -> TensorType:
        axis = axis_of(self.op_name(), self.axis, x)
        if axis == 0 or lengths.rank != 1:
            raise Mistake(LengthsUnfit(op=self.op_name(), x=x, lengths=lengths, axis=axis, blame="lengths"))
        problem = LengthsUnfit(op=self.op_name(), x=x, lengths=lengths, axis=axis, blame="lengths")
        need_equal(facts, self.op_name(), x.shape[0], lengths.shape[0], "so that every example has its length", problem)
        return x.with_shape((*x.shape[:axis], *x.shape[axis + 1 :]))

    def apply(self, scope: Scope, x: Array, lengths: Array) -> Array:
        axis, lengths = self.axis % x.ndim, lengths.astype(jnp.int32)
        place = jnp.clip(lengths - 1, 0, x.shape[axis] - 1).reshape(-1, *(1,) * (x.ndim - 1))
        found = jnp.take_along_axis(x, place, axis).squeeze(axis)
        return jnp.where((lengths > 0).reshape(-1, *(1,) * (x.ndim - 2)), found, 0).astype(x.dtype)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(self.axis, why="it takes one position by a length")


class _Segments(Function):
    """What becomes of the rows of each segment."""

    inputs = (
        In("x", "rows of numbers [n, …]", dtype="number", rank=1),
        In("ids", "the segment of each row, whole numbers [n]", dtype="int"),
    )
    combine: ClassVar[Literal["sum", "max", "min"]] = "sum"
    masking = "moves"  # the ids say what counts

    segments: Size
    """Number of segments."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(segments=6), ("f32[7, 3]", "i32[7]")),
            Example(cls(segments=5), ("f32[8]", "i32[8]")),
            Example(cls(segments=6), ("f32[2, 3, 2]", "i32[2]")),
        )

    def shape(self, facts: Facts, x: TensorType, ids: TensorType) -> TensorType:
        name, problem = self.op_name(), SegmentIds(self.op_name(), x, ids, blame="ids")
        if ids.rank != 1:
            raise Mistake(problem)
        need_equal(facts, name, x.shape[0], ids.shape[0], "so that every row has its segment", problem)
        return x.with_shape((require_positive(facts, name, "segments", self.segments), *x.shape[1:]))

    def _reduced(self, scope: Scope, x: Array, ids: Array) -> Array:
        return segment(scope.kernels, x, ids, segments=unwrap_size(self.segments), combine=self.combine)

    def _counts(self, scope: Scope, x: Array, ids: Array) -> Array:
        """Number of rows of each segment, with axes of size 1 so that it stretches over the result."""
        counts = segment(scope.kernels, jnp.ones(ids.shape, jnp.int32), ids, segments=unwrap_size(self.segments))
        return counts.reshape(counts.shape + (1,) * (x.ndim - 1))

    def flops(self, x: TensorType, ids: TensorType) -> Dim:
        return x.size

    def flow(self, passage: Passage) -> Flow:
        passage.untouched(0, input=1)
        return passage.keeps(0)


class SegmentSum(_Segments):
    """The sum of the rows of each segment: [n, …] and ids [n] -> [segments, …]. Computed in at least f32.

    A segment without rows is 0; a row whose segment is not there is dropped. FLOPs: 1 per element.
    """

    def apply(self, scope: Scope, x: Array, ids: Array) -> Array:
        return self._reduced(scope, widen_floats(x), ids).astype(x.dtype)


class SegmentMean(_Segments):
    """The mean of the rows of each segment: [n, …] and ids [n] -> [segments, …]. Computed in at least f32.

    A segment without rows is 0; a row whose segment is not there is dropped. FLOPs: 1 per element.
    """

    inputs = (In("x", "rows of numbers [n, …]", rank=1), _Segments.inputs[1])

    def apply(self, scope: Scope, x: Array, ids: Array) -> Array:
        full = widen_floats(x)
        return (self._reduced(scope, full, ids) / jnp.maximum(self._counts(scope, x, ids), 1).astype(full.dtype)).astype(x.dtype)


class SegmentMax(_Segments):
    """The largest of the rows of each segment, element by element: [n, …] and ids [n] -> [segments, …].

    A segment without rows is 0; a row whose segment is not there is dropped. FLOPs: 1 per element.
    """

    combine = "max"

    def apply(self, scope: Scope, x: Array, ids: Array) -> Array:
        return jnp.where(self._counts(scope, x, ids) > 0, self._reduced(scope, x, ids), 0)


class SegmentMin(SegmentMax):
    """The smallest of the rows of each segment, element by element: [n, …] and ids [n] -> [segments, …].

    A segment without rows is 0; a row whose segment is not there is dropped. FLOPs: 1 per element.
    """

    combine = "min"
