"""What convolutions and pools share: windows that slide over the axes of space of a [batch, space…, channels] tensor."""

from __future__ import annotations

from typing import Annotated, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.windows import NoSpace, WindowTooLarge, WrongNumberOfSizes
from netspec.library.base import Positive
from netspec.library.base.fields import Field
from netspec.library.proofs import need_at_least
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType

Sizes = Positive | Annotated[tuple[Positive, ...], Field(strict=False)]
"""One number for every axis of space, or a list with one each."""

_Width = Annotated[int, Field(ge=0)]
_Sides = Annotated[tuple[_Width, _Width], Field(strict=False)]
Padding = Literal["SAME", "VALID"] | _Width | Annotated[tuple[_Width | _Sides, ...], Field(strict=False)]
"""`"SAME"`: as much that the output has ceil(size / stride) elements; `"VALID"`: none; a number for both sides of every axis;
or a list with a number or a pair [low, high] per axis."""

Pairs = tuple[tuple[int, int], ...]


@record
class Windows:
    """Windows as numbers per axis of space. `padding` is "SAME" or explicit pairs."""

    op: str
    argument: str
    """The argument that gives the window's size, for problems."""
    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Literal["SAME"] | Pairs

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
        size, window, stride = x.shape[axis + 1], self.size[axis], self.stride[axis]
        if self.padding == "SAME":
            return size.ceildiv(stride)
        padded = sum(self.padding[axis])
        problem = WindowTooLarge(self.op, self.argument, axis + 1, size, window, padded, x, blame=self.argument)
        need_at_least(facts, self.op, size, window - padded, "so that the window fits", problem)
        return (size + (padded - window)) // stride + 1

    def sizes(self, shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
        """The same sizes for shapes that are known to be accepted."""
        if self.padding == "SAME":
            return tuple(n.ceildiv(s) for n, s in zip(shape, self.stride, strict=True))
        rows = zip(shape, self.size, self.stride, self.padding, strict=True)
        return tuple((n + (low + high - k)) // s + 1 for n, k, s, (low, high) in rows)


def space_of(op: str, rank: int, x: TensorType | None = None) -> int:
    """Number of axes of space of a [batch, space…, channels] tensor of this rank: 1 to 3."""
    if not 3 <= rank <= 5 and x is not None:
        raise Mistake(NoSpace(op, x, blame="x"))
    return rank - 2


def windows(op: str, argument: str, x: TensorType, size: Sizes, stride: Sizes, padding: Padding) -> Windows:
    """The windows that these arguments mean for an input. Raises `Mistake` when a list has the wrong length."""
    space = space_of(op, x.rank, x)
    return Windows(
        op,
        argument,
        spread(op, argument, size, space, x),
        spread(op, "stride", stride, space, x),
        _pairs(op, padding, space, x),
    )


def spread(op: str, argument: str, sizes: Sizes, space: int, x: TensorType) -> tuple[int, ...]:
    """One number per axis of space."""
    return (sizes,) * space if isinstance(sizes, int) else _checked(op, argument, sizes, space, x)


def _pairs(op: str, padding: Padding, space: int, x: TensorType) -> Literal["SAME"] | Pairs:
    if padding == "SAME":
        return "SAME"
    if padding == "VALID":
        return ((0, 0),) * space
    if isinstance(padding, int):
        return ((padding, padding),) * space
    items = _checked(op, "padding", padding, space, x)
    return tuple((item, item) if isinstance(item, int) else item for item in items)


def _checked(op: str, argument: str, values: tuple, space: int, x: TensorType) -> tuple:
    if len(values) != space:
        raise Mistake(WrongNumberOfSizes(op, argument, len(values), space, x, blame=argument))
    return values
