"""Places the windows of convolutions and pools, which slide over the axes of space of a [batch, space…, channels] tensor."""

from __future__ import annotations

from typing import Annotated, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.windows import CausalOverSpace, NoSpace, NothingToMirror, WindowTooLarge, WrongNumberOfSizes
from netspec.lazy import jnp
from netspec.library.base import Array, Positive
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.requirements import need_at_least
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType

Sizes = Positive | Annotated[tuple[Positive, ...], Field(strict=False)]
"""One number for every axis of space, or a list with one each."""

_Width = Annotated[int, Field(ge=0)]
_Sides = Annotated[tuple[_Width, _Width], Field(strict=False)]
Padding = Literal["SAME", "VALID"] | _Width | Annotated[tuple[_Width | _Sides, ...], Field(strict=False)]
"""`"SAME"`: as much that the output has ceil(size / stride) elements; `"VALID"`: none; a number for both sides of every axis;
or a list with a number or a pair [low, high] per axis."""

Bordered = Padding | Literal["CIRCULAR", "REFLECT", "CAUSAL"]
"""Padding of a convolution: also what stands at the other end of the axis, what a mirror shows, or zeros in front only."""

Pairs = tuple[tuple[int, int], ...]
Edge = Literal["constant", "wrap", "reflect"]
_EDGES: dict[str, Edge] = {"CIRCULAR": "wrap", "REFLECT": "reflect"}


@record
class Windows:
    """Windows as numbers per axis of space. `padding` is "SAME" or explicit pairs."""

    op: str
    argument: str
    """The argument that gives the window's size, for problems."""
    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Literal["SAME"] | Pairs
    dilation: tuple[int, ...]
    edge: Edge = "constant"
    """What padding holds, by the names of `jnp.pad`."""
    ceil: bool = False
    """A last window that reaches over the end counts, unless it would begin there."""

    @property
    def spans(self) -> tuple[int, ...]:
        """How far a window reaches along each axis: `dilation` - 1 elements between its own are left out."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.size, self.dilation, strict=True))

    def stays(self, axis: int) -> bool:
        """Each window along an axis of space is one element, at its own place."""
        alone = self.size[axis] == 1 and self.stride[axis] == 1
        return alone and (isinstance(self.padding, str) or not any(self.padding[axis]))

    def looks_ahead(self, axis: int) -> bool:
        """Some window along an axis of space holds an element behind the place that it stands for."""
        if self.padding == "SAME":
            return self.size[axis] > 1
        return self.edge != "constant" or self.spans[axis] - 1 > self.padding[axis][0]

    def count_blind(self, axis: int, size: Dim) -> int:
        """How many elements of a window meet only padding, wherever it stands along an axis of space of this size; 0 where that is open."""
        if not size.is_constant:
            return 0
        n, span, stride, apart = size.value, self.spans[axis], self.stride[axis], self.dilation[axis]
        places = -(-n // stride) if self.padding == "SAME" else self._count(axis, size).value
        low = max((places - 1) * stride + span - n, 0) // 2 if self.padding == "SAME" else self.padding[axis][0]
        taps = self.size[axis]
        if places <= 0:
            return taps
        in_front = min(max(-(((places - 1) * stride - low) // apart), 0), taps)  # these never leave the zeros in front
        behind = max(taps + (-(n + low) // apart), 0)  # these begin behind the last element
        begun = min(max(-(-low // apart), in_front), taps)  # those up to here begin in front, and may step over all elements
        first = in_front * apart - low
        over = count_sum(begun - in_front, stride, apart, first + stride - n) - count_sum(begun - in_front, stride, apart, first)
        return min(in_front + behind + (over if n < stride else 0), taps)

    @property
    def elements(self) -> int:
        """Elements of one window."""
        product = 1
        for width in self.size:
            product *= width
        return product

    def outputs(self, facts: Facts, x: TensorType) -> tuple[Dim, ...]:
        """Sizes of the axes of space after sliding. Raises `Mistake` when a window does not fit."""
        return tuple(self._output(facts, x, axis) for axis in range(len(self.size)))

    def _output(self, facts: Facts, x: TensorType, axis: int) -> Dim:
        """How many places the window has along an axis of space of x."""
        size, window, stride = x.shape[axis + 1], self.spans[axis], self.stride[axis]
        if self.padding == "SAME":
            return size.ceildiv(stride)
        padded = sum(self.padding[axis])
        if self.edge == "reflect":
            self._need_mirror(facts, x, axis, max(self.padding[axis]))
        name = self.argument if window == self.size[axis] else f"dilated {self.argument}"
        problem = WindowTooLarge(self.op, name, axis + 1, size, window, padded, x, blame=self.argument)
        over = stride - 1 if self.ceil else 0
        need_at_least(facts, self.op, size, window - padded - over, "so that the window fits", problem)
        return self._count(axis, size)

    def _count(self, axis: int, size: Dim) -> Dim:
        """How many places there are along an axis of space on which the window fits."""
        assert self.padding != "SAME"
        span, stride, (low, high) = self.spans[axis], self.stride[axis], self.padding[axis]
        return (size + (low - max(span - high, stride))).ceildiv(stride) + 1 if self.ceil else (size + (low + high - span)) // stride + 1

    def _need_mirror(self, facts: Facts, x: TensorType, axis: int, width: int) -> None:
        """Raises `Mistake` unless an axis is proved to have the elements that its padding mirrors."""
        size = x.shape[axis + 1]
        problem = NothingToMirror(self.op, self.argument, axis + 1, size, width, x, blame="padding")
        need_at_least(facts, self.op, size, width + 1, "so that there is enough to mirror", problem)

    def sizes(self, shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
        """The same sizes for shapes that are known to be accepted."""
        if self.padding == "SAME":
            return tuple(n.ceildiv(s) for n, s in zip(shape, self.stride, strict=True))
        return tuple(self._count(axis, n) for axis, n in enumerate(shape))

    def sides(self, space: tuple[int, ...]) -> Literal["SAME"] | Pairs:
        """The padding on axes of these sizes: behind, what completes the last window where that counts."""
        if self.padding == "SAME" or not self.ceil:
            return self.padding
        counts = [self._count(axis, Dim.of(n)).value for axis, n in enumerate(space)]
        rows = zip(space, counts, self.spans, self.stride, self.padding, strict=True)
        return tuple((low, max((count - 1) * s + k - n - low, 0)) for n, count, k, s, (low, _) in rows)

    def bordered(self, x: Array) -> tuple[Array, Literal["SAME"] | Pairs]:
        """The array with such padding written out as is not zeros, and the padding that is left to do."""
        if self.edge == "constant" or self.padding == "SAME":
            return x, self.padding
        return jnp.pad(x, ((0, 0), *self.padding, (0, 0)), self.edge), ((0, 0),) * len(self.size)


def space_of(op: str, rank: int, x: TensorType | None = None) -> int:
    """Number of axes of space of a [batch, space…, channels] tensor of this rank: 1 to 3."""
    if not 3 <= rank <= 5 and x is not None:
        raise Mistake(NoSpace(op, x, blame="x"))
    return rank - 2


def windows(
    op: str, argument: str, x: TensorType, size: Sizes, stride: Sizes, padding: Bordered, dilation: Sizes = 1, ceil: bool = False
) -> Windows:
    """The windows that these arguments mean for an input. Raises `Mistake` when a list has the wrong length."""
    space = space_of(op, x.rank, x)
    kernel, apart = spread_sizes(op, argument, size, space, x), spread_sizes(op, "dilation", dilation, space, x)
    gaps = tuple((k - 1) * d for k, d in zip(kernel, apart, strict=True))
    pairs, edge = _pairs(op, padding, gaps, x), _EDGES.get(str(padding), "constant")
    return Windows(op, argument, kernel, spread_sizes(op, "stride", stride, space, x), pairs, apart, edge, ceil)


def spread_sizes(op: str, argument: str, sizes: Sizes, space: int, x: TensorType) -> tuple[int, ...]:
    """One number per axis of space."""
    return (sizes,) * space if isinstance(sizes, int) else _require_count(op, argument, sizes, space, x)


def _pairs(op: str, padding: Bordered, gaps: tuple[int, ...], x: TensorType) -> Literal["SAME"] | Pairs:
    """`gaps`: how many elements further than the first one the windows reach."""
    if padding == "SAME":
        return "SAME"
    if padding == "VALID":
        return ((0, 0),) * len(gaps)
    if padding == "CAUSAL":
        return _pad_front(op, gaps, x)
    if isinstance(padding, str):
        return tuple((gap // 2, gap - gap // 2) for gap in gaps)
    if isinstance(padding, int):
        return ((padding, padding),) * len(gaps)
    items = _require_count(op, "padding", padding, len(gaps), x)
    return tuple((item, item) if isinstance(item, int) else item for item in items)


def _pad_front(op: str, gaps: tuple[int, ...], x: TensorType) -> Pairs:
    """Padding of all gaps at the front, for causal windows, which have one axis only. Raises `Mistake` over several."""
    if len(gaps) != 1:
        raise Mistake(CausalOverSpace(op, len(gaps), x, blame="padding"))
    return ((gaps[0], 0),)


def _require_count(op: str, argument: str, values: tuple, space: int, x: TensorType) -> tuple:
    """Raises `Mistake` unless an argument has one value for each axis of space."""
    if len(values) != space:
        raise Mistake(WrongNumberOfSizes(op, argument, len(values), space, x, blame=argument))
    return values


def count_sum(count: int, divisor: int, step: int, first: int) -> int:
    """The sum of (first + step · i) // divisor over i = 0 … count - 1, in the rounds of Euclid's algorithm: sizes in a spec may be any
    numbers."""
    total = 0
    while count > 0:
        total += count * (count - 1) // 2 * (step // divisor) + count * (first // divisor)
        step, first = step % divisor, first % divisor
        count, first = divmod(step * count + first, divisor)
        step, divisor = divisor, step
        if not divisor:
            break
    return total
