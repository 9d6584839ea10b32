"""Pixels moved between space and channels, in blocks of `scale` along each axis of space. FLOPs: 0.

`depth_to_space` and `space_to_depth` order the channels [block, channel] as TensorFlow and ONNX's DCR mode do, `pixel_shuffle` and
`pixel_unshuffle` [channel, block] as PyTorch does (with its axes in front).
"""

from __future__ import annotations

import math
from typing import ClassVar

from netspec.diagnostics.shapes.patches import UnevenBlocks
from netspec.diagnostics.shapes.sizes import UnevenGroups
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.shape_rules.requirements import need_multiple
from netspec.library.shape_rules.windows import Sizes, space_of, spread_sizes
from netspec.shape import Facts, TensorType


class _Blocks(Function):
    """Blocks of pixels and channels in place of each other. `block_first`: the place in the block varies slowest among the channels."""

    inputs = (In("x", "[batch, space…, channels]", dtype="any", rank=3),)
    keeps_values: ClassVar[bool] = True
    block_first: ClassVar[bool]

    scale: Sizes
    """Size of a block: one number for all axes of space, or a list."""

    def _sizes(self, x: TensorType) -> tuple[int, ...]:
        return spread_sizes(self.op_name(), "scale", self.scale, space_of(self.op_name(), x.rank, x), x)

    def flow(self, passage: Passage) -> Flow:
        moved = [axis for axis, size in enumerate(self._sizes(passage.types[0]), 1) if size > 1]
        return passage.keeps(*moved, -1, why="it moves positions into the features or features into positions")


class _ToSpace(_Blocks):
    """Channels become pixels."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(scale=2), ("f32[3, 2, 3, 8]",)),
            Example(cls(scale=(1, 3)), ("f32[2, 4, 1, 6]",)),
            Example(cls(scale=3), ("i32[2, 4, 3]",)),
            Example(cls(scale=2), ("f32[1, 2, 1, 3, 16]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        sizes = self._sizes(x)
        block, channels = math.prod(sizes), x.shape[-1]
        problem = UnevenGroups(self.op_name(), block, channels, x, blame="x")
        need_multiple(facts, self.op_name(), channels, block, "so that each block gets all of its pixels", problem)
        space = [n * size for n, size in zip(x.shape[1:-1], sizes, strict=True)]
        return x.with_shape((x.shape[0], *space, channels // block))

    def apply(self, scope: Scope, x: Array) -> Array:
        sizes = self._sizes(scope.types[0])
        batch, *space, channels = x.shape
        count, rest = len(sizes), channels // math.prod(sizes)
        parts = x.reshape(batch, *space, *((*sizes, rest) if self.block_first else (rest, *sizes)))
        first = 1 + count if self.block_first else 2 + count
        pairs = [axis for place in range(count) for axis in (1 + place, first + place)]
        moved = parts.transpose(0, *pairs, 1 + 2 * count if self.block_first else 1 + count)
        return moved.reshape(batch, *(n * size for n, size in zip(space, sizes, strict=True)), rest)


class _ToDepth(_Blocks):
    """Pixels become channels."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(scale=2), ("f32[3, 4, 6, 2]",)),
            Example(cls(scale=(1, 3)), ("f32[2, 4, 3, 2]",)),
            Example(cls(scale=3), ("i32[2, 6, 2]",)),
            Example(cls(scale=2), ("f32[1, 4, 2, 6, 2]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        sizes = self._sizes(x)
        for axis, size in enumerate(sizes, 1):
            problem = UnevenBlocks(self.op_name(), "scale", axis, x.shape[axis], size, x, blame="scale")
            need_multiple(facts, self.op_name(), x.shape[axis], size, "so that the blocks cover the space", problem)
        space = [n // size for n, size in zip(x.shape[1:-1], sizes, strict=True)]
        return x.with_shape((x.shape[0], *space, x.shape[-1] * math.prod(sizes)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return cut_blocks(x, self._sizes(scope.types[0]), self.block_first)


class DepthToSpace(_ToSpace):
    """Makes `scale` times larger images of fewer channels: [B, h, w, r · r · c] -> [B, r · h, r · w, c], for 1 to 3 axes of space.

    Channel (i · r + j) · c + k of a pixel becomes channel k of the pixel at row i and column j of its block, as in TensorFlow.
    `pixel_shuffle` takes PyTorch's order.
    """

    source = "TensorFlow's depth_to_space"
    block_first: ClassVar[bool] = True


class PixelShuffle(_ToSpace):
    """Makes `scale` times larger images of fewer channels: [B, h, w, c · r · r] -> [B, r · h, r · w, c], for 1 to 3 axes of space.

    Channel (k · r + i) · r + j of a pixel becomes channel k of the pixel at row i and column j of its block, as in PyTorch.
    `depth_to_space` takes TensorFlow's order.
    """

    source = "Shi et al., Real-Time Single Image and Video Super-Resolution, 2016; PyTorch's PixelShuffle"
    block_first: ClassVar[bool] = False


class SpaceToDepth(_ToDepth):
    """The inverse of `depth_to_space`: [B, r · h, r · w, c] -> [B, h, w, r · r · c], for 1 to 3 axes of space that `scale` divides."""

    source = "TensorFlow's space_to_depth"
    block_first: ClassVar[bool] = True


class PixelUnshuffle(_ToDepth):
    """The inverse of `pixel_shuffle`: [B, r · h, r · w, c] -> [B, h, w, c · r · r], for 1 to 3 axes of space that `scale` divides."""

    source = "PyTorch's PixelUnshuffle"
    block_first: ClassVar[bool] = False


def cut_blocks(x: Array, sizes: tuple[int, ...], block_first: bool) -> Array:
    """Blocks of these sizes as channels: [batch, space…, channels] -> [batch, blocks…, block · channels]."""
    batch, *space, channels = x.shape
    count = len(sizes)
    counts = [n // size for n, size in zip(space, sizes, strict=True)]
    parts = x.reshape(batch, *(n for pair in zip(counts, sizes, strict=True) for n in pair), channels)
    inner, last = range(2, 2 + 2 * count, 2), 1 + 2 * count
    order = (*inner, last) if block_first else (last, *inner)
    return parts.transpose(0, *range(1, 1 + 2 * count, 2), *order).reshape(batch, *counts, math.prod(sizes) * channels)
