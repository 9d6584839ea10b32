"""Runs the training loop: steps, and between them lines of metrics, evaluations and checkpoints.

A session can be interrupted between any two steps. What the run writes, parameters and metrics alike, depends on the spec, the seed and the
data only: the position in the data, the optimizer and the sums of metrics that are not yet written are part of a checkpoint.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import GradientNotFinite, LossNotFinite
from netspec.ir import TrainPlan
from netspec.lazy import jax, np
from netspec.limits import LIMITS
from netspec.train import metrics_table
from netspec.train.batch_stream import Fed, Position, stream
from netspec.train.checkpoint_contents import Resumed, facts_of, tensors_of
from netspec.train.evaluation import evaluate_feed
from netspec.train.feed import Feed
from netspec.train.metrics_log import Record
from netspec.train.metrics_table import Table
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

    def __post_init__(self) -> None:
        self.state: Any = self.start.state
        self.position: Position = self.start.position
        self._evaluated = self.start.evaluated
        self._eval_loss = self.start.eval_loss
        self._best = self.start.best
        self._saved = self.start.saved
        self._first: Any = None
        """The first batch, until its loss has been looked at."""
        self._last: Any = None
        """The newest batch."""
        self._table = Table(self.folder.path / metrics_table.NAME) if self.folder else None
        self._tally = Tally(self.program, "train", self.start.statistics)
        self._watch = Stopwatch(self.start.seconds)

    def run(self) -> None:
        """Train to the end, or until `stop`. Raises `Mistake` for a loss that is no number, bad data, a disk that takes nothing."""
        self.reporter.begin(self.plan.name, self.position.step, self.timetable.clock.total_steps)
        try:
            self._between_steps()
            axes = 1 if self.plan.accumulate == 1 else 2
            with closing(stream(self.feed, self.position, self.timetable.clock.total_steps, axes, self.program.send)) as batches:
                while not self.stop and (fed := next(batches, None)) is not None:
                    self._step(fed)
                    self._between_steps()
            self._tally.settle()
            self._refuse_not_finite()
            self._save()
        except Mistake as mistake:
            raise self._with_checkpoint(self._with_source(mistake)) from mistake
        finally:
            self.reporter.end()

    def _step(self, fed: Fed) -> None:
        """One step of training. The first batch is kept for the step behind it, whose loss may be no number."""
        self._last = fed.batch
        self._first = fed.batch if self.position.step == 0 else self._first if self.position.step == 1 else None
        self.state, statistics = self.program.train_step(self.state, fed.batch)
        self.position = fed.after
        self._tally.add(fed.after.step, statistics)
        self._watch.count(fed.examples, statistics)
        if self._watch.display_due():
            self.reporter.advance(fed.after.step, self._tally.peek(), self._watch.rate)

    def _between_steps(self) -> None:
        """What is due behind a step: a line of metrics, an evaluation, a checkpoint."""
        step, table = self.position.step, self.timetable
        if step == 1 or (step and self._evaluated < step and table.evaluation_due(step)):
            self._tally.settle()
            self._refuse_not_finite()
        if self._tally and table.log_due(step):
            self._write("train", self._tally.finish(), self._watch.lap())
        improved = self._evaluate() if step and self._evaluated < step and table.evaluation_due(step) and not self.stop else False
        if step and (improved or table.checkpoint_due(step)):
            self._save()

    # --- evaluation --------------------------------------------------------------------------------------------------

    def _evaluate(self) -> bool:
        """Evaluate; whether the loss is the lowest so far (what is called best)."""
        if self.eval_feed is None:
            return False
        with self._watch.paused():
            values = evaluate_feed(self.program, self.state, self.eval_feed, self.plan.eval.limit, lambda: self.stop)
        if values is None:
            return False
        self._evaluated, self._eval_loss = self.position.step, values["loss"]
        self._write("eval", values, None)
        improved = self._eval_loss < self._best
        self._best = min(self._best, self._eval_loss)
        return improved

    def _write(self, split: str, values: dict[str, Result], rate: float | None) -> None:
        """Writes a line of metrics and shows it."""
        metrics = {name: value for name, value in values.items() if name != "loss"}
        step = self.position.step
        epoch = round(step / self.timetable.clock.steps_per_epoch, 6)
        record = Record(step, epoch, split, values["loss"], metrics, rate and round(rate, 1), round(self._watch.seconds, 3))
        if split == "train" and not np.isfinite(record.loss):
            raise Mistake(LossNotFinite(step=step, value=record.loss))
        self.history.append(record)
        if self.folder and self._table:
            self.folder.log.add(record)
            self._table.add(self.history)
        self.reporter.record(record)

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        """Save unless this very moment is saved already."""
        moment = (self.position.step, self._evaluated)
        if self.folder is None or self._saved == moment:
            return
        with self._watch.paused():
            self._tally.settle()
            arrays = tensors_of(self.state, self._tally.leaves())
            self._refuse_not_finite()
            loss = self._eval_loss if self._evaluated == self.position.step else None
            facts = facts_of(self.position, self.plan.seed, self._evaluated, loss, self._best, self._watch.seconds)
            self.folder.store.save(self.position.step, arrays, self.folder.recipe.digest, facts)
        self._saved = moment

    def _refuse_not_finite(self) -> None:
        """An update may have broken a parameter though the loss before it was a number: such a state is no checkpoint."""
        for path, leaf in self.state.params.items():
            array = np.asarray(leaf)
            if jax.numpy.issubdtype(array.dtype, np.inexact) and not np.isfinite(array).all():
                bad = array[~np.isfinite(array)].flat[0]
                raise Mistake(LossNotFinite(step=self.position.step, value=float(bad), what=f"a value of the parameter `{path}`"))

    def _with_source(self, mistake: Mistake) -> Mistake:
        """A loss that is no number before any update is laid at what makes the first NaN of the model; one behind an update, or a
        parameter, at the op whose gradient broke it, where there is one."""
        from dataclasses import replace

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
        parts = chain([] if self._last is None else self._split(self._last), *map(self._split, self.feed.training(0)))
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
        from dataclasses import replace

        if isinstance(mistake.diagnostic, LossNotFinite) and self.folder and (steps := self.folder.store.steps()):
            return Mistake(replace(mistake.diagnostic, checkpoint=str(self.folder.store.path(steps[-1]))))
        return mistake
