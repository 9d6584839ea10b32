"""Measures the test part once, when the training is over, with the best checkpoint: nothing was chosen by it."""

from __future__ import annotations

from typing import Any

from netspec.train.checkpoint_contents import restore_checkpoint
from netspec.train.evaluation import evaluate_feed
from netspec.train.feed import Feed
from netspec.train.session import Session


def measure_test(session: Session, feed: Feed) -> None:
    """Write the line of the test part, unless a signal comes before its end: whoever resumes then measures it."""
    step, state = best_state(session)
    values = evaluate_feed(session.program, state, feed, None, lambda: session.stop)
    if values is not None:
        session.write("test", values, None, step)


def best_state(session: Session) -> tuple[int, Any]:
    """The state of the best checkpoint and its step; without a run folder, which alone keeps others, the last state."""
    last = session.position.step
    step = (session.folder.store.best() if session.folder else None) or last
    if step == last or session.folder is None:
        return last, session.state
    return step, restore_checkpoint(session.program, session.folder, step).state
