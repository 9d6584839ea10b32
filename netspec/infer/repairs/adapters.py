"""Finds what makes one type of another behind a tensor: a projection, an index, another order of axes, a cut, padding."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterator
from itertools import permutations

from netspec.diagnostics.base import Edit, Repair
from netspec.infer.repairs.rewriting import Place, is_closed, is_in_parentheses, put_around, put_behind, put_index
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import BATCH

Naming = Function[[Dim], str]


def same(facts: Facts, one: tuple[Dim, ...], other: tuple[Dim, ...]) -> bool:
    """The shapes are proved to be equal."""
    return len(one) == len(other) and all(facts.normal(a) == facts.normal(b) for a, b in zip(one, other, strict=True))


def add_axes(facts: Facts, place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """The axes that are missing to broadcast: `x[:, none]`."""
    items = spread(facts, have.shape, want.shape) or meet_from_right(facts, have.shape, want.shape)
    if items is not None and have.rank < want.rank:
        text = ", ".join(items)
        while text.endswith(", :"):
            text = text[:-3]
        if "none" in text:
            shown = f"{place.text if is_closed(place.text) and len(place.text) <= 24 else place.short}[{text}]"
            yield Repair(put_index(place, text), f"axes meet from the right: write `{shown}`")


def cross(one: Place, first: TensorType, other: Place, second: TensorType) -> Iterator[Repair]:
    """Two vectors each against each, the examples first: `iota(T)[none, :] < length[:, none]`."""
    if first.rank != 1 or second.rank != 1 or BATCH not in (str(first.shape[0]), str(second.shape[0])) or one.chained or other.chained:
        return
    rows, columns = (one, other) if str(first.shape[0]) == BATCH else (other, one)
    edits = (*put_index(rows, ":, none"), *put_index(columns, "none, :"))
    yield Repair(edits, f"each against each: `{rows.short}[:, none]` and `{columns.short}[none, :]`")


def spread(facts: Facts, short: tuple[Dim, ...], long: tuple[Dim, ...]) -> list[str] | None:
    """The index that puts the axes of one shape beside the equal ones of a longer one."""
    items, at = [], 0
    for size in long:
        if at < len(short) and (facts.normal(short[at]) == facts.normal(size)):
            items.append(":")
            at += 1
        else:
            items.append("none")
    return items if at == len(short) else None


def meet_from_right(facts: Facts, short: tuple[Dim, ...], long: tuple[Dim, ...]) -> list[str] | None:
    """The index that puts axes before a shape whose own meet the last ones of the other: equal, or one of them of size 1."""
    pairs = zip(short, long[len(long) - len(short) :], strict=True) if short and len(short) < len(long) else ()
    fits = [a == 1 or b == 1 or facts.normal(a) == facts.normal(b) for a, b in pairs]
    return ["none"] * (len(long) - len(short)) + [":"] * len(short) if fits and all(fits) else None


def project(place: Place, have: TensorType, want: TensorType, name: Naming) -> Iterator[Repair]:
    """Other features by a layer: `dense(64)`, or `conv(64, 1)` for images."""
    if not have.is_float or have.rank != want.rank or have.rank < 2:
        return
    size = name(want.shape[-1])
    call = f"conv({size}, 1)" if have.rank in (4, 5) else f"dense({size})"
    yield Repair(put_behind(place, call), f"project {describe(place)} first: `{place.short} -> {call}`", guess=True)


def project_with_stride(place: Place, have: TensorType, want: TensorType, name: Naming, strides: dict[int, str]) -> Iterator[Repair]:
    """Fewer places and perhaps other features, as the shortcut of a ResNet has them. `strides`: how the spec says a stride."""
    if not have.is_float or have.rank != want.rank or have.rank not in (3, 4, 5):
        return
    for stride in (2, 4, 8):
        if all(a.ceildiv(stride) == b for a, b in zip(have.shape[1:-1], want.shape[1:-1], strict=True)):
            call = f"conv({name(want.shape[-1])}, 1, stride={strides.get(stride, stride)})"
            yield Repair(put_behind(place, call), f"{describe(place)} needs the stride too: `{place.short} -> {call}`", guess=True)


def reorder(facts: Facts, place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """The same axes in another order."""
    if have.rank != want.rank or not 2 <= have.rank <= 5:
        return
    for order in permutations(range(have.rank)):
        if list(order) != sorted(order) and same(facts, tuple(have.shape[i] for i in order), want.shape):
            shown = "" if have.rank == 2 else str(list(order))
            edits = (
                put_behind(place, f"transpose({shown})" if shown else "transpose")
                if place.chained
                else put_around(place, "transpose", shown)
            )
            yield Repair(edits, f"the axes stand in another order: `transpose({place.short}{shown and ', ' + shown})`")
            return


def crop_ends(place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """Sequences without their last elements: `x[:, :-1]`."""
    if have.rank != want.rank:
        return
    over = [(a - b) for a, b in zip(have.shape, want.shape, strict=True)]
    if all(o.is_constant and 0 <= o.value <= 8 for o in over) and any(o.value for o in over):
        items = ", ".join(f":-{o}" if o.value else ":" for o in over)
        while items.endswith(", :"):
            items = items[:-3]
        yield Repair(put_index(place, items), f"cut {describe(place)} to the length of the other: `{place.short}[{items}]`", guess=True)


def spread_to(facts: Facts, place: Place, have: TensorType, want: TensorType, name: Naming) -> Iterator[Repair]:
    """The same for every position: `broadcast_to(x[:, none], [B, T, 16])`."""
    if have.rank >= want.rank or have.rank < 2:
        return
    shape = (*want.shape[:-1], have.shape[-1])
    items = spread(facts, have.shape[:-1], want.shape[:-1])
    if items is not None and "none" in items:
        text = ", ".join(items)
        whole = place.text if is_closed(place.text) else f"({place.text})"
        meant = f"broadcast_to({whole}[{text}], [{', '.join(map(name, shape))}])"
        yield Repair((Edit(place.span, meant),), f"write `{meant}`: the same at every place")


def project_and_add(facts: Facts, place: Place, have: TensorType, want: TensorType, name: Naming) -> Iterator[Repair]:
    """Other features, and the axes that are missing: `(t -> dense(32))[:, none, none]`."""
    if have.rank >= want.rank or have.rank < 2 or not have.is_float or have.shape[-1] == want.shape[-1] or place.chained:
        return
    items = spread(facts, have.shape[:-1], want.shape[:-1])
    if items is not None and "none" in items:
        inner = place.text[1:-1] if is_in_parentheses(place.text) else place.text
        meant = f"({inner} -> dense({name(want.shape[-1])}))[{', '.join(items)}]"
        yield Repair((Edit(place.span, meant),), f"write `{meant}`: as many features, and the axes that it lacks", guess=True)


def crop(place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """The first elements of axes that are too long."""
    if have.rank != want.rank:
        return
    pairs = list(zip(have.shape, want.shape, strict=True))
    if not all(a == b or (a.is_constant and b.is_constant and 1 < b.value < a.value) for a, b in pairs) or have.shape == want.shape:
        return
    items = [":" if a == b else f":{b}" for a, b in pairs]
    text = ", ".join(items)
    while text.endswith(", :"):
        text = text[:-3]
    yield Repair(put_index(place, text), f"cut {describe(place)} to the size of the other: `{place.short}[{text}]`", guess=True)


def pad_up(place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """A few zeros behind axes that are a little too short."""
    if have.rank != want.rank:
        return
    pairs = list(zip(have.shape[:-1], want.shape[:-1], strict=True))
    missing = [(b - a).value if (b - a).is_constant else -1 for a, b in pairs]
    short = all(0 <= m <= 3 and (m == 0 or a.is_constant and a.value > m) for m, (a, _) in zip(missing, pairs, strict=True))
    if not short or not any(missing) or have.shape[-1] != want.shape[-1]:
        return
    widths = ", ".join([*(f"[0, {m}]" if m else "0" for m in missing), "0"])
    yield Repair(
        put_behind(place, f"pad([{widths}])"),
        f"pad {describe(place)} to the size of the other: `{place.short} -> pad([{widths}])`",
        guess=True,
    )


def resize(place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """Images of another size."""
    if have.rank != want.rank or have.rank not in (4, 5) or not have.is_float or have.shape[-1] != want.shape[-1]:
        return
    if not all(n.is_constant for n in (*have.shape[1:-1], *want.shape[1:-1])):
        return
    size = ", ".join(map(str, want.shape[1:-1]))
    yield Repair(
        put_behind(place, f"resize([{size}])"),
        f"give {describe(place)} the size of the other: `{place.short} -> resize([{size}])`",
        guess=True,
    )


def flatten(place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """An image as one row of features."""
    if have.rank > want.rank == 2:
        yield Repair(put_behind(place, "flatten"), f"flatten it first: `{place.short} -> flatten`")


def drop_axis(place: Place, have: TensorType, want: TensorType) -> Iterator[Repair]:
    """Without an axis of size 1."""
    if have.rank != want.rank + 1:
        return
    for axis in reversed(range(have.rank)):
        if have.shape[axis] == 1 and (*have.shape[:axis], *have.shape[axis + 1 :]) == want.shape:
            shown = -1 if axis == have.rank - 1 else axis
            yield Repair(put_behind(place, f"squeeze({shown})"), f"take the axis of size 1 away: `{place.short} -> squeeze({shown})`")
            return


def describe(place: Place) -> str:
    return f"`{place.short}`" if place.short != "…" else "this side"
