"""Sums statistics over an evaluation's batches: every example counts once, and the numbers are finished once, at the end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.spec_error import SpecError
from netspec.train.feed import NO_BATCHES, Feed
from netspec.train.prefetch import Prefetched
from netspec.train.tally import Tally

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result
    from netspec.lower.program import Program


def evaluate_feed(
    program: Program, state: Any, feed: Feed, limit: int | None = None, stop: Callable[[], object] = lambda: False
) -> dict[str, Result] | None:
    """Loss and metrics over the feed (at most `limit` batches); None when `stop` said so before the end."""
    tally, state = Tally(program, "eval"), program.averaged(state)
    batches = Prefetched(islice(feed.evaluation(), limit), program.send)
    try:
        first = 0
        for batch in batches:
            tally.add(first, program.eval_step(state, batch, first))
            first += len(next(iter(batch.values())))
            if stop():
                return None
    finally:
        batches.close()
    if not tally:
        raise SpecError([NO_BATCHES])
    return tally.finish()
