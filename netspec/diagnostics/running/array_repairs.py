"""Finds what makes an array fit a type: axes in another order, a missing axis, another kind of number, as the code to write. Floor 0.

What is proposed fits in shape and kind of number; where several ways would, the one that people mean most often comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from math import prod

Sizes = Sequence[int | str]
"""A type's axes: numbers, or texts of sizes that are open (`B`, `2 * T`)."""

LONG = {
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "bf16": "bfloat16",
    "i8": "int8",
    "i32": "int32",
    "u8": "uint8",
    "u32": "uint32",
}


def write_repair(
    name: str, wanted: Sizes, dtype: str, found: tuple[int, ...], kind: str, known: Mapping[str, int] | None = None, whole: bool = True
) -> str:
    """`image.transpose(0, 2, 3, 1).astype("float32")`: what to write in place of the array `name`; "" where nothing is known to do.

    `wanted` and `dtype` are those of the spec, `found` is the array's shape and `kind` that of its elements: "float", "int", "bool", or
    anything else. `known` are the sizes that other arrays have given to symbols. `whole`: the elements are whole numbers.
    """
    for reshaped, after in _reshapings(wanted, found, known or {}):
        counts = reshaped == ".argmax(-1)"
        cast = _write_cast(dtype, "int" if counts and kind in ("float", "int", "bool") else kind, whole or counts)
        return f"{name}{reshaped}{cast}" if cast is not None and fits(wanted, after, known or {}) else ""
    return ""


def fits(wanted: Sizes, found: tuple[int, ...], known: Mapping[str, int]) -> bool:
    """Whether a shape is what a type says, with one size for each symbol."""
    sizes = dict(known)
    if len(wanted) != len(found):
        return False
    return all(
        size > 0 and size == (sizes.setdefault(dim, size) if isinstance(dim, str) and dim.isidentifier() else dim)
        for dim, size in pairs(wanted, found)
    )


def pairs(wanted: Sizes, found: tuple[int, ...]) -> Iterator[tuple[int | str, int]]:
    """The axes with the sizes that stand there; an expression of sizes fits any."""
    for dim, size in zip(wanted, found, strict=True):
        yield (dim if isinstance(dim, int) or dim.isidentifier() else size), size


def _reshapings(wanted: Sizes, found: tuple[int, ...], known: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What gives an array the shape of the type, the likeliest first, each with the shape that it makes."""
    if fits(wanted, found, known):
        yield "", found
    for axes in _orders(len(found)) if len(wanted) == len(found) and any(isinstance(dim, int) for dim in wanted) else ():
        after = tuple(found[axis] for axis in axes)
        if fits(wanted, after, known):
            yield f".transpose({', '.join(map(str, axes))})", after
    rest = [dim for dim in wanted[1:] if isinstance(dim, int)]
    if len(found) + 1 == len(wanted) and fits(wanted[1:], found, known) and isinstance(wanted[0], str):
        yield "[None]", (1, *found)
    if wanted and isinstance(wanted[0], str) and len(rest) == len(wanted) - 1 and rest and found and prod(found[1:]) == prod(rest):
        yield f".reshape(-1, {', '.join(map(str, rest))})", (found[0], *rest)
    yield from _axes_of_one(wanted, found, known)


def _axes_of_one(wanted: Sizes, found: tuple[int, ...], known: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """An axis of size 1 at the end that is missing or too many; classes that stand as one column each, where their numbers are wanted."""
    if len(found) + 1 == len(wanted) and fits(wanted, (*found, 1), known):
        yield "[..., None]", (*found, 1)
    for code, axis in ((".squeeze(-1)", -1), (".squeeze(0)", 0)) if len(found) == len(wanted) + 1 else ():
        rest = found[:-1] if axis else found[1:]
        if found[axis] == 1 and fits(wanted, rest, known):
            yield code, rest
    if len(found) == len(wanted) + 1 and fits(wanted, found[:-1], known):
        yield ".argmax(-1)", found[:-1]


def _orders(rank: int) -> Iterator[tuple[int, ...]]:
    """Orders of axes: channels from the front to the end, and back, the batch from the second axis, then any other."""
    if 2 <= rank <= 5:
        first = [(0, *range(2, rank), 1), (0, rank - 1, *range(1, rank - 1)), (1, 0, *range(2, rank))]
        yield from dict.fromkeys([*first, *permutations(range(rank))])


def _write_cast(dtype: str, kind: str, whole: bool) -> str | None:
    """What makes the kind of number that the type has; None where nothing does without changing values."""
    wanted = "bool" if dtype == "bool" else "int" if dtype[0] in "iu" else "float"
    if kind == wanted:
        return ""
    if kind not in ("float", "int", "bool") or (wanted == "int" and not whole):
        return None
    return ".astype(bool)" if wanted == "bool" else f'.astype("{LONG.get(dtype, dtype)}")'
