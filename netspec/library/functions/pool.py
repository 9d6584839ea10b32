"""Pooling over the axes of space of [batch, space…, channels] tensors. The stride is the window unless it is given.

Flax, PyTorch and this shelf count padding in the mean (`count_padding`); Keras and TensorFlow do not. PyTorch's `LPPool` sums x^p without
the absolute value.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.windows import DilatedPastAll, OnlyPadding
from netspec.kernels.reduce_window import Combine, reduce_window
from netspec.lazy import jnp, lax, np
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.requirements import need_at_least
from netspec.library.shape_rules.windows import Padding, Sizes, Windows, windows
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _Pool(Function):
    """Windows of one size slide over the space of each channel."""

    over_space = True
    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    masking = "each"  # along the channels
    last_arguments: ClassVar[tuple[str, ...]] = ("dilation", "ceil_mode")
    later_arguments: ClassVar[tuple[str, ...]] = ("dilation", "ceil_mode")
    at_any_size = {"padding": "leave it out and write `ceil_mode=true`: then the last window counts at every size"}

    window: Sizes
    """Size of the window: one number for all axes of space, or a list."""
    stride: Sizes | None = None
    """Step between windows; the window's size when absent."""
    padding: Padding = "VALID"
    """`"SAME"`, `"VALID"`, a number for both sides of every axis, or a list with a number or a pair [low, high] per axis."""
    dilation: Sizes = 1
    """Distance between the elements of a window: one number for all axes of space, or a list."""
    ceil_mode: bool = False
    """A last window that reaches over the end counts too, as in PyTorch, unless it would begin there: ceil in the place of floor. What it
    reaches over never counts."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(window=2), ("f32[2, 6, 4, 3]",)),
            Example(cls(window=2), ("f32[1, 5, 7, 2]",)),
            Example(cls(window=(2, 3), stride=1, padding=(1, (0, 1)), dilation=(2, 1)), ("f32[2, 5, 4, 2]",)),
            Example(cls(window=3, stride=2, padding=1, ceil_mode=True), ("f32[2, 6, 5, 2]",)),
            Example(cls(window=(3, 2), stride=(2, 1), padding="SAME"), ("f32[2, 7, 4, 1]",)),
            Example(cls(window=3, stride=2, padding=((1, 2),)), ("f32[2, 8, 3]",)),
            Example(cls(window=2, stride=1, padding=1), ("f32[1, 2, 3, 2, 2]",)),
        )

    def _windows(self, x: TensorType) -> Windows:
        """The places of the window on x, [B, space…, C]."""
        stride = self.window if self.stride is None else self.stride
        return windows(self.op_name(), "window", x, self.window, stride, self.padding, self.dilation, self.ceil_mode)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((x.shape[0], *self._windows(x).outputs(facts, x), x.shape[-1]))

    def _need_content(self, facts: Facts, x: TensorType) -> None:
        """Refuse windows that would see only padding: beside what is there, or around it, where they are dilated by more than it has."""
        w = self._windows(x)
        for window, sides in zip(w.spans, () if w.padding == "SAME" else w.padding, strict=False):
            if max(sides) >= window:
                raise Mistake(OnlyPadding(self.op_name(), window, max(sides), blame="padding"))
        for axis, (apart, window) in enumerate(zip(w.dilation, w.size, strict=True)):
            if apart > 1 and window > 1 and (w.padding == "SAME" or any(w.padding[axis]) or w.ceil):
                problem = DilatedPastAll(self.op_name(), axis + 1, apart, x, blame="dilation")
                need_at_least(facts, self.op_name(), x.shape[axis + 1], apart, "so that no window sees only padding", problem)

    def _outputs(self, x: TensorType) -> Dim:
        """How many elements the result [B, places…, C] has."""
        return x.shape[0] * elements(self._windows(x).sizes(x.shape[1:-1])) * x.shape[-1]

    def flow(self, passage: Passage) -> Flow:
        return passage.windowed(self._windows(passage.types[0]))

    def explain_stepless(self, flows: tuple[Flow, ...]) -> str:
        return f"`{self.op_name()}` has no step of its own"


class _Extreme(_Pool):
    """The pools that pick one element of each window, of floats or whole numbers; padding is never picked."""

    inputs = (In("x", "[batch, space…, channels]", dtype="number", rank=3),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(window=2, padding=(1, (0, 1))), ("i32[2, 3, 4, 2]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        self._need_content(facts, x)
        return super().shape(facts, x)

    def flops(self, x: TensorType) -> Dim:
        return self._outputs(x) * (self._windows(x).elements - 1)


class MaxPool(_Extreme):
    """The largest element of each window; padding never wins. Where several are largest, the first one gets the gradient.

    [batch, space…, channels] -> [batch, space'…, channels]: an axis of size n becomes floor((n + padding - span) / stride) + 1 with
    span = dilation · (window - 1) + 1, or ceil(n / stride) with `padding="SAME"`. FLOPs: window elements - 1 per output element.
    """

    source = "Flax linen max_pool, but for the stride"

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(scope.types[0])
        low = -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min
        return _slide(scope, x, w, low, "max")


class MinPool(_Extreme):
    """The smallest element of each window; padding never wins. Where several are smallest, the first one gets the gradient.

    [batch, space…, channels] -> [batch, space'…, channels]: an axis of size n becomes floor((n + padding - span) / stride) + 1 with
    span = dilation · (window - 1) + 1, or ceil(n / stride) with `padding="SAME"`. FLOPs: window elements - 1 per output element.
    """

    source = "Flax linen min_pool, but for the stride"

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(scope.types[0])
        high = jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).max
        return _slide(scope, x, w, high, "min")


class AvgPool(_Pool):
    """The mean of each window: its sum divided by the number of its elements. Summed in at least f32.

    Padding counts as zeros, or not at all with `count_padding=false`, which divides by the number of elements that are not padding.
    [batch, space…, channels] -> [batch, space'…, channels]: an axis of size n becomes floor((n + padding - span) / stride) + 1 with
    span = dilation · (window - 1) + 1, or ceil(n / stride) with `padding="SAME"`. FLOPs: window elements per output element.
    PyTorch's `count_include_pad` is `count_padding`.
    """

    source = "Flax linen avg_pool, but for the stride"

    count_padding: bool = True
    """Divide by the whole window, padding included, as Flax and PyTorch do; Keras and TensorFlow do not."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example(cls(window=3, stride=2, padding="SAME", count_padding=False), ("f32[2, 4, 5, 3]",)),
            Example(cls(window=(2, 3), padding=(1, (0, 2)), count_padding=False), ("f32[1, 5, 4, 2]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        if not self.count_padding:
            self._need_content(facts, x)
        return super().shape(facts, x)

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(scope.types[0])
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        whole = self.count_padding and not w.ceil
        number = w.elements if whole else jnp.asarray(_contents(w, x.shape[1:-1], self.count_padding), wide.dtype)
        return (_slide(scope, wide, w, 0.0, "add") / number).astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return self._outputs(x) * self._windows(x).elements


class LpPool(_Pool):
    """The p-norm of each window, (Σ |x|^p)^(1/p); padding adds nothing. Summed in at least f32, with gradient 0 where all are 0.

    [batch, space…, channels] -> [batch, space'…, channels]: an axis of size n becomes floor((n + padding - span) / stride) + 1 with
    span = dilation · (window - 1) + 1, or ceil(n / stride) with `padding="SAME"`. FLOPs: 3 per window element (absolute value, power, sum),
    and 1 per output element. PyTorch takes x^p with its sign, which differs for odd p where x is negative.
    """

    source = "Sermanet et al., Convolutional Neural Networks Applied to House Numbers Digit Classification, 2012"

    p: Annotated[float, Field(ge=1)] = 2.0
    """The exponent: 1 for the sum of absolute values, 2 for the Euclidean norm."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example(cls(window=3, stride=1, p=3), ("f32[2, 4, 5, 3]",)),
            Example(cls(window=2, p=1), ("f32[2, 4, 3]",)),
        )

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        total = _slide(scope, jnp.abs(wide) ** self.p, self._windows(scope.types[0]), 0.0, "add")
        return jnp.where(total > 0, jnp.where(total > 0, total, 1) ** (1 / self.p), 0).astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return self._outputs(x) * (3 * self._windows(x).elements + 1)


def _slide(scope: Scope, x: Array, w: Windows, start: float, combine: Combine) -> Array:
    """Combines the elements under each place of the window: [B, space…, C] -> [B, places…, C]."""
    apart = {"dilation": w.dilation} if max(w.dilation) > 1 else {}
    sides = w.sides(x.shape[1:-1])
    return reduce_window(scope.kernels, x, start=start, combine=combine, size=w.size, stride=w.stride, padding=sides, **apart)


def _contents(w: Windows, space: tuple[int, ...], padded: bool) -> Array:
    """For each window how many of its elements are there, the padding that is asked for among them if `padded`: [1, space'…, 1]."""
    sides = lax.padtype_to_pads(space, w.spans, w.stride, "SAME") if w.padding == "SAME" else w.sides(space)
    asked = sides if w.padding == "SAME" else w.padding
    assert not isinstance(sides, str) and not isinstance(asked, str)
    number = np.ones(1)
    for axis in reversed(range(len(space))):
        n, (low, high), (before, behind) = space[axis], sides[axis], asked[axis] if padded else (0, 0)
        first = np.arange(0, n + low + high - w.spans[axis] + 1, w.stride[axis]) - low
        taps = first[:, None] + np.arange(w.size[axis]) * w.dilation[axis]
        inside = ((taps >= -before) & (taps < n + behind)).sum(1)
        number = inside.reshape(-1, *(1,) * number.ndim) * number
    return number[None]
