"""Writes a path's segment as it is stored: `conv_3` as in the logical path, in a repeat `layer_{0:4}` for all iterations at once."""

from __future__ import annotations

from functools import lru_cache

from netspec.ir import Affine, Segment


def depends(segment: Segment, depth: int) -> bool:
    """Whether the segment's name changes with the index of the `depth`-th enclosing repeat of its body."""
    return any(depth < len(n.strides) and n.strides[depth] != 0 for n in segment.numbers)


@lru_cache(maxsize=65_536)
def template(segment: Segment, counts: tuple[int, ...]) -> str:
    """The segment with each number written as the range that it runs through. `counts` are the lengths of the body's enclosing repeats."""
    return join("_".join([segment.base, *(_number(n, counts) for n in segment.numbers)]), segment.part)


def _number(number: Affine, counts: tuple[int, ...]) -> str:
    """`3`, `{1:9:2}` (from 1 to before 9 in steps of 2), `{0:6:3+0:3}` where two repeats count."""
    moving = [(stride, count) for stride, count in zip(number.strides, counts, strict=False) if stride]
    if not moving:
        return str(number.constant)
    starts = [number.constant] + [0] * (len(moving) - 1)
    return "{" + "+".join(_range(a, s, n) for a, (s, n) in zip(starts, moving, strict=True)) + "}"


def _range(start: int, stride: int, count: int) -> str:
    """The numbers of a loop as a slice."""
    return f"{start}:{start + stride * count}" + (f":{stride}" if stride != 1 else "")


def join(prefix: str, name: str) -> str:
    """A path and one more step of it; where one of them is empty, the other."""
    return f"{prefix}/{name}" if prefix and name else prefix or name
