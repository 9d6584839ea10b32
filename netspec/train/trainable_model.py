"""Defines what `netspec.compile` returns: a program that can be trained and evaluated in one call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import NothingToEvaluate
from netspec.diagnostics.running.weights import NothingToTrain
from netspec.diagnostics.spec_error import SpecError, raise_spec_errors
from netspec.diagnostics.training.goals import NothingJudged
from netspec.files import PathLike, refuse_existing
from netspec.ir import DataPlan, Goal, TrainPlan
from netspec.lazy import jax
from netspec.library.base import Clock
from netspec.library.data.columns import number_records
from netspec.lower.batch_statistics import Result
from netspec.lower.precision import is_traced
from netspec.lower.program import Program as Compiled
from netspec.lower.program import Variables
from netspec.lower.step_gauge import Gauge
from netspec.lower.training_state import State
from netspec.proofs.id_bounds import find_bounds
from netspec.train.ceilings import require_possible, require_within
from netspec.train.data_preparation import Knowledge, bound_lengths, learns
from netspec.train.data_split import Parts, is_empty, split_arrays, take_part, without_split
from netspec.train.evaluation import evaluate_feed
from netspec.train.feed import ArrayFeed, Feed, feed_from, feed_of, load_from, with_workers
from netspec.train.gradient_accumulation import group_batches
from netspec.train.loggers.protocol import Logger, Training
from netspec.train.loggers.shelf import name_loggers
from netspec.train.loggers.told import telling
from netspec.train.profile import Profile
from netspec.train.progress import Reporter, Silent, reporter
from netspec.train.recipe import Recipe
from netspec.train.schedule_warnings import warn
from netspec.train.shared_examples import warn_of_shared
from netspec.train.signals import PoliteStop, Stop
from netspec.train.timetable import describe_apart, timetable
from netspec.train.workers import employ

if TYPE_CHECKING:
    from netspec.train.data_marks import Marks
    from netspec.train.initial_weights import Initial
    from netspec.train.metrics_log import Record

Data = Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""A dict of arrays by field (all examples, as the spec's dataset would give them), or an iterable of batches (dicts of arrays)."""


class Feeds(NamedTuple):
    """What a training reads: batches of training, those of its evaluations, and those that are measured once at its end."""

    train: Feed
    validation: Feed | None
    test: Feed | None = None


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
    data_wait: float = 0.0
    """The share of the training time, without compilation, evaluations and checkpoints, in which the device had to wait for data."""

    def __repr__(self) -> str:
        where = f" in {str(self.run)!r}" if self.run else ""
        return f"<Fit{where}: {self.program!r}, lines of history: {len(self.history)}>"

    @property
    def metrics(self) -> dict[str, Result]:
        """Loss and metrics of the last evaluation, or of the last line of training without one: numbers, or nested lists of them."""
        during = [r for r in self.history if r.checkpoint is None]
        found = [r for r in during if r.split != "train"] or during
        return found[-1].values if found else {}

    @property
    def test(self) -> dict[str, Result]:
        """Loss and metrics of the test part at the end of the training, by the best checkpoint where there is a run folder, else by the
        last state; nothing without a test part."""
        found = [r for r in self.history if r.checkpoint is not None]
        return found[-1].values if found else {}

    @property
    def best(self) -> int | None:
        """The step of the best checkpoint; None without a run folder."""
        from netspec.train.run_folder import open_run

        return open_run(self.run).store.best() if self.run else None

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
        test: Data | None = None,
        folder: PathLike | None = None,
        out: PathLike | None = None,
        resume: bool = False,
        initial: Variables | None = None,
        progress: bool = False,
        watch: Collection[str] = (),
        workers: int | None = None,
        log: Sequence[str | Logger] = (),
    ) -> Fit:
        """Train as the spec's `train` section says.

        `data` takes the place of the spec's dataset, `validation` that of what is evaluated while training goes on, by which the best
        checkpoint is chosen, and `test` that of what is measured once at the end. Of a dict of arrays without them the spec's dataset says
        what is set aside (`arrays(…, validation=0.2, test=0.1)`), a tenth for validation where it says nothing; an iterable of batches is
        for training as a whole. `folder` is where datasets find their files. `out` is the run folder to write; without it nothing is
        written. `resume` goes on from the last checkpoint in `out`. `initial` are weights to begin with, as `pack` takes them; a run that
        goes on has its own. `progress` shows lines of metrics. `watch` are patterns over parameters, `["**/kernel"]`: how long their
        gradients and updates are stands in the lines. `workers` processes decode what must be decoded, such as pictures in files; as many
        as the spec says when left out. `log` are loggers that are told of each line besides, by name as `--log` takes them (in a run
        folder: `out`), or objects of one's own; one that fails does not stop the training.

        Returns a `Fit` and never ends the process itself: Ctrl-C raises `KeyboardInterrupt`. With `out` Ctrl-C and SIGTERM save a
        checkpoint first, behind the step that is running, and then do what they would have done, also a handler of one's own, behind which
        `fit` returns what there is; a second one waits for nothing but a checkpoint that is being written.

        Raises `SpecError` for data that does not fit the spec, a loss that is no number, a run folder that cannot be used.
        """
        from netspec.train.initial_weights import hand_over
        from netspec.train.learned_vocabularies import read_learned

        if out is not None and not resume:
            refuse_existing(out, "go on with it by `resume=True`, or choose another folder with `out=`")
        home, loggers = Path(folder) if folder else None, name_loggers(log, out)
        feeds = self.feeds(data, validation, home, read_learned(out, self.plan) if resume else None, test)
        stop, begin = PoliteStop(), None if initial is None else hand_over(self, initial)
        tell, gauge = reporter() if progress else Silent(), self.gauge(watch)
        fit = self.train(feeds.train, feeds.validation, home, out, resume, tell, stop, feeds.test, begin, gauge, workers, loggers)
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
        test_feed: Feed | None = None,
        initial: Initial | None = None,
        gauge: Gauge | None = None,
        workers: int | None = None,
        loggers: Mapping[str, Logger] | None = None,
        profile: Profile | None = None,
    ) -> Fit:
        """`fit` for a caller that has the feeds and looks at `Fit.stop` itself. Raises `Mistake`."""
        with employ((self._plan.workers if workers is None else workers) or 0) as crew:
            own, held, last = (f and with_workers(f, crew) for f in (feed, eval_feed, test_feed))
            assert own is not None
            known = Training(self._plan.name, Path(out) if out is not None else None, 0, 0, self._plan.settings, self.recipe.text)
            with telling(tell, loggers or {}, known) as told:
                begun = Stop() if stop is None else stop
                measured = gauge or Gauge(), profile or Profile()
                return self._train_fed(own, held, data, out, resume, told, begun, last, initial, *measured)

    def _train_fed(
        self,
        feed: Feed,
        eval_feed: Feed | None,
        data: Path | None,
        out: PathLike | None,
        resume: bool,
        tell: Reporter,
        stop: Stop,
        test_feed: Feed | None,
        initial: Initial | None,
        gauge: Gauge,
        profile: Profile,
    ) -> Fit:
        """`train` behind its worker processes."""
        from netspec.train.data_marks import keep_marks
        from netspec.train.learned_vocabularies import write_learned
        from netspec.train.length_change import change_length
        from netspec.train.run_folder import claim_folder, start_run
        from netspec.train.whole_training import run_session

        marks = self._marks(feed, eval_feed, data, test_feed) if out is not None else {}
        warn_of_shared(feed, {self._plan.eval.part: eval_feed, **({"test": test_feed} if test_feed else {})}, tell)
        feed = group_batches(feed, self._plan.accumulate)
        if eval_feed is None and (judge := "stop" if self._plan.stop else "best" if self._plan.best != Goal() else ""):
            raise Mistake(NothingJudged(setting=judge))
        table = timetable(self._plan, feed.steps_per_epoch)
        warn(self._plan, feed.steps_per_epoch, tell)
        if apart := describe_apart(self._plan, table):
            tell.note(apart)
        program = replace(self._bound(table.clock), learned=feed.learned) if feed.learned else self._bound(table.clock)
        if out is None:
            session = run_session(program, self._plan, table, feed, eval_feed, None, False, tell, stop, gauge, profile, test_feed, initial)
            return Fit(program, session.state, tuple(session.history), None, stop, session.data_wait)
        with claim_folder(out, self.recipe, resume):
            run = start_run(out, self.recipe, self._plan, data, resume, initial.record if initial else None)
            run = replace(run, keep_every=table.keep)
            keep_marks(run.path, marks)
            write_learned(run.path, feed.learned)
            run = change_length(run, self.recipe, self._plan, table.clock, tell)
            session = run_session(program, self._plan, table, feed, eval_feed, run, resume, tell, stop, gauge, profile, test_feed, initial)
            return Fit(program, session.state, tuple(session.history), run.path, stop, session.data_wait)

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
    def evaluate(
        self, state: Variables, data: Data | None = None, *, part: str | None = None, folder: PathLike | None = None
    ) -> dict[str, Result]:
        """Loss and metrics of a state, or of weights as `pack` takes them; every example counts once.

        They are those of `data` (as `fit` takes them), or of a part of the spec's own data, whose files lie in `folder`: "validation",
        "test", "train", or without one what is evaluated in training. Raises `SpecError` for data or weights that do not fit.
        """
        state = state if isinstance(state, State) else self.pack(state)
        feed = self.evaluation_feed(data, Path(folder) if folder else None, part=part)
        if feed is None:
            raise SpecError([NothingToEvaluate(run=self.recipe.path, part=part or "", parts=self.parts)])
        with employ(self._plan.workers or 0) as crew:
            return evaluate_feed(self, state, with_workers(feed, crew), None if part else self._plan.eval.limit) or {}

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the spec's own data that can be measured."""
        plan = self._plan
        found = ("train", plan.eval.part if plan.eval.data else "", "test" if plan.eval.test else "")
        return tuple(name for name in found if name)

    def part_plan(self, part: str | None) -> DataPlan | None:
        """The chain of a part, None where there is no such part. Without a name it is what is evaluated in training."""
        evaluation = self._plan.eval
        if part in (None, evaluation.part):
            return evaluation.data
        return {"train": self._plan.data, "test": evaluation.test}.get(part)

    def feeds(
        self, data: Data | None, validation: Data | None, folder: Path | None, known: Knowledge | None = None, test: Data | None = None
    ) -> Feeds:
        """For training, for evaluations with what the first has learned, and for the end. `known`: what a run that goes on has learned
        already."""
        plan, evaluation = self._plan.data, self._plan.eval
        if data is not None:
            parts = split_arrays(Parts(data, validation, test), self._plan)
            feed = self._feed(parts.train, without_split(plan), folder, known)
            held, last = (None if d is None else self.evaluation_feed(d, folder, feed.learned) for d in parts[1:])
            return Feeds(feed, held, last)
        plan = plan if validation is None else without_split(plan)
        loaded = load_from(folder, plan, known, self._plan.seed)
        feed = self._feed(None, plan, folder, known, loaded)
        shared = loaded if validation is None and plan.part else None
        held = self.evaluation_feed(validation, folder, feed.learned, loaded=shared)
        return Feeds(feed, held, self.evaluation_feed(test, folder, feed.learned, "test") if evaluation.test or test is not None else None)

    def _feed(self, data: Data | None, plan: DataPlan, folder: Path | None, known: Knowledge | None, loaded: Any = None) -> Feed:
        """Data that were handed over, or the chain's own. Raises `Mistake` for numbers that model and loss cannot use."""
        plan, seed = bound_lengths(plan, self.model), self._plan.seed
        own = feed_from(folder, plan, seed, known, loaded) if data is None else feed_of(data, plan, seed, known, self._precision)
        return self._within(own)

    def training_feed(self, folder: Path | None) -> Feed:
        """The spec's own training data."""
        return feed_from(folder, bound_lengths(self._plan.data, self.model), self._plan.seed)

    def evaluation_feed(
        self, data: Data | None, folder: Path | None, known: Knowledge | None = None, part: str | None = None, loaded: Any = None
    ) -> Feed | None:
        """The given data, or a part of the spec's own; None when there is no such part. What they need to know comes from training."""
        own = self.part_plan(part)
        if own is None and data is None:
            return None
        plan = bound_lengths(own or self._plan.data, self.model)
        if data is None and plan.part == "validation":
            loaded = loaded or load_from(folder, plan, known or self.learned, self._plan.seed)
            if is_empty(take_part(loaded.table, plan, self._plan.seed, loaded.held)):
                return None
        known = known or self.learned or (self.training_feed(folder).learned if learns(plan) else {})
        return self._feed(data, plan, folder, known, loaded)

    def whole_feed(self, folder: Path | None) -> Feed:
        """All examples of the dataset that training reads, as other data in the folder have them."""
        plan = without_split(self._plan.data)
        return self._feed(None, plan, folder, self.learned or None)

    def _marks(self, feed: Feed, eval_feed: Feed | None, folder: Path | None, test_feed: Feed | None = None) -> Marks:
        """By what the data of a training are known again: arrays that were handed over, and the files of the others."""
        from netspec.train.data_marks import is_handed, mark_arrays, mark_files

        own = self._plan.eval
        plans = [
            plan for plan, used in ((self._plan.data, feed), (own.data, eval_feed), (own.test, test_feed)) if plan and not is_handed(used)
        ]
        arrays = (mark_arrays(feed), mark_arrays(eval_feed, "validation: "), mark_arrays(test_feed, "test: "))
        return {**mark_files(plans, folder), **arrays[0], **arrays[1], **arrays[2]}

    def _within(self, feed: Feed) -> Feed:
        """The feed, when its whole numbers are some that model and loss can use. Raises `Mistake`."""
        if isinstance(feed, ArrayFeed):
            objectives = [self._plan.objective, self._plan.eval.objective]
            with number_records(feed.arrays):
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


def make_trainable(program: Compiled, recipe: Recipe) -> Program:
    """The same program, able to be trained; `recipe` is what it was compiled from."""
    parts = {name: getattr(program, name) for name in Compiled.__dataclass_fields__}
    return Program(**parts, recipe=recipe)
