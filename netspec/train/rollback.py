"""Takes a run back to its last checkpoint when a step was no number, where the spec says `on_nonfinite = rollback`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.nonfinite import TooManyNonfinite
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.lazy import jax, np
from netspec.train.checkpoint_contents import Resumed, restore_checkpoint
from netspec.train.metrics_log import Record
from netspec.train.nonfinite_steps import show_place

if TYPE_CHECKING:
    from netspec.train.session import Session


def train_through(begin: Callable[[Resumed, list[Record]], Session], start: Resumed, history: list[Record]) -> Session:
    """The session that reached the end, or was stopped. One whose steps are no numbers is followed by one that begins at the last
    checkpoint. Raises its `Mistake` where the spec wants no other, or has had as many as it wants."""
    kept = keep_beginning(start) if start.state.guard else None
    while True:
        session = begin(start, history)
        try:
            session.run()
            return session
        except Mistake as mistake:
            times = count_returns(session)
            if not may_return(session, mistake.diagnostic, times):
                raise
            kept = session.kept or kept
            start, history = go_back(session, mistake.diagnostic, times + 1, kept)


def keep_beginning(start: Resumed) -> Resumed:
    """Where the run begins, in memory of its own: steps are given its arrays."""
    return replace(start, state=jax.tree.map(np.array, start.state))


def count_returns(session: Session) -> int:
    """How often the run went back so far."""
    guard = session.state.guard
    return int(guard["rollbacks"]) if guard and "rollbacks" in guard else 0


def may_return(session: Session, problem: Diagnostic, times: int) -> bool:
    """Whether the run goes back for a problem."""
    rule = session.plan.on_nonfinite
    return rule.action == "rollback" and isinstance(problem, LossNotFinite | TooManyNonfinite) and times < rule.limit


def go_back(session: Session, problem: Diagnostic, times: int, known: Resumed | None) -> tuple[Resumed, list[Record]]:
    """The last checkpoint, of a run without a folder the one that is `known`, or the beginning; and the lines until there. The data are
    those that come behind the step that failed, and random numbers are others, so that the run does not repeat itself.

    No checkpoint says so before the next one is saved: a run that is killed until then goes the same way once more, to the same bits.
    """
    assert isinstance(problem, LossNotFinite | TooManyNonfinite)
    program, folder, behind = session.program, session.folder, session.position_behind(problem.step)
    steps = folder.store.steps() if folder else []
    found = restore_checkpoint(program, folder, steps[-1]) if folder and steps else known or Resumed(program.init())
    own = jax.tree.map(np.array, found.state)  # what is kept in memory is not given away to the next step
    state = program.send(own._replace(guard={**own.guard, "rollbacks": np.int32(times)}))
    start = replace(found, state=state, position=replace(found.position, epoch=behind.epoch, batch=behind.batch))
    kept = [r for r in session.history if r.step <= (start.position.step if r.split == "train" else start.evaluated)]
    if folder:
        folder.log.rewrite(kept)
    again = f"the run goes back to step {start.position.step:,} and on with other data ({times} of {session.plan.on_nonfinite.limit} times)"
    session.reporter.note(f"step {problem.step:,}: {problem.what} is no number{show_place(problem.at)}; {again}")
    return start, kept
