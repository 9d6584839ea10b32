"""Defines what `netspec.compile` returns: a program that can be trained and evaluated in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from netspec.diagnostics.running.runs import NothingToEvaluate
from netspec.diagnostics.running.weights import NothingToTrain
from netspec.diagnostics.spec_error import SpecError, raise_spec_errors
from netspec.files import PathLike, refuse_existing
from netspec.ir import TrainPlan
from netspec.lazy import jax
from netspec.library.base import Clock
from netspec.lower.batch_statistics import Result
from netspec.lower.precision import is_traced
from netspec.lower.program import Program as Compiled
from netspec.lower.program import Variables
from netspec.lower.training_state import State
from netspec.proofs.id_bounds import find_bounds
from netspec.train import run_lock
from netspec.train.ceilings import require_possible, require_within
from netspec.train.checkpoint_contents import Resumed, restore_checkpoint
from netspec.train.data_marks import Marks, is_handed, keep_marks, mark_arrays, mark_files
from netspec.train.data_preparation import Knowledge, bound_lengths, learns
from netspec.train.data_split import split_arrays
from netspec.train.evaluation import evaluate_feed
from netspec.train.feed import ArrayFeed, Feed, feed_from, feed_of
from netspec.train.gradient_accumulation import group_batches
from netspec.train.learned_vocabularies import read_learned, write_learned
from netspec.train.loggers.protocol import Logger, Training
from netspec.train.loggers.shelf import name_loggers
from netspec.train.loggers.told import LoggedReporter
from netspec.train.metrics_log import Record
from netspec.train.process_record import keep_process
from netspec.train.progress import Reporter, Silent, reporter
from netspec.train.recipe import Recipe
from netspec.train.resumption import describe_fresh_start, require_no_lines
from netspec.train.run_folder import RunFolder, start_run
from netspec.train.schedule_warnings import warn
from netspec.train.session import Session
from netspec.train.signals import PoliteStop, Stop, listen
from netspec.train.timetable import Timetable, timetable

Data = Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""A dict of arrays by field (all examples, as the spec's dataset would give them), or an iterable of batches (dicts of arrays)."""


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A training that came to its end, or was stopped."""

    program: Program
    state: Any
    history: tuple[Record, ...]
    """The lines of `metrics.jsonl`."""
    run: Path | None
    """The run folder, where there is one."""
    stop: Stop = field(default_factory=Stop)

    def __repr__(self) -> str:
        where = f" in {str(self.run)!r}" if self.run else ""
        return f"<Fit{where}: {self.program!r}, lines of history: {len(self.history)}>"

    @property
    def metrics(self) -> dict[str, Result]:
        """Loss and metrics of the last evaluation, or of the last line of training without one: numbers, or nested lists of them."""
        evaluations = [r for r in self.history if r.split == "eval"] or list(self.history)
        return {"loss": evaluations[-1].loss, **evaluations[-1].metrics} if evaluations else {}

    def predict(self, /, **inputs: Any) -> dict[str, Any]:
        """The model's outputs by name as NumPy arrays, for any number of examples: `fit.predict(image=x)["logits"]`. See
        `Program.predict`."""
        return self.program.predict(self.state, **inputs)

    @raise_spec_errors()
    def decode(self, name: str | None = None, /, *, prefix_length: Any = None, seed: int | None = None, **inputs: Any) -> dict[str, Any]:
        """What the spec's `serve` generates, for any number of examples: see `Loaded.decode`."""
        from netspec.train.prediction import generate_all

        return generate_all(self.program, self.state, inputs, name, prefix_length=prefix_length, seed=seed)


@dataclass(frozen=True, eq=False, repr=False)
class Program(Compiled):
    """A program with its spec: `fit` trains it, `evaluate` measures it."""

    recipe: Recipe = field(default_factory=lambda: Recipe("", "<text>"))
    learned: Knowledge = field(default_factory=dict)
    """Vocabularies and tokenizers that training has learned from its data."""

    def with_optimizer(self, optimizer: Any, update: str = "") -> Program:
        """See `Program.with_optimizer`. A run of such a model can be loaded and evaluated; to go on with it, Python hands it over again."""
        return replace(super().with_optimizer(optimizer, update), recipe=replace(self.recipe, foreign=True))

    @raise_spec_errors()
    def fit(
        self,
        data: Data | None = None,
        *,
        validation: Data | None = None,
        folder: PathLike | None = None,
        out: PathLike | None = None,
        resume: bool = False,
        progress: bool = False,
        log: Sequence[str | Logger] = (),
    ) -> Fit:
        """Train as the spec's `train` section says.

        `data` takes the place of the spec's dataset and `validation` that of its evaluation data; with `data` alone nothing is
        evaluated, unless the spec sets a part of it aside (`arrays(…, test=0.1)`).
        `folder` is where datasets find their files. `out` is the run folder to write; without it nothing is written. `resume` goes on from
        the last checkpoint in `out`. `progress` shows lines of metrics. `log` are loggers that are told of each line besides, by name as
        `--log` takes them (in a run folder: `out`), or objects of one's own; one that fails does not stop the training.

        Returns a `Fit` and never ends the process itself: Ctrl-C raises `KeyboardInterrupt`. With `out` Ctrl-C and SIGTERM save a
        checkpoint first, behind the step that is running, and then do what they would have done, also a handler of one's own, behind which
        `fit` returns what there is; a second one does not wait.

        Raises `SpecError` for data that does not fit the spec, a loss that is no number, a run folder that cannot be used.
        """
        if out is not None and not resume:
            refuse_existing(out, "go on with it by `resume=True`, or choose another folder with `out=`")
        loggers = name_loggers(log, out)
        feeds = self.feeds(data, validation, Path(folder) if folder else None, read_learned(out, self.plan) if resume else None)
        stop = PoliteStop()
        fit = self.train(*feeds, Path(folder) if folder else None, out, resume, reporter() if progress else Silent(), stop, loggers)
        stop.pass_on()
        return fit

    def train(
        self,
        feed: Feed,
        eval_feed: Feed | None,
        data: Path | None,
        out: PathLike | None,
        resume: bool,
        tell: Reporter,
        stop: Stop | None = None,
        loggers: Mapping[str, Logger] | None = None,
    ) -> Fit:
        """`fit` for a caller that has the feeds and looks at `Fit.stop` itself. Raises `Mistake`."""
        stop = Stop() if stop is None else stop
        marks = self._marks(feed, eval_feed, data) if out is not None else {}
        feed = group_batches(feed, self._plan.accumulate)
        table = timetable(self._plan, feed.steps_per_epoch)
        warn(self._plan, feed.steps_per_epoch, tell)
        program = replace(self._bound(table.clock), learned=feed.learned) if feed.learned else self._bound(table.clock)
        tell = self._logged(tell, loggers or {}, Path(out) if out is not None else None)
        if out is None:
            return _session(program, table, feed, eval_feed, None, False, tell, stop)
        run = start_run(out, self.recipe, self._plan, data, resume)
        with run_lock.hold_lock(run.path):
            keep_marks(run.path, marks)
            write_learned(run.path, feed.learned)
            return _session(program, table, feed, eval_feed, run, resume, tell, stop)

    @raise_spec_errors()
    def predict(self, state: Variables, /, **inputs: Any) -> dict[str, Any]:
        """The model's outputs by name, in the phase `serve`, as NumPy arrays, for any number of examples, of none too.

        `inputs` are the model's, or fields of the spec's dataset as a person has them, `text=["…"]`: what training learned makes the one of
        the other. Arrays have the types that the spec declares; lists of sequences of different length are padded, and so are their
        outputs. Under `jax.jit`, `jax.grad` and `jax.vmap` inputs are arrays of one batch and outputs arrays of JAX. Raises `SpecError`
        for weights and inputs that do not fit.
        """
        from netspec.train.example_encoding import inputs_of
        from netspec.train.prediction import predict_all

        if any(map(is_traced, [*jax.tree.leaves(state), *inputs.values()])):
            return self.predict_arrays(state, inputs)
        return predict_all(self, state, inputs_of(self, inputs))

    @raise_spec_errors()
    def evaluate(self, state: Variables, data: Data | None = None, *, folder: PathLike | None = None) -> dict[str, Result]:
        """Loss and metrics of a state, or of weights as `pack` takes them, on `data` (as `fit` takes them), or on the spec's evaluation
        data, whose files lie in `folder`; every example counts once. Raises `SpecError` for data or weights that do not fit."""
        state = state if isinstance(state, State) else self.pack(state)
        feed = self.evaluation_feed(data, Path(folder) if folder else None)
        if feed is None:
            raise SpecError([NothingToEvaluate(run=self.recipe.path)])
        return evaluate_feed(self, state, feed, self._plan.eval.limit) or {}

    def feeds(
        self, data: Data | None, validation: Data | None, folder: Path | None, known: Knowledge | None = None
    ) -> tuple[Feed, Feed | None]:
        """For training, and for evaluations with what the first has learned. `known`: what a run that goes on has learned already."""
        plan, seed = bound_lengths(self._plan.data, self.model), self._plan.seed
        if data is not None and validation is None:
            data, validation = split_arrays(data, self._plan)
        feed = self._within(feed_from(folder, plan, seed, known) if data is None else feed_of(data, plan, seed, known, self._precision))
        if data is not None and validation is None:
            return feed, None
        return feed, self.evaluation_feed(validation, folder, feed.learned)

    def training_feed(self, folder: Path | None) -> Feed:
        """The spec's own training data."""
        return feed_from(folder, bound_lengths(self._plan.data, self.model), self._plan.seed)

    def evaluation_feed(self, data: Data | None, folder: Path | None, known: Knowledge | None = None) -> Feed | None:
        """The given data, or the spec's own evaluation data; None when it has none. What they need to know comes from training."""
        own = self._plan.eval.data
        if own is None and data is None:
            return None
        plan = bound_lengths(own or self._plan.data, self.model)
        known = known or self.learned or (self.training_feed(folder).learned if learns(plan) else {})
        seed = self._plan.seed
        return self._within(feed_from(folder, plan, seed, known) if data is None else feed_of(data, plan, seed, known, self._precision))

    def _marks(self, feed: Feed, eval_feed: Feed | None, folder: Path | None) -> Marks:
        """By what the data of a training are known again: arrays that were handed over, and the files of the others."""
        own = self._plan.eval.data
        plans = [plan for plan, used in ((self._plan.data, feed), (own, eval_feed)) if plan and not is_handed(used)]
        return {**mark_files(plans, folder), **mark_arrays(feed), **mark_arrays(eval_feed, "validation: ")}

    def _logged(self, tell: Reporter, loggers: Mapping[str, Logger], out: Path | None) -> Reporter:
        """A reporter that tells loggers besides, where there are any."""
        training = Training(self._plan.name, out, 0, 0, self._plan.settings, self.recipe.text)
        return LoggedReporter(tell, loggers, training) if loggers else tell

    def _within(self, feed: Feed) -> Feed:
        """The feed, when its whole numbers are some that model and loss can use. Raises `Mistake`."""
        if isinstance(feed, ArrayFeed):
            objectives = [self._plan.objective, self._plan.eval.objective]
            require_within(feed.arrays, feed.plan, find_bounds(self.model, objectives))
            require_possible(feed.arrays, feed.plan, objectives)
        return feed

    def _bound(self, clock: Clock) -> Program:
        """`at(clock)`, the same object each time, so that training twice compiles once."""
        return self._programs.setdefault(clock, replace(self, clock=clock))

    @cached_property
    def _programs(self) -> dict[Clock, Program]:
        """The programs compiled for the clocks of the data that were seen."""
        return {}

    def _example(self) -> tuple[str, ...]:
        """The inputs without their first axis, which counts examples."""
        return tuple(f"{name}: {kind.with_shape(kind.shape[1:])}" for name, kind in self.model.input_types().items())

    @property
    def _plan(self) -> TrainPlan:
        """The plan. Raises `SpecError` for a spec without a `train` section."""
        if self.plan is None:
            raise SpecError([NothingToTrain(model=self.model.name, inputs=self._example())])
        return self.plan


def _session(
    program: Program,
    table: Timetable,
    feed: Feed,
    eval_feed: Feed | None,
    run: RunFolder | None,
    resume: bool,
    tell: Reporter,
    stop: Stop,
) -> Fit:
    """Trains to the end, or, where there is a run with checkpoints and lines to be saved, to a signal."""
    start, history = _begin(program, table, run, resume, tell)
    if run is not None:
        keep_process(run.path, program.recipe, program._plan.seed, start.position.step)
    with listen(stop) if run else nullcontext():
        session = Session(program, program._plan, table, feed, eval_feed, start, run, tell, stop, history)
        session.run()
    return Fit(program, session.state, tuple(session.history), run.path if run else None, stop)


def _begin(program: Program, table: Timetable, run: RunFolder | None, resume: bool, tell: Reporter) -> tuple[Resumed, list[Record]]:
    """The last checkpoint and the lines written before it, or a fresh state. Raises `Mistake` where a part of the run has vanished."""
    if run is None:
        return Resumed(program.init()), []
    if resume and not run.store.folder.exists():
        require_no_lines(run)
    run.store.recover()
    if resume:
        run.store.require_manifests()
    steps = run.store.steps() if resume else []
    start = restore_checkpoint(program, run, steps[-1]) if steps else Resumed(program.init())
    step = start.position.step
    begun = any(map(table.log_due, range(1, step + 1)))
    if note := describe_fresh_start(run, step, begun) if resume else "":
        tell.note(note)
    return start, run.log.keep_until(step, start.evaluated, table.log_due(step), begun)


def make_trainable(program: Compiled, recipe: Recipe) -> Program:
    """The same program, able to be trained; `recipe` is what it was compiled from."""
    parts = {name: getattr(program, name) for name in Compiled.__dataclass_fields__}
    return Program(**parts, recipe=recipe)
