"""Opens a run that was trained, whose folder alone is enough to predict with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.checkpoints import DataDiffer
from netspec.diagnostics.running.runs import NothingToEvaluate
from netspec.diagnostics.spec_error import raise_spec_errors
from netspec.files import PathLike
from netspec.lower.batch_statistics import Result
from netspec.lower.layout import BUFFERS, PARAMS
from netspec.lower.path_tree import flatten
from netspec.train.checkpoint_contents import Forgotten, restore_chosen
from netspec.train.data_marks import compare, mark_files, read_marks
from netspec.train.evaluation import evaluate_feed
from netspec.train.feed import Feed, with_workers
from netspec.train.known_names import KEY, find_names, pack_names
from netspec.train.learned_vocabularies import read_learned
from netspec.train.prediction import generate_all
from netspec.train.recipe import Recipe
from netspec.train.run_folder import RunFolder, open_run
from netspec.train.trainable_model import Data, Program
from netspec.train.weight_files import Weights
from netspec.train.workers import employ

if TYPE_CHECKING:
    from pathlib import Path

Compile = Callable[[Recipe], Program]
"""Makes a model of a spec's text and overrides; the compiler stands above this floor and is handed in."""


@dataclass(frozen=True, eq=False, repr=False)
class Loaded:
    """A model with the parameters of one checkpoint."""

    program: Program
    state: Any
    """`train_step` donates what it is given: give it a copy, `jax.tree.map(jnp.copy, run.state)`, to go on predicting with this one."""
    step: int
    """The checkpoint's step."""
    folder: RunFolder

    def __repr__(self) -> str:
        return f"<Loaded {str(self.folder.path)!r} at step {self.step}: {self.program!r}>"

    @raise_spec_errors()
    def predict(self, /, **inputs: Any) -> dict[str, Any]:
        """The model's outputs by name as NumPy arrays, for any number of examples. Raises `SpecError` for inputs that do not fit.

        `inputs` are the model's, or fields of the spec's dataset as a person has them, `text=["…"]`: what training learned makes the one
        of the other. Sequences of different length are padded, and so are their outputs.
        """
        return self.program.predict(self.state, **inputs)

    @raise_spec_errors()
    def predict_files(
        self, *files: PathLike, top: int = 1, outputs: bool = False, answer: str | None = None, seed: int | None = None
    ) -> list[dict[str, Any]]:
        """What the run says of each example in files (see `netspec predict`), as rows: names of classes and their probabilities, tags,
        texts, numbers, each under its name, behind what a person knows the example by. `top` is how many classes are named, `outputs` asks
        for the model's outputs as they are. Raises `SpecError` for files that do not fit.
        """
        from pathlib import Path

        from netspec.train.predictions.file_prediction import make_predictor

        predictor = make_predictor(self.program, self.state, top=top, outputs=outputs, generated=answer, seed=seed)
        return list(predictor.rows([Path(file) for file in files]))

    @raise_spec_errors()
    def decode(self, name: str | None = None, /, *, prefix_length: Any = None, seed: int | None = None, **inputs: Any) -> dict[str, Any]:
        """What the spec's `serve` generates, for any number of examples: under the input's name the answers, under NAME_length and
        NAME_score their lengths and log-probabilities (see `Program.decode`). Raises `SpecError` for inputs that do not fit.
        """
        return generate_all(self.program, self.state, inputs, name, prefix_length=prefix_length, seed=seed)

    @raise_spec_errors()
    def evaluate(
        self, data: Data | None = None, *, part: str | None = None, folder: PathLike | None = None, workers: int | None = None
    ) -> dict[str, Result]:
        """Loss and metrics on `data`, or on a part of the run's own data: "validation", "test", "train", or without one what was evaluated
        in training. They are read from `folder`, or where training read them; other data in `folder` than those of training are measured
        as a whole, unless a part is asked for. `workers` processes decode what must be decoded, as many as the spec says when left out."""
        return self.measure(data, part=part, folder=folder, workers=workers)[1]

    def measure(
        self, data: Data | None = None, *, part: str | None = None, folder: PathLike | None = None, workers: int | None = None
    ) -> tuple[str, dict[str, Result]]:
        """What was measured, a part or "data", and `evaluate`'s numbers. Raises `Mistake`."""
        from pathlib import Path

        home = Path(folder) if folder else self.folder.data
        plan = self.program.plan
        if data is None and plan is not None and folder and self._is_other(part, home):
            feed: Feed | None = self.program.whole_feed(home)
            name = "data"
        else:
            feed = self.program.evaluation_feed(data, home, part=part)
            name = part or ("data" if data is not None or plan is None else plan.eval.part)
        if feed is None:
            raise Mistake(NothingToEvaluate(run=str(self.folder.path), part=part or "", parts=self.program.parts))
        limit = plan.eval.limit if plan and name == plan.eval.part and part is None else None
        with employ((plan.workers if plan and workers is None else workers) or 0) as crew:
            return name, evaluate_feed(self.program, self.state, with_workers(feed, crew), limit) or {}

    def _is_other(self, part: str | None, home: Path | None) -> bool:
        """Whether a set-aside part was meant, but of other data than those of the training."""
        plan = self.program.part_plan(part)
        return part is None and plan is not None and plan.part == "validation" and bool(self.changed_data(home))

    def weights(self) -> Weights:
        """The parameters that predictions use, and the buffers, by logical path, with the step and the digest of the spec."""
        tree = self.program.unpack(self.program.averaged(self.state))
        averaged = bool(self.state.average)
        about = {
            "format": "np",
            "model": self.program.model.name,
            "spec": self.folder.settings["meaning"] or self.folder.recipe.digest,
            "step": str(self.step),
            "weights": "their moving average" if averaged else "as trained",
        }
        if names := find_names(self.program.plan, self.program.learned):
            about[KEY] = pack_names(names)
        return Weights(flatten(tree[PARAMS]), flatten(tree[BUFFERS]), about)

    def changed_data(self, folder: PathLike | None = None) -> tuple[Diagnostic, ...]:
        """A warning where the files of an evaluation are not as they were in training."""
        from pathlib import Path

        plan = self.program.plan and (self.program.plan.eval.data or self.program.plan.data)
        kept = read_marks(self.folder.path)
        now = mark_files([plan], Path(folder) if folder else self.folder.data) if plan and kept else {}
        found = compare({n: kept[n] for n in now if n in kept}, {n: mark for n, mark in now.items() if n in kept})
        return (DataDiffer(run=str(self.folder.path), differences=found),) if found else ()


def drop_optimizers(program: Program) -> Program:
    """The program of a run whose optimizer was handed over from Python."""
    for update in program.plan.updates if program.plan else ():
        program = program.with_optimizer(Forgotten(), update.name)
    return program


@raise_spec_errors()
def load(run: PathLike, which: str | int = "best", *, compile: Compile) -> Loaded:
    """Open a run folder and restore a checkpoint: "best" (lowest evaluation loss), "last", or that of a step.

    Every byte of the checkpoint is verified first. Raises `SpecError` when the folder is no run, or the checkpoint is missing, damaged, or
    of another spec.
    """
    folder = open_run(run)
    folder.store.choose(str(which))  # which fails before anything is compiled
    program = compile(folder.recipe)
    known = read_learned(folder.path, program.plan)
    program = replace(program, learned=known) if known else program
    if folder.recipe.foreign:
        program = drop_optimizers(program)
    step, resumed = restore_chosen(program, folder, str(which))
    return Loaded(program, resumed.state, step, folder)
