"""Runs the training loop: steps, and between them lines of metrics, evaluations and checkpoints.

A session can be interrupted between any two steps. What the run writes, parameters and metrics alike, depends on the spec, the seed and the
data only: the position in the data, the optimizer and the sums of metrics that are not yet written are part of a checkpoint.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.nonfinite import TooManyNonfinite
from netspec.diagnostics.running.runs import GradientNotFinite, LossNotFinite
from netspec.ir import TrainPlan
from netspec.lazy import jax, np
from netspec.limits import LIMITS
from netspec.lower.step_gauge import Gauge
from netspec.train import metrics_table
from netspec.train.batch_stream import Fed, Position, stream
from netspec.train.checkpoint_contents import Resumed, copy_tensors, facts_of
from netspec.train.early_stopping import describe_stop, score_of
from netspec.train.evaluation import evaluate_feed
from netspec.train.feed import Feed
from netspec.train.light_steps import is_light
from netspec.train.measured_step import blank_unmeasured, fields_of
from netspec.train.metrics_log import Record
from netspec.train.metrics_table import Table
from netspec.train.nonfinite_steps import NonfiniteSteps
from netspec.train.prefetch import Prefetched
from netspec.train.profile import CHECKPOINT, COMPUTE, DATA, DISPATCH, EVALUATION, WRITING, Profile
from netspec.train.progress import Reporter
from netspec.train.run_folder import RunFolder
from netspec.train.signals import Stop
from netspec.train.stopwatch import Stopwatch
from netspec.train.tally import Tally
from netspec.train.timetable import Timetable

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result
    from netspec.lower.program import Program


@dataclass
class Session:
    """One run from its start or a checkpoint to its end. `program` knows the clock of `timetable`."""

    program: Program
    plan: TrainPlan
    timetable: Timetable
    feed: Feed
    eval_feed: Feed | None
    start: Resumed
    folder: RunFolder | None
    reporter: Reporter
    stop: Stop
    history: list[Record] = field(default_factory=list)
    gauge: Gauge = Gauge()
    """What is measured of the steps."""
    profile: Profile = field(default_factory=Profile)
    """What their time is spent on."""

    def __post_init__(self) -> None:
        self.state: Any = self.start.state
        self.position: Position = self.start.position
        self._evaluated = self.start.evaluated
        self._score = self.start.score
        self.course = self.start.course
        self._saved = self.start.saved
        self._first: Any = None
        """The first batch, until its loss has been looked at."""
        self._last: Fed | None = None
        """What was fed last."""
        self._seen: Any = None
        """What was measured of the newest step."""
        self._table = Table(self.folder.path / metrics_table.NAME) if self.folder else None
        self._tally = Tally(self.program, "train", self.start.statistics)
        self._watch = Stopwatch(self.start.seconds)
        self.kept: Resumed | None = None
        """Where a run without a folder goes back to."""
        self._nonfinite = NonfiniteSteps(self.program, self.plan.on_nonfinite, self.reporter)

    def position_behind(self, step: int) -> Position:
        """The place in the data behind a step of late."""
        return self._nonfinite.position_behind(step, self.position)

    def run(self) -> None:
        """Train to the end, or until `stop`. Raises `Mistake` for a loss that is no number, bad data, a disk that takes nothing."""
        self.reporter.begin(self.plan.name, self.position.step, self.timetable.clock.total_steps)
        try:
            self._between_steps()
            self.profile.mark("run folder, first weights")
            axes = 1 if self.plan.accumulate == 1 else 2
            ends = self.timetable.ends if self.takes_several else None
            with closing(stream(self.feed, self.position, self.timetable.clock.total_steps, axes, self.program.send, ends=ends)) as batches:
                while not self.stop and not self.course.stopped and (fed := self._next(batches)) is not None:
                    self._step(fed)
                    self._between_steps()
            self._tally.settle()
            self._refuse_not_finite()
            self._save()
            self._await_write()
            if self.course.stopped and self.plan.stop and self.position.step < self.timetable.clock.total_steps:
                self.reporter.note(describe_stop(self.plan.stop, self.course, self.position.step))
        except Mistake as mistake:
            raise self._with_checkpoint(self._with_source(mistake)) from mistake
        finally:
            self.profile.end()
            if self.folder:
                self.folder.writer.wait()
            self.reporter.end()

    def _next(self, batches: Prefetched[Any, Fed]) -> Fed | None:
        """The next batch. Where it is not made yet, what the device is still computing is waited for first: only the rest is lost time."""
        if batches.ready:
            return next(batches, None)
        with self.profile.within(COMPUTE):
            self._tally.wait()
        with self.profile.within(DATA), self._watch.waiting():
            return next(batches, None)

    @cached_property
    def takes_several(self) -> bool:
        """Whether steps are taken several in one call: those of which the call would be a good part."""
        return self.program.may_take_several and is_light(self.plan)

    def _step(self, fed: Fed) -> None:
        """One step of training, or several in one call. The first batch is kept for the step behind it, whose loss may be no number."""
        self._last = fed
        self._first = fed.last if self.position.step == 0 else self._first if self.position.step == 1 else None
        with self.profile.within(DISPATCH):
            statistics = self._send_off(fed)
        self.position = fed.after
        with self.profile.within(COMPUTE):
            if self.takes_several:
                self._tally.add_several(fed.after.step, statistics, fed.steps)
            else:
                self._tally.add(fed.after.step, statistics)
            self._nonfinite.add(fed, self._seen, self.state)
            self._watch.count(fed.examples, statistics)
        self.profile.stepped(fed.steps)
        if self._watch.display_due():
            self.reporter.advance(fed.after.step, self._tally.peek(), self._watch.rate, self._watch.wait)

    def _send_off(self, fed: Fed) -> Any:
        """Has the device take what was fed; the statistics."""
        if self.takes_several:
            found = self.program.observed_steps(self.state, fed.batch, fed.steps, self.gauge, fed.stacked)
        else:
            found = self.program.observed_step(self.state, fed.batch, self.gauge)
        self.state, statistics, self._seen = found
        return statistics

    def _between_steps(self) -> None:
        """What is due behind a step: a line of metrics, an evaluation, a checkpoint."""
        step, table = self.position.step, self.timetable
        self._await_write(table.checkpoint_due(step))
        evaluates = step and self._evaluated < step and table.evaluation_due(step)
        if step == 1 or evaluates or table.log_due(step):
            with self.profile.within(COMPUTE):
                self._tally.settle()
        if step == 1 or evaluates:
            self._refuse_not_finite()
        if self._tally and table.log_due(step):
            rate, wait = self._watch.lap()
            with self.profile.within(WRITING):
                self.write("train", self._tally.finish(), rate, wait=wait)
        improved = self._evaluate() if evaluates and not self.stop else False
        if step and (improved or table.checkpoint_due(step)):
            self._save()

    @property
    def data_wait(self) -> float:
        """The share of the training time in which the device had to wait for data."""
        return self._watch.whole_wait

    # --- evaluation --------------------------------------------------------------------------------------------------

    def _evaluate(self) -> bool:
        """Evaluate; whether it is the best so far."""
        if self.eval_feed is None:
            return False
        with self.profile.within(EVALUATION), self._watch.paused():
            values = evaluate_feed(self.program, self.state, self.eval_feed, self.plan.eval.limit, lambda: self.stop)
        if values is None:
            return False
        self._evaluated, self._score = self.position.step, score_of(values, self.plan.best)
        self.write(self.plan.eval.part, values)
        before, self.course = self.course, self.course.after(values, self.plan.best, self.plan.stop)
        return self.course.best < before.best

    def write(
        self, split: str, values: dict[str, Result], rate: float | None = None, checkpoint: int | None = None, wait: float | None = None
    ) -> None:
        """Writes a line of metrics and shows it. `checkpoint`: the step of the parameters, where they are those of a chosen checkpoint."""
        step = self.position.step
        measured = fields_of(self.program.reading(self.gauge, self._seen)) if split == "train" else {}
        values = blank_unmeasured(values, measured, step, self.history)
        metrics = {name: value for name, value in values.items() if name != "loss"}
        epoch = round(step / self.timetable.clock.steps_per_epoch, 6)
        times = rate and round(rate, 1), round(self._watch.seconds, 3)
        waited = None if wait is None else round(wait, 4)
        record = Record(step, epoch, split, values["loss"], metrics, *times, checkpoint, waited, measured)
        if split == "train" and not np.isfinite(record.loss) and not measured.get("skipped_steps"):
            raise Mistake(LossNotFinite(step=step, value=record.loss))
        self.history.append(record)
        if self.folder and self._table:
            self.folder.log.add(record)
            self._table.add(self.history)
        self.reporter.record(record)

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def _await_write(self, wait: bool = True) -> None:
        """Raises what the last checkpoint failed with; where another one is due, it is waited for, so that a kill never costs two. One of a
        new best waits for it when it is written."""
        if self.folder:
            with self.profile.within(WRITING):
                self.folder.writer.finish() if wait else self.folder.writer.raise_failure()

    def _save(self) -> None:
        """Save unless this very moment is saved already: the tensors are copied, and written while training goes on."""
        moment = (self.position.step, self._evaluated)
        if self.folder is None or self._saved == moment:
            return self._keep()
        with self.profile.within(CHECKPOINT), self._watch.paused():
            self._tally.settle()
            arrays = copy_tensors(self.state, self._tally.leaves())
            self._refuse_not_finite()
            score = self._score if self._evaluated == self.position.step else None
            facts = facts_of(self.position, self.plan.seed, self._evaluated, score, self.course, self._watch.seconds)
            write = partial(self.folder.store.save, self.position.step, arrays, self.folder.recipe.digest, facts)
            self.folder.writer.start(write)
        self._saved = moment

    def _keep(self) -> None:
        """Remember where a run without a folder may go back to."""
        if self.folder is None and self.plan.on_nonfinite.action == "rollback":
            self._tally.settle()
            self._refuse_not_finite()
            seen = {"evaluated": self._evaluated, "score": self._score, "course": self.course, "seconds": self._watch.seconds}
            state = jax.tree.map(np.array, self.state)
            self.kept = replace(self.start, state=state, position=self.position, statistics=self._tally.leaves() or None, **seen)

    def _refuse_not_finite(self) -> None:
        """An update may have broken a parameter though the loss before it was a number: such a state is no checkpoint."""
        self._nonfinite.settle(self.state)
        for path, leaf in self.state.params.items():
            array = np.asarray(leaf)
            if jax.numpy.issubdtype(array.dtype, np.inexact) and not np.isfinite(array).all():
                bad = array[~np.isfinite(array)].flat[0]
                raise Mistake(LossNotFinite(step=self.position.step, value=float(bad), what=f"a value of the parameter `{path}`"))

    def _with_source(self, mistake: Mistake) -> Mistake:
        """A loss that is no number before any update is laid at what makes the first NaN of the model; one behind an update, or a
        parameter, at the op whose gradient broke it, where there is one."""
        if not isinstance(mistake.diagnostic, LossNotFinite):
            return mistake
        if not mistake.diagnostic.untrained:
            return self._with_gradient_source(mistake)
        if self._first is None:
            return mistake
        batch = self._first if self.plan.accumulate == 1 else {name: x[0] for name, x in self._first.items()}
        at = self.program.first_nan(batch)
        return mistake if at is None else Mistake(replace(mistake.diagnostic, at=at))

    def _with_gradient_source(self, mistake: Mistake) -> Mistake:
        """The op whose gradient is no number on one of the first batches before any update: no learning rate makes up for it."""
        assert isinstance(mistake.diagnostic, LossNotFinite)
        parts = chain([] if self._last is None else self._split(self._last.last), *map(self._split, self.feed.training(0)))
        for batch in islice(parts, LIMITS.batches_looked_through):
            source = self.program.find_gradient_source(batch)
            if source is not None:
                named = {"op": source.op.op_name(), "symbol": getattr(source.op, "symbol", ""), "positive": source.op.positive}
                return Mistake(GradientNotFinite(at=source.at, step=mistake.diagnostic.step, **named))
        return mistake

    def _split(self, batch: Any) -> list[Any]:
        """The batches that count as one where the spec accumulates."""
        count = self.plan.accumulate
        return [batch] if count == 1 else [{name: x[part] for name, x in batch.items()} for part in range(count)]

    def _with_checkpoint(self, mistake: Mistake) -> Mistake:
        """A lost run is told where it can go on from."""
        if isinstance(mistake.diagnostic, LossNotFinite | TooManyNonfinite) and self.folder and (steps := self.folder.store.steps()):
            return Mistake(replace(mistake.diagnostic, checkpoint=str(self.folder.store.path(steps[-1]))))
        return mistake
