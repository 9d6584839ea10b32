"""Predicts the examples in files: they go through the chain that evaluates, in batches of one size, and come out as rows of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.data.arrays import NoSuchColumn
from netspec.diagnostics.running.predictions import ExampleNotPredicted, NotPredictedByExample
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import LENGTH, Table, rows_of
from netspec.lower.serve_arrays import LENGTH as ANSWER_LENGTH
from netspec.lower.serve_arrays import SCORE
from netspec.record import record, replace
from netspec.train.collation import collate
from netspec.train.data_preparation import bound_lengths
from netspec.train.example_encoding import apply_to_all, apply_to_batch
from netspec.train.prediction import CHUNK
from netspec.train.predictions.answers import Columns, answer, to_lists
from netspec.train.predictions.examples import Elements, Examples
from netspec.train.predictions.heads import Head, find_heads
from netspec.train.predictions.input_files import Reading, read_files
from netspec.train.predictions.needed_fields import counts_lengths, find_needed
from netspec.train.predictions.texts import decode
from netspec.train.trainable_model import Program

NUMBER = "number of the example"
"""A field that says for each example behind the chain's steps on all of them which one, or ones, it was made of: no spec can name it."""
Row = dict[str, Any]
"""What is said of one example, by column: what it is known by, then the answers."""


@record(eq=False)
class Predictor:
    """A trained model that answers for files."""

    program: Program
    state: Any
    plan: DataPlan
    """The chain of evaluations, as far as it makes inputs."""
    heads: Sequence[Head]
    feeds: str = ""
    """The input that is generated; "": none is."""
    top: int = 1
    seed: int | None = None

    def rows(self, files: Sequence[Path]) -> Iterator[Row]:
        """The answers for all examples, in their order. Raises `Mistake` or `SpecError` for files that do not fit."""
        for examples in self._read(files):
            yield from self._rows_of(examples)

    def _read(self, files: Sequence[Path]) -> Iterator[Examples]:
        """The examples of each file. Of a column that is missing it says why predictions need it."""
        try:
            yield from read_files(self._reading(), files)
        except Mistake as mistake:
            if not isinstance(mistake.diagnostic, NoSuchColumn):
                raise
            raise Mistake(replace(mistake.diagnostic, predicted=self._why_needed(mistake.diagnostic.field))) from None

    def _why_needed(self, field: str) -> str:
        """Why a column of a field must be there, in words."""
        if any(transform.op_name() == "windows" for transform in self.plan.transforms):
            return f"answers are made of the past of every column of `{field}`, that of the label too where it was trained on it"
        return f"the model was trained with `{field}`, so answers need it too"

    def _reading(self) -> Reading:
        """The fields of the dataset that are wanted; what only begins a generated sequence need not be there where there is more."""
        inputs = [name for name in self.program.model.input_types() if name != self.feeds]
        needed = find_needed(self.plan, inputs) or find_needed(self.plan, [self.feeds])
        sequences = counts_lengths(needed)
        fields = {name: kind for name, kind in needed.items() if name != LENGTH or not sequences}
        return Reading(self.plan.dataset, fields, self.program.learned)

    def _rows_of(self, examples: Examples) -> Iterator[Row]:
        """The rows of one file, batch by batch."""
        numbered = {**examples.table, NUMBER: np.arange(len(examples))}
        found = dict(apply_to_all(self.plan, numbered, self.program.learned))
        numbers = found.pop(NUMBER)
        count, size = len(numbers), self._size(len(numbers))
        whole = {**self._fillers(found, count), **found}
        for first in range(0, count, size):
            some = range(first, min(first + size, count))
            missing = size - len(some) if count > size or self._is_fixed else 0
            indices = np.array([*some, *[first] * missing], np.int64)
            known = np.asarray(rows_of(numbers, indices)).reshape(len(indices), -1)[:, -1].tolist()
            columns = self._answer_or_blame(whole, indices, first, [examples.place(index) for index in known[: len(some)]])
            for place, index in enumerate(known[: len(some)]):
                yield {**{n: v[index] for n, v in examples.beside.items()}, **{n: v[place] for n, v in columns.items()}}

    def _answer_or_blame(self, whole: Table, indices: Array, first: int, places: Sequence[tuple[str, str]]) -> Columns:
        """What the model says of some examples. Raises `Mistake` with the place of the first that it cannot take."""
        try:
            return self._answer({name: rows_of(values, indices) for name, values in whole.items()}, first)
        except (Mistake, SpecError) as error:
            if any(getattr(problem, "file", "") for problem in problems_of(error)):
                raise
            for number, (file, where) in enumerate(places):
                alone = np.full(len(indices) if self._is_fixed else 1, indices[number], np.int64)
                try:
                    self._answer({name: rows_of(values, alone) for name, values in whole.items()}, first + number)
                except (Mistake, SpecError) as found:
                    raise Mistake(ExampleNotPredicted(file=file, where=where, why=problems_of(found)[0].message())) from None
            raise

    def _fillers(self, found: Table, count: int) -> dict[str, Array]:
        """Zeros for fields that no input is made of, as labels: steps of the chain may work on them."""
        types = dict(self.plan.dataset.batch_types())
        for transform in self.plan.transforms:
            types = transform.fields(types) if transform.whole and not transform.arranges else types
        sized = {n: kind for n, kind in types.items() if n not in found and all(dim.is_constant for dim in kind.shape[1:])}
        return {n: np.broadcast_to(np.zeros((), k.jax_dtype), (count, *(dim.value for dim in k.shape[1:]))) for n, k in sized.items()}

    def _size(self, count: int) -> int:
        """Examples computed together."""
        return self.plan.batch or min(CHUNK, max(count, 1))

    @property
    def _is_fixed(self) -> bool:
        """The model takes batches of one size only."""
        batch = self.program.model.batch
        return batch is not None and batch.is_constant

    def _answer(self, batch: dict[str, Any], first: int) -> Columns:
        """What the model says of some examples; `first` is the number of the first."""
        made = collate(apply_to_batch(self.plan, batch), longest=self.plan.longest)
        inputs = {name: made[name] for name in self.program.model.input_types() if name in made}
        lengths = made[LENGTH].tolist() if LENGTH in made else None
        if self.feeds:
            return self._generate(inputs, lengths, first)
        outputs = self.program.predict_arrays(self.state, inputs, self.seed, first)
        ordered = {name: outputs[name] for name in self.program.model.output_types() if name in outputs}
        return answer(self.heads, ordered, lengths, self.top)

    def _generate(self, inputs: dict[str, Array], lengths: list[int] | None, first: int) -> Columns:
        """What the spec's `serve` makes of the beginnings, as texts where the chain made its tokens of texts."""
        begun = self.feeds in inputs and lengths is not None
        if begun:
            widest = max(lengths or [1])
            inputs = {n: x[:, :widest] if n == self.feeds else x for n, x in inputs.items()}
        prefix = np.array(lengths, np.int32) if begun else None
        inputs |= self._along(max(lengths or [0]) if begun else 0, len(lengths or ()))
        made = self.program.decode_arrays(self.state, self.feeds, inputs, prefix, self.seed, first)
        counts = made[self.feeds + ANSWER_LENGTH].tolist()
        ids = [row[:count] for row, count in zip(made[self.feeds].tolist(), counts, strict=True)]
        texts = decode(self.plan, self.program.learned, self.feeds, ids)
        said: Columns = {self.feeds: [Elements(row) for row in ids]} if texts is None else {"answer": list(texts)}
        return {**said, (self.feeds if texts is None else "answer") + SCORE: to_lists(made[self.feeds + SCORE])}

    def _along(self, begun: int, count: int) -> dict[str, Array]:
        """The inputs that run along the positions of what is generated, for all of these, as far as the chain knows them."""
        plan = next(plan for plan in self.program.serves if plan.feeds == self.feeds)
        found: dict[str, Array] = {}
        for name in plan.beside:
            field = name
            for transform in reversed(self.plan.transforms):
                if (values := transform.along(field, plan.positions(begun))) is not None:
                    found[name] = np.broadcast_to(values, (count, len(values)))
                    break
                field = transform.name_before(field)
        return found


def make_predictor(
    program: Program, state: Any, *, top: int = 1, outputs: bool = False, generated: str | None = None, seed: int | None = None
) -> Predictor:
    """A predictor by the program's `train` section: of what its `serve` generates, of the fields that its outputs say, or with `outputs` of
    those as they are. Raises `Mistake` for a model that does not predict example by example."""
    _require_examples(program)
    trained = program.plan
    assert trained is not None  # a run has one
    plan = bound_lengths(trained.eval.data or trained.data, program.model)
    plan = replace(plan, transforms=tuple(t for t in plan.transforms if not getattr(t, "training_only", False)))
    feeds = "" if outputs or not program.serves else generated or program.serves[0].feeds
    if feeds:
        plan = replace(plan, transforms=tuple(transform.for_beginning() for transform in plan.transforms))
    heads = [] if outputs else find_heads(trained.objective, trained.data, program.model, program.learned)
    return Predictor(program, state, plan, heads, feeds, top, seed)


def _require_examples(program: Program) -> None:
    """Raises `Mistake` for the first input or output whose first axis does not count examples."""
    batch = program.model.batch
    for name, kind in {**program.model.input_types(), **program.model.output_types()}.items():
        if batch is None or not kind.rank or kind.shape[0] != batch:
            raise Mistake(NotPredictedByExample(model=program.model.name, name=name, type=str(kind)))


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """The rows column by column."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def problems_of(error: Mistake | SpecError) -> Sequence[Diagnostic]:
    """What an error says."""
    return (error.diagnostic,) if isinstance(error, Mistake) else error.diagnostics
