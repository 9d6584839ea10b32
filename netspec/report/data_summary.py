"""Says what the data of a run hold: how many examples, how many of each class, ranges, missing values, lengths, and what would mislead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netspec.limits import LIMITS
from netspec.report.markup import Html, fold, join, note, table, tag
from netspec.tools.data_files import fields
from netspec.tools.data_files.field_facts import Facts, count_values, look_at
from netspec.train.feed import ArrayFeed, Feed

MOST_CLASSES = 200
"""Classes that are counted, a row each."""


def summarize(name: str, feed: Feed, classes: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> Html:
    """The fields of a part of the data, as the chain of whole data leaves them; `counts`: how many classes fields have."""
    if not isinstance(feed, ArrayFeed):
        return note(f"{name}: batches that Python handed over, which are not looked through.")
    facts = {field: look_at(values) for field, values in feed.arrays.items()}
    rows = [(field, *_cells(found)) for field, found in facts.items()]
    tables = [_classes(field, values, classes.get(field, ())) for field, values in feed.arrays.items() if field in counts]
    head = join(tag("h4", f"{name} part"), note(f"{feed.examples:,} examples, {feed.steps_per_epoch:,} batches."))
    looked = sum(getattr(values, "nbytes", 0) for values in feed.arrays.values()) <= LIMITS.digest_bytes
    warnings = [tag("li", text) for text in fields.warnings(feed.arrays, classes)] if looked else []
    return join(head, table(*_without_empty(HEADINGS, rows), words=2), *tables, tag("ul", *warnings, class_="note") if warnings else None)


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


def _classes(field: str, values: object, names: Sequence[str]) -> Html | None:
    """How often each class is there."""
    found = count_values(values, MOST_CLASSES)
    rows = list(_shares(found, names))
    return fold(f"`{field}`: {len(rows)} classes", table(("class", "examples", "share"), rows), open=len(rows) <= 20) if rows else None


def _shares(found: Mapping[int, int], names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """A row for each class that is there."""
    total = sum(found.values())
    for value, count in found.items():
        name = f"{value} ({names[value]})" if 0 <= value < len(names) else str(value)
        yield name, f"{count:,}", f"{count / total:.1%}"
