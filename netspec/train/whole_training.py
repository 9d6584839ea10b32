"""One whole training: from a fresh state or the last checkpoint to its end, and the measurement of the test part behind it.

What checkpoints and logs need is imported from here on: a program that only takes steps never pays for it.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from netspec.ir import TrainPlan
from netspec.lower.step_gauge import Gauge
from netspec.train.checkpoint_contents import Resumed, restore_checkpoint
from netspec.train.feed import Feed
from netspec.train.final_test import measure_test
from netspec.train.initial_weights import Initial, begin_anew
from netspec.train.metrics_log import Record
from netspec.train.process_record import keep_process
from netspec.train.profile import Profile
from netspec.train.progress import Reporter
from netspec.train.resumption import describe_fresh_start, require_no_lines
from netspec.train.rollback import train_through
from netspec.train.run_folder import RunFolder
from netspec.train.session import Session
from netspec.train.signals import Stop, listen
from netspec.train.timetable import Timetable

if TYPE_CHECKING:
    from netspec.train.trainable_model import Program


def run_session(
    program: Program,
    plan: TrainPlan,
    table: Timetable,
    feed: Feed,
    eval_feed: Feed | None,
    run: RunFolder | None,
    resume: bool,
    tell: Reporter,
    stop: Stop,
    gauge: Gauge,
    profile: Profile,
    test_feed: Feed | None = None,
    initial: Initial | None = None,
) -> Session:
    """Trains to the end, or, where there is a run with checkpoints and lines to be saved, to a signal."""
    start, history = _begin(program, plan, table, run, resume, tell, initial)
    if run is not None:
        keep_process(run.path, program.recipe, plan.seed, start.position.step)
    with listen(stop) if run else nullcontext():

        def begin(start: Resumed, history: list[Record]) -> Session:
            return Session(program, plan, table, feed, eval_feed, start, run, tell, stop, history, gauge, profile)

        session = train_through(begin, start, history)
        if test_feed is not None and not stop:
            measure_test(session, test_feed)
    return session


def _begin(
    program: Program, plan: TrainPlan, table: Timetable, run: RunFolder | None, resume: bool, tell: Reporter, initial: Initial | None
) -> tuple[Resumed, list[Record]]:
    """The last checkpoint and the lines written before it, or a fresh state. Raises `Mistake` where a part of the run has vanished."""
    if run is None:
        return begin_anew(program, None, initial, tell), []
    if resume and not run.store.folder.exists():
        require_no_lines(run)
    run.store.recover()
    if resume:
        run.store.require_manifests()
    steps = run.store.steps() if resume else []
    start = restore_checkpoint(program, run, steps[-1]) if steps else begin_anew(program, run, initial, tell)
    step = start.position.step
    begun = any(map(table.log_due, range(1, step + 1)))
    if note := describe_fresh_start(run, step, begun) if resume else "":
        tell.note(note)
    return start, run.log.keep_until(step, start.evaluated, table.log_due(step), begun, plan.eval.part)
