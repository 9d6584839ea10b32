"""Says what the data of a run hold: how many examples, how many of each class, ranges, missing values, lengths, and what would mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.limits import LIMITS
from netspec.report.markup import Html, fold, join, note, table, tag
from netspec.tools.data_files import fields
from netspec.tools.data_files.field_facts import Facts, count_values, look_at
from netspec.train.feed import ArrayFeed, Feed

MOST_CLASSES = 200
"""Classes that are counted, a row each."""


def summarize(feeds: Mapping[str, Feed], names: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> Html:
    """The parts of the data, as the chain of whole data leaves them. `names`: what classes are called, `counts`: how many fields have."""
    looked = {part: feed for part, feed in feeds.items() if isinstance(feed, ArrayFeed)}
    others = [note(f"{part}: batches that Python handed over, which are not looked through.") for part in feeds if part not in looked]
    fields_of = dict.fromkeys(field for feed in looked.values() for field in feed.arrays if field in counts)
    classes = (
        _classes(field, {part: feed.arrays.get(field) for part, feed in looked.items()}, names.get(field, ())) for field in fields_of
    )
    return join(*(_describe(part, feed, names) for part, feed in looked.items()), *others, *classes)


def _describe(part: str, feed: ArrayFeed, names: Mapping[str, Sequence[str]]) -> Html:
    """The fields of a part, and what would mislead a training on it."""
    rows = [(field, *_cells(look_at(values))) for field, values in feed.arrays.items()]
    small = sum(getattr(values, "nbytes", 0) for values in feed.arrays.values()) <= LIMITS.digest_bytes
    warnings = [tag("li", text) for text in fields.warnings(feed.arrays, names)] if small else []
    head = join(tag("h4", part), note(f"{feed.examples:,} examples, {feed.steps_per_epoch:,} batches."))
    return join(head, table(*_without_empty(HEADINGS, rows), words=2), tag("ul", *warnings, class_="note") if warnings else None)


HEADINGS = ("field", "type", "lengths", "from", "to", "mean", "missing")


def _cells(facts: Facts) -> tuple[str, ...]:
    """Type, lengths, range, mean and missing values of a field."""
    kind = f"{facts.kind}, every {facts.every}th looked at" if facts.every > 1 else facts.kind or "read when a batch needs it"
    lengths = f"{facts.lengths[0]:,} to {facts.lengths[2]:,}" if facts.lengths else ""
    numbers = ("" if x is None else f"{x:.4g}" for x in (facts.low, facts.high, facts.mean))
    return (kind, lengths, *numbers, f"{facts.missing:,}" if facts.missing else "")


def _without_empty(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """The columns of a table in which something stands."""
    kept = [k for k in range(len(headings)) if any(row[k] for row in rows)]
    return [headings[k] for k in kept], [[row[k] for k in kept] for row in rows]


def _classes(field: str, parts: Mapping[str, Any], names: Sequence[str]) -> Html | None:
    """How often each class is in each part."""
    found = {part: count_values(values, MOST_CLASSES) for part, values in parts.items() if values is not None}
    every = sorted({value for counts in found.values() for value in counts})
    if not every:
        return None
    totals = {part: sum(counts.values()) or 1 for part, counts in found.items()}
    rows = []
    for value in every:
        cells = [
            cell for part, counts in found.items() for cell in (f"{counts.get(value, 0):,}", f"{counts.get(value, 0) / totals[part]:.1%}")
        ]
        rows.append((f"{value} ({names[value]})" if 0 <= value < len(names) else str(value), *cells))
    headings = ("class", *(heading for part in found for heading in (part, "share")))
    return fold(join(tag("code", field), f": {len(every)} classes"), table(headings, rows), open=len(every) <= 20)
