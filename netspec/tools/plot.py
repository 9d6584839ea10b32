"""Plots a curve with characters: values of at least 0 upwards, labels along the axes. Floor 5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from netspec.record import record

HEIGHT = 10
"""Lines of a plot, without its axis."""
NARROW = 30
"""Columns that a plot has at least."""
GAP = 2


@record
class Glyphs:
    """What dots are drawn with: a cell of some dots is one character."""

    across: int
    down: int
    cell: Callable[[Iterable[tuple[int, int]]], str]
    """The character with these dots, (column, line) from the upper left."""


BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The dots of a braille character, by column and line."""
BRAILLE = Glyphs(2, 4, lambda dots: chr(0x2800 + sum(BITS[x][y] for x, y in dots)))
PLAIN = Glyphs(1, 1, lambda dots: "*")


def glyphs_for(encoding: str | None) -> Glyphs:
    """Braille where it can be written."""
    try:
        BRAILLE.cell([(0, 0)]).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BRAILLE


@record
class Tick:
    """A place along the axis, 0 to 1, with a label for each scale."""

    place: float
    labels: tuple[str, ...]


@record
class Picture:
    """What is plotted: `sampled(n)` are n values along the axis, `top` is the largest there is; `scales` name the lines of labels."""

    sampled: Callable[[int], Sequence[float]]
    top: float
    ticks: Sequence[Tick]
    scales: Sequence[str]


def plot(picture: Picture, width: int, glyphs: Glyphs) -> str:
    """The curve in so many columns."""
    top, ticks, scales = picture.top, picture.ticks, picture.scales
    left = max(map(len, (f"{top:.4g}", f"{top / 2:.4g}", *scales)))
    count = max(width - left - GAP, NARROW)
    values = picture.sampled(count * glyphs.across)
    heights = {0: f"{top:.4g}", HEIGHT // 2: f"{top / 2:.4g}", HEIGHT - 1: "0"} if top else {HEIGHT - 1: "0"}
    lines = [f"{heights.get(k, ''):>{left}} |{line}".rstrip() for k, line in enumerate(cells(values, top, count, glyphs))]
    places = [round(tick.place * (count - 1)) for tick in ticks]
    axis = "".join("+" if column in places else "-" for column in range(count))
    return "\n".join([*lines, f"{'':{left}} +{axis}", *label_lines(ticks, places, scales, left, count)])


def cells(values: Sequence[float], top: float, count: int, glyphs: Glyphs) -> list[str]:
    """The lines of the picture."""
    dots: dict[tuple[int, int], list[tuple[int, int]]] = {}
    last = HEIGHT * glyphs.down - 1
    heights = [last - round(value / top * last) if top else last for value in values]
    for x, (before, y) in enumerate(zip([heights[0], *heights], heights, strict=False)):
        for line in dots_between(before, y):
            dots.setdefault((x // glyphs.across, line // glyphs.down), []).append((x % glyphs.across, line % glyphs.down))
    return ["".join(glyphs.cell(dots[x, y]) if (x, y) in dots else " " for x in range(count)) for y in range(HEIGHT)]


def dots_between(before: int, now: int) -> range:
    """The dots of one column: down or up to where the curve is now, without the one it was at."""
    if now == before:
        return range(now, now + 1)
    return range(before + 1, now + 1) if now > before else range(now, before)


def label_lines(ticks: Sequence[Tick], places: Sequence[int], scales: Sequence[str], left: int, count: int) -> list[str]:
    """A line of labels for each scale. A tick whose labels have no room goes without, the first ones go first."""
    taken: list[tuple[int, int]] = []
    rows = [[" "] * count for _ in scales]
    for tick, place in zip(ticks, places, strict=True):
        size = max(map(len, tick.labels))
        begin = min(max(place - size // 2, 0), count - size)
        if any(begin < end + GAP and start < begin + size + GAP for start, end in taken):
            continue
        taken.append((begin, begin + size))
        for row, label in zip(rows, tick.labels, strict=True):
            at = min(max(place - len(label) // 2, begin), begin + size - len(label))
            row[at : at + len(label)] = label
    return [f"{scale:>{left}}  {''.join(row)}".rstrip() for scale, row in zip(scales, rows, strict=True)]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of numbers, and a last one of words."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [[*(f"{cell:>{size}}" for cell, size in zip(row[:-1], widths, strict=False)), row[-1]] for row in (heads, *rows)]
    return "\n".join("  ".join(["", *line]).rstrip() for line in lines)
