"""Images cut to the size of another tensor. FLOPs: 0."""

from __future__ import annotations

from typing import Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnfitShape
from netspec.diagnostics.shapes.parts import TooFewElements
from netspec.lazy import lax
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.shape_rules.requirements import need_at_least
from netspec.library.shape_rules.windows import space_of
from netspec.shape import Facts, TensorType


class Crop(Function):
    """Cuts the axes of space to the sizes that another tensor has there, as the skips of a U-Net: `skip -> crop(like=x)`.

    [batch, space…, channels] and a tensor of as many axes -> [batch, space of `like`…, channels]. Of the n - m elements that go, the middle
    leaves (n - m) // 2 out in front. Only the sizes of `like` count. That x is nowhere smaller is proved. FLOPs: 0.
    """

    inputs = (
        In("x", "[batch, space…, channels]", dtype="any", rank=3),
        In("like", "a tensor with the sizes that are wanted, [batch, space…, channels of its own]", dtype="any", rank=3),
    )
    keeps_values = True
    source = "Ronneberger et al., U-Net, 2015"

    at: Literal["middle", "start", "end"] = "middle"
    """Which part stays."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[2, 7, 6, 3]", "f32[2, 4, 6, 5]")),
            Example(cls(at="end"), ("f32[3, 5, 2]", "f32[3, 4, 1]")),
            Example(cls(at="start"), ("i32[2, 4, 3, 5, 1]", "f32[2, 2, 3, 4, 2]")),
        )

    def shape(self, facts: Facts, x: TensorType, like: TensorType) -> TensorType:
        space_of(self.op_name(), x.rank, x)
        if like.rank != x.rank:
            raise Mistake(UnfitShape(self.op_name(), "like", like, ((like.shape[0], *x.shape[1:-1], like.shape[-1]),), blame="like"))
        for axis in range(1, x.rank - 1):
            problem = TooFewElements(self.op_name(), like.shape[axis], axis, x.shape[axis], blame="x")
            need_at_least(facts, self.op_name(), x.shape[axis], like.shape[axis], "so that there is enough to cut from", problem)
        return x.with_shape((x.shape[0], *like.shape[1:-1], x.shape[-1]))

    def apply(self, scope: Scope, x: Array, like: Array) -> Array:
        for axis in range(1, x.ndim - 1):
            size, rest = like.shape[axis], x.shape[axis] - like.shape[axis]
            start = {"start": 0, "middle": rest // 2, "end": rest}[self.at]
            x = lax.slice_in_dim(x, start, start + size, axis=axis)
        return x

    def flow(self, passage: Passage) -> Flow:
        """What is cut away in front depends on how many positions there are, unless none is."""
        x, like = passage.types
        cut = [axis for axis in range(1, x.rank - 1) if x.shape[axis] != like.shape[axis]]
        if self.at == "start":
            cut = [axis for axis in cut if not passage.counts(like.shape[axis])]
        passage.untouched(*cut, why="what it keeps depends on the number of positions")
        return passage.made()
