"""Functions that move, add, drop, widen or repeat axes. FLOPs: 0."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.axes import AxisNotOne, CannotStretch, NotAPermutation, PadTooWide, ValuePerAxis
from netspec.diagnostics.shapes.operands import LiteralDoesNotFit
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Positive, Scope, Size
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.functions.broadcasting import literal_fits
from netspec.library.shape_rules.axis_arguments import Axes, axes_of
from netspec.library.shape_rules.requirements import need_at_least, need_equal
from netspec.library.shape_rules.sizes import axis_of, require_positive, unwrap_size
from netspec.shape import Dim, Facts, TensorType

ANY = (In("x", "any tensor", dtype="any"),)


class Transpose(Function):
    """The axes in another order: result axis i is axis `axes[i]` of x; all reversed without `axes`, [a, b, c] -> [c, b, a]."""

    inputs = ANY
    keeps_values = True

    axes: Annotated[tuple[int, ...], Field(strict=False)] | None = None
    """Every axis once, in the new order, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(axes=(0, 2, 1)), ("f32[4, 3, 7]",)), Example(cls(), ("i32[4, 3]",)), Example(cls(axes=(-1, 0)), ("f32[4, 3]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape([x.shape[axis] for axis in self._order(x)])

    def _order(self, x: TensorType) -> list[int]:
        """The axes of x in their new order, counted from 0. Raises `Mistake` where they are not every axis once."""
        if self.axes is None:
            return list(range(x.rank))[::-1]
        order = [axis % x.rank if x.rank and -x.rank <= axis < x.rank else -1 for axis in self.axes]
        if sorted(order) != list(range(x.rank)):
            raise Mistake(NotAPermutation(self.op_name(), self.axes, x, blame="axes"))
        return order

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.transpose(x, self.axes)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class SwapAxes(Function):
    """Two axes in each other's place, the others where they were: [a, b, c] -> [c, b, a] for the first and the last."""

    inputs = ANY
    keeps_values = True

    first: int
    """An axis, counted from 0, or from the end with -1, -2, …"""
    second: int
    """The axis to exchange it with."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(first=1, second=-1), ("f32[4, 3, 7, 2]",)), Example(cls(first=0, second=1), ("f32[4, 3]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        a, b = axis_of(self.op_name(), self.first, x), axis_of(self.op_name(), self.second, x)
        sizes = list(x.shape)
        sizes[a], sizes[b] = sizes[b], sizes[a]
        return x.with_shape(sizes)

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.swapaxes(x, self.first, self.second)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class ExpandDims(Function):
    """New axes of size 1, where `axis` says in the result: `x -> expand_dims(1)` makes [B, D] to [B, 1, D]."""

    inputs = ANY
    keeps_values = True

    axis: Axes
    """The place of the new axis, or a list of places, in the result's shape."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(axis=1), ("f32[4, 3]",)), Example(cls(axis=(0, -1)), ("f32[3]",)), Example(cls(axis=-1), ("bool[2, 5]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        given = (self.axis,) if isinstance(self.axis, int) else self.axis
        rank = x.rank + len(given)
        places = axes_of(self.op_name(), given, x.with_shape([1] * rank))
        rest = iter(x.shape)
        return x.with_shape([Dim.of(1) if axis in places else next(rest) for axis in range(rank)])

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.expand_dims(x, self.axis)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class Squeeze(Function):
    """Without the given axes, which have size 1: [a, 1, b] -> [a, b]."""

    inputs = ANY
    keeps_values = True

    axis: Axes
    """The axis, or a list of axes, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(axis=1), ("f32[4, 1, 3]",)), Example(cls(axis=(0, -1)), ("f32[1, 3, 1]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axes = axes_of(self.op_name(), self.axis, x)
        for axis in axes:
            problem = AxisNotOne(self.op_name(), axis, x, blame="axis")
            need_equal(facts, self.op_name(), x.shape[axis], 1, "so that the axis can go", problem)
        return x.with_shape([size for axis, size in enumerate(x.shape) if axis not in axes])

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.squeeze(x, self.axis)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*axes_of(self.op_name(), self.axis, passage.types[0]))


Width = Annotated[int, Field(ge=0)]
Widths = Width | Annotated[tuple[Width, Width], Field(strict=False)]


class Pad(Function):
    """More elements at the ends of axes: `x -> pad([0, 1, [2, 0]])` adds one on both sides of axis 1 and two before axis 2.

    [n, …] -> [low + n + high, …].
    """

    inputs = ANY

    widths: Annotated[tuple[Widths, ...], Field(strict=False)]
    """For each axis a number for both sides, or a pair [low, high]."""
    mode: Literal["constant", "edge", "reflect", "symmetric", "wrap"] = "constant"
    """`"constant"` adds `value`, `"edge"` the last element, `"wrap"` goes on at the other end; the others mirror, `"symmetric"` with the
    last element twice."""
    value: int | float | bool = 0
    """The number that `"constant"` adds."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(widths=(0, 1, (2, 0))), ("f32[4, 3, 2]",)),
            Example(cls(widths=(0, (1, 2)), mode="reflect"), ("f32[2, 5]",)),
            Example(cls(widths=(0, 2), mode="edge"), ("f32[2, 3]",)),
            Example(cls(widths=(0, (3, 1)), mode="symmetric"), ("i32[2, 3]",)),
            Example(cls(widths=(0, (2, 4)), mode="wrap"), ("f32[2, 3]",)),
        )

    def _pairs(self) -> list[tuple[int, int]]:
        return [(w, w) if isinstance(w, int) else w for w in self.widths]

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        if len(self.widths) != x.rank:
            raise Mistake(ValuePerAxis(self.op_name(), "widths", len(self.widths), x, blame="widths"))
        if self.mode == "constant" and not (literal_fits(self.value, x.dtype) or (x.dtype == "bool" and self.value == 0)):
            raise Mistake(LiteralDoesNotFit(self.op_name(), self.value, x, blame="value"))
        for axis, pair in enumerate(self._pairs()):
            self._need_mirror(facts, axis, max(pair), x.shape[axis])
        return x.with_shape([low + size + high for size, (low, high) in zip(x.shape, self._pairs(), strict=True)])

    def _need_mirror(self, facts: Facts, axis: int, width: int, size: Dim) -> None:
        """Raises `Mistake` where a mode that mirrors needs more elements than the axis is proved to have."""
        least = {"reflect": width + 1, "symmetric": width}.get(self.mode, 0)
        if width and least:
            problem = PadTooWide(self.mode, width, axis, size, blame="widths")
            need_at_least(facts, self.op_name(), size, least, "so that there is enough to mirror", problem)

    def apply(self, scope: Scope, x: Array) -> Array:
        options = {"constant_values": jnp.asarray(self.value, x.dtype)} if self.mode == "constant" else {}
        return jnp.pad(x, self._pairs(), self.mode, **options)

    def flow(self, passage: Passage) -> Flow:
        """Elements in front move the positions on; behind them the next position will stand."""
        for axis in passage.flows[0].axes:
            low, high = self._pairs()[axis]
            if high or (low and self.mode != "constant"):
                passage.refuse("along the positions it may only put a number in front")
            if passage.reach is not None:
                return passage.made(passage.reach - low)
        return passage.made()


class Tile(Function):
    """The tensor repeated as a whole along axes: [n, …] -> [counts[0] · n, …]."""

    inputs = ANY
    keeps_values = True

    counts: Annotated[tuple[Positive | Dim, ...], Field(strict=False)]
    """For each axis how often."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(counts=(1, 3)), ("f32[4, 2]",)), Example(cls(counts=(1, 2, 2)), ("i32[2, 3, 1]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        if len(self.counts) != x.rank:
            raise Mistake(ValuePerAxis(self.op_name(), "counts", len(self.counts), x, blame="counts"))
        counts = [require_positive(facts, self.op_name(), "counts", count) for count in self.counts]
        return x.with_shape([size * count for size, count in zip(x.shape, counts, strict=True)])

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.tile(x, self.counts)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*(axis for axis, count in enumerate(self.counts) if count != 1), why="it repeats the positions")


class Flip(Function):
    """The order of elements reversed along axes; along all without `axis`. Any shape -> the same."""

    inputs = ANY
    keeps_values = True

    axis: Axes | None = None
    """The axis, or a list of axes, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(axis=1), ("f32[4, 3]",)), Example(cls(axis=(0, -1)), ("f32[2, 2, 3]",)), Example(cls(), ("i32[2, 3]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axes_of(self.op_name(), self.axis, x)
        return x

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.flip(x, self.axis)

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return 0 in axes_of(self.op_name(), self.axis, inputs[0])

    def counts_from_end(self, axis: int, *inputs: TensorType) -> bool:
        return axis in axes_of(self.op_name(), self.axis, inputs[0])

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*axes_of(self.op_name(), self.axis, passage.types[0]), why="it turns the positions round")


Shift = int | Dim


class Roll(Function):
    """The elements moved on along axes; those that leave at one end come back at the other: `x -> roll(1, axis=1)`.

    Element i of the result is element i - shift of x. A negative shift moves towards the front. Any shape -> the same.
    """

    inputs = ANY
    keeps_values = True
    source = "numpy.roll"

    shift: Shift | Annotated[tuple[Shift, ...], Field(strict=False)]
    """By how many places; a list with one number per axis where `axis` is a list."""
    axis: Axes
    """The axis, or a list of axes, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(shift=1, axis=1), ("f32[4, 3]",)),
            Example(cls(shift=(-2, 1), axis=(1, -1)), ("f32[2, 5, 3]",)),
            Example(cls(shift=-1, axis=0), ("i32[4, 3]",)),
        )

    @model_validator(mode="after")
    def _shift_each_axis(self) -> Self:
        if isinstance(self.shift, tuple) and (isinstance(self.axis, int) or len(self.shift) != len(self.axis)):
            raise ValueError("as many numbers in `shift` as in `axis`")
        return self

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axes_of(self.op_name(), self.axis, x)
        return x

    def apply(self, scope: Scope, x: Array) -> Array:
        shift = tuple(map(unwrap_size, self.shift)) if isinstance(self.shift, tuple) else unwrap_size(self.shift)
        return jnp.roll(x, shift, self.axis)

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return 0 in axes_of(self.op_name(), self.axis, inputs[0])

    def displaces(self, axis: int, *inputs: TensorType) -> tuple[bool, ...]:
        shifts = self.shift if isinstance(self.shift, tuple) else (self.shift,) * inputs[0].rank
        own = dict(zip(axes_of(self.op_name(), self.axis, inputs[0]), shifts, strict=False))
        forward = axis in own and not (Dim.of(own[axis]).is_constant and Dim.of(own[axis]).value <= 0)
        return (forward,) if axis in own else ()

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*axes_of(self.op_name(), self.axis, passage.types[0]), why="it brings the last positions to the front")


class BroadcastTo(Function):
    """The tensor stretched to a shape: axes of size 1 repeat, missing leading axes are added. [...] -> dims."""

    inputs = ANY
    keeps_values = True

    dims: Annotated[tuple[Size, ...], Field(strict=False)]
    """The new shape."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        shapes = (((4, 5, 3), "f32[5, 3]"), ((4, 6), "f32[1, 6]"), ((2,), "i32[]"))
        return tuple(Example(cls(dims=dims), (kind,)) for dims, kind in shapes)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        dims = tuple(require_positive(facts, self.op_name(), "dims", size) for size in self.dims)
        problem = CannotStretch(self.op_name(), x, dims, blame="dims")
        if len(dims) < x.rank:
            raise Mistake(problem)
        for have, wanted in zip(x.shape[::-1], dims[::-1], strict=False):
            if have != 1:
                need_equal(facts, self.op_name(), have, wanted, "so that the axis stays as it is", problem)
        return x.with_shape(dims)

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.broadcast_to(x, self.dims)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()
