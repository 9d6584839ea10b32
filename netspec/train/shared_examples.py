"""Finds examples of validation or test that the model is trained on, by digests of their bytes."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.parts import ExamplesInTwoParts
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import Table, number_record
from netspec.limits import LIMITS
from netspec.train.feed import ArrayFeed, Feed
from netspec.train.progress import Reporter

SHARE = 0.01
"""Up to this share of a part may be in two parts unsaid: small numbers in few fields are the same now and then."""


def warn_of_shared(train: Feed, others: dict[str, Feed | None], tell: Reporter) -> None:
    """A note for each part with examples that are trained on, where looking is cheap: for arrays in memory of no more than
    `LIMITS.compared_bytes`."""
    known: set[int] | None = None
    problems: list[Diagnostic] = []
    for part, feed in others.items():
        if isinstance(train, ArrayFeed) and isinstance(feed, ArrayFeed) and feed.plan.batch and is_cheap(train.arrays, feed.arrays):
            known = set(digest_rows(train.arrays)) if known is None else known
            twice = [record for record, digest in enumerate(digest_rows(feed.arrays)) if digest in known]
            if len(twice) > SHARE * feed.examples:
                problem = ExamplesInTwoParts(part=part, examples=len(twice), of=feed.examples, record=twice[0])
                problems.append(number_record(problem, feed.arrays))
    if problems:
        from netspec.diagnostics.drawing.text import render_text  # few trainings need it

        tell.note(render_text(problems))


def is_cheap(*tables: Table) -> bool:
    """Whether all fields are arrays in memory, and small ones."""
    values = [column for table in tables for column in table.values()]
    return all(isinstance(v, np.ndarray) for v in values) and sum(v.nbytes for v in values) <= LIMITS.compared_bytes


def digest_rows(table: Table) -> list[int]:
    """A number for each example, the same for equal ones."""
    return [hash(parts) for parts in zip(*(_digest_rows(values) for _, values in sorted(table.items())), strict=True)]


def _digest_rows(values: Array) -> list[int]:
    """The same of one field."""
    content, size = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data, values[:1].nbytes
    return [hash(bytes(content[start : start + size])) for start in range(0, len(values) * size, size or 1)]
