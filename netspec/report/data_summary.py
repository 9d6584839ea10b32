"""Says what the data of a run hold: how many examples, how many of each class, ranges, missing values, lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.lazy import np
from netspec.library.data.columns import Ragged
from netspec.report.markup import Html, fold, join, note, table
from netspec.train.feed import ArrayFeed, Feed

MOST_CLASSES = 200
"""Classes that have a row each."""
MOST_VALUES = 1 << 26
"""Values of a field that are looked at: they are in memory, or read from a file in a second."""


def summarize(name: str, feed: Feed, classes: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> Html:
    """The fields of a part of the data, as the chain of whole data leaves them; `counts`: how many classes fields have."""
    if not isinstance(feed, ArrayFeed):
        return note(f"{name}: batches that Python handed over, which are not looked through.")
    rows = [(field, *_describe(values)) for field, values in feed.arrays.items()]
    tables = [_classes(field, values, classes.get(field, ())) for field, values in feed.arrays.items() if field in counts]
    head = note(f"{name}: {feed.examples:,} examples, {feed.steps_per_epoch:,} batches.")
    return join(head, table(("field", "type", "from", "to", "mean", "missing"), rows, words=2), *tables)


def _describe(values: Any) -> tuple[str, ...]:
    """Type, range, mean and missing values of a field; of sequences the range of their lengths stands with the type."""
    flat = values.values if isinstance(values, Ragged) else values
    if not isinstance(flat, np.ndarray):
        return ("read when a batch needs it", "", "", "", "")
    lengths = values.lengths if isinstance(values, Ragged) else None
    shape = ", ".join(map(str, flat.shape[1:])) if lengths is None else _between(lengths)
    kind = f"{flat.dtype}[{shape}]"
    if flat.dtype.kind not in "fiub" or not flat.size:
        return (kind, "", "", "", "")
    every = -(-flat.size // MOST_VALUES)
    flat, kind = flat[::every], f"{kind}, every {every}th looked at" if every > 1 else kind
    missing = int(np.isnan(flat).sum()) if flat.dtype.kind == "f" else 0
    if missing == flat.size:
        return (kind, "", "", "", f"{missing:,}")
    measures = (np.nanmin(flat), np.nanmax(flat), np.nanmean(flat, dtype=np.float64))
    return (kind, *(f"{float(x):.4g}" for x in measures), f"{missing:,}" if missing else "")


def _between(lengths: Any) -> str:
    """`3 to 17`."""
    return f"{int(lengths.min())} to {int(lengths.max())}" if len(lengths) else ""


def _classes(field: str, values: Any, names: Sequence[str]) -> Html | None:
    """How often each class is there."""
    flat = values.values if isinstance(values, Ragged) else values
    if not isinstance(flat, np.ndarray) or flat.dtype.kind not in "iub":
        return None
    found, counts = np.unique(flat, return_counts=True)
    rows = list(_shares(found.tolist(), counts.tolist(), names))
    return fold(f"`{field}`: {len(rows)} classes", table(("class", "examples", "share"), rows[:MOST_CLASSES]), open=len(rows) <= 20)


def _shares(found: list[int], counts: list[int], names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """A row for each class that is there."""
    total = sum(counts)
    for value, count in zip(found, counts, strict=True):
        name = f"{value} ({names[value]})" if 0 <= value < len(names) else str(value)
        yield name, f"{count:,}", f"{count / total:.1%}"
