"""Axes moved, joined, parted, reduced and repeated by a pattern in einops' notation.

A pattern names the axes before and after the arrow: `"b (h d) t -> b h t d"`. Brackets join axes (the last one varies fastest), `...`
stands for any axes, `1` for an axis of size 1. Sizes that the tensor does not tell are given by name:
`rearrange(x, "b (h d) -> b h d", h=8)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.inputs import WrongDtype
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.functions.reductions import REDUCTIONS
from netspec.library.shape_rules.einops_notation import Plan, fit_pattern, need_names, plan_pattern, read
from netspec.shape import Dim, Facts, TensorType


class _ByPattern(Function):
    """A function that a pattern describes."""

    inputs = (In("x", "any tensor whose axes the pattern names", dtype="any"),)
    open_arguments: ClassVar[str] = "sizes"
    source = "Rogozhnikov, Einops: Clear and Reliable Tensor Manipulations with Einstein-like Notation, 2022"

    if TYPE_CHECKING:
        pattern: str
        sizes: dict[str, Size]

    def _planned(self, scope: Scope, x: Array) -> Plan:
        """The pattern with the sizes of x filled in."""
        return fit_pattern(self.op_name(), read(self.op_name(), self.pattern), scope.types[0], x.shape, self.sizes)

    def _plan(self, facts: Facts, x: TensorType) -> Plan:
        raise TypeError(f"{self.op_name()} has no plan")

    def flow(self, passage: Passage) -> Flow:
        """The axis of positions has a name of its own, outside brackets, on both sides of the arrow."""
        x = passage.types[0]
        found = self._plan(passage.facts, x)
        names = {axis[0] for axis in found.right if len(axis) == 1}
        if any(not any(found.sizes[name] == x.shape[axis] for name in names) for axis in passage.flows[0].axes):
            passage.refuse("its pattern joins, parts or drops the axis of positions")
        return passage.made()


def _part_axes(x: Array, found: Plan) -> Array:
    """The tensor with every name of the left side as an axis of its own."""
    return x.reshape([found.sizes[name] for name in found.left])


def _join_axes(x: Array, found: Plan) -> Array:
    """Reshapes x, one axis per name of the pattern's right side, to the axes that the pattern joins: [found.shape()]."""
    return x.reshape(found.shape())


class Rearrange(_ByPattern):
    """The same elements under other axes: `rearrange(x, "b (h d) t -> b h t d", h=8)`. FLOPs: 0.

    The pattern names every axis on both sides; a name in brackets may be worked out from the others.
    """

    keeps_values = True

    pattern: str
    """The axes before and after: `"b (h d) t -> b h t d"`."""
    sizes: dict[str, Size] = Field(default_factory=dict)
    """Sizes of names, each written as an argument of its own: `h=8`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(pattern="b (h d) t -> b h t d", sizes={"h": 3}), ("f32[4, 6, 5]",)),
            Example(cls(pattern="b ... c -> b c (...)"), ("f32[2, 3, 5, 4]",)),
            Example(cls(pattern="b 1 (t s) -> (b s) t 1", sizes={"s": 2}), ("f32[3, 1, 8]",)),
            Example(cls(pattern="b d -> d b"), ("i32[4, 3]",)),
        )

    def _plan(self, facts: Facts, x: TensorType) -> Plan:
        pattern = read(self.op_name(), self.pattern)
        need_names(self.op_name(), pattern, False, None)
        return plan_pattern(facts, self.op_name(), pattern, x, self.sizes)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape(self._plan(facts, x).shape())

    def apply(self, scope: Scope, x: Array) -> Array:
        found = self._planned(scope, x)
        return _join_axes(_part_axes(x, found).transpose([found.left.index(name) for name in found.inner()]), found)


class Reduce(_ByPattern):
    """A reduction over the axes that stand only before the arrow: `reduce(x, "b (t s) d -> b t d", "mean", s=2)`.

    The other axes move as in `rearrange`. FLOPs: those of the reduction, 1 per input element (`logsumexp` 4).
    """

    pattern: str
    """The axes before and after: `"b (t s) d -> b t d"`."""
    reduction: Literal["sum", "mean", "max", "min", "prod", "logsumexp", "any", "all"]
    """How elements become one."""
    sizes: dict[str, Size] = Field(default_factory=dict)
    """Sizes of names, each written as an argument of its own: `s=2`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(pattern="b (t s) d -> b t d", reduction="mean", sizes={"s": 2}), ("f32[3, 6, 5]",)),
            Example(cls(pattern="b ... c -> c b", reduction="max"), ("f32[2, 3, 5, 4]",)),
            Example(cls(pattern="b t -> b 1", reduction="any"), ("bool[4, 3]",)),
            Example(cls(pattern="b t ->", reduction="sum"), ("i8[4, 3]",)),
        )

    def _plan(self, facts: Facts, x: TensorType) -> Plan:
        pattern = read(self.op_name(), self.pattern)
        need_names(self.op_name(), pattern, True, None)
        return plan_pattern(facts, self.op_name(), pattern, x, self.sizes)

    def _over(self, found: Plan) -> tuple[int, ...]:
        """The axes of the taken-apart x whose names the right side does not keep."""
        kept = found.inner()
        return tuple(axis for axis, name in enumerate(found.left) if name not in kept)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        taken = REDUCTIONS[self.reduction].inputs[0]
        if not taken.takes(x):
            raise Mistake(WrongDtype(op=f'{self.op_name()}(…, "{self.reduction}")', input="x", wanted=taken.elements, found=str(x)))
        found = self._plan(facts, x)
        return TensorType(REDUCTIONS[self.reduction](axis=()).result(x), found.shape())

    def apply(self, scope: Scope, x: Array) -> Array:
        found = self._planned(scope, x)
        small = REDUCTIONS[self.reduction](axis=()).over(scope, _part_axes(x, found), self._over(found))
        kept = [name for name in found.left if name in found.inner()]
        return _join_axes(small.transpose([kept.index(name) for name in found.inner()]), found)

    def flops(self, x: TensorType) -> Dim:
        return x.size * REDUCTIONS[self.reduction].cost


class Repeat(_ByPattern):
    """Elements repeated along the axes that stand only after the arrow: `repeat(x, "b t d -> b t n d", n=4)`, `"h w -> h (w 2)"`.

    The other axes move as in `rearrange`. FLOPs: 0.
    """

    keeps_values = True

    pattern: str
    """The axes before and after: `"b t d -> b (t n) d"`."""
    sizes: dict[str, Size] = Field(default_factory=dict)
    """Sizes of names, each written as an argument of its own: `n=4`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(pattern="b t d -> b (t n) d", sizes={"n": 2}), ("f32[4, 3, 5]",)),
            Example(cls(pattern="b ... -> n ... b", sizes={"n": 3}), ("f32[4, 2, 5]",)),
            Example(cls(pattern="h w -> (2 h) (w 3)"), ("i32[4, 2]",)),
        )

    def _plan(self, facts: Facts, x: TensorType) -> Plan:
        pattern = read(self.op_name(), self.pattern)
        need_names(self.op_name(), pattern, False, self.sizes)
        return plan_pattern(facts, self.op_name(), pattern, x, self.sizes)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape(self._plan(facts, x).shape())

    def apply(self, scope: Scope, x: Array) -> Array:
        found = self._planned(scope, x)
        inner = found.inner()
        moved = _part_axes(x, found).transpose([found.left.index(name) for name in inner if name in found.left])
        thin = moved.reshape([found.sizes[name] if name in found.left else 1 for name in inner])
        return _join_axes(jnp.broadcast_to(thin, [found.sizes[name] for name in inner]), found)
