"""Predicts the examples that a run is evaluated on, where its model is a classifier: what is taken for what, and the worst errors.

A loss or metric of scores and class numbers says that a model is one. It is measured by the program itself, under the run's own precision
and chain of evaluation; in place of its sums each example's label, prediction and their probabilities are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from netspec.ir import Measurement, TrainPlan
from netspec.lazy import jnp, np
from netspec.library.base import Array, In, Metric, Scope
from netspec.library.shape_rules.targets import LABELS, LOGITS, MASK
from netspec.limits import LIMITS
from netspec.lower.objective import EXAMPLE_WEIGHTS
from netspec.record import replace
from netspec.train.feed import Feed
from netspec.train.predictions.scores import Scores, count_classes, find_names, log_probabilities, read_scores
from netspec.train.trainable_model import Program


class Outcome(Metric):
    """Label, prediction and the logarithms of their probabilities, [..., 4], of scores; NaN for a label that is no class. Of a score of yes
    the classes are 0, no, and 1, yes."""

    inputs: ClassVar[tuple[In, ...]] = (LOGITS, LABELS, MASK)

    wants: str
    """What the scores are; see `Scores`."""
    per_class: bool
    """There is a score for each class."""

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        scores, labels = inputs
        shares = log_probabilities(self.wants, self.per_class, scores.astype(jnp.float32), jnp)
        if not self.per_class:
            labels = (labels.astype(jnp.float32) > 0.5).astype(jnp.int32)
        label = labels if labels.ndim < shares.ndim else jnp.argmax(labels, axis=-1)
        said = jnp.argmax(shares, axis=-1)
        known = (label >= 0) & (label < shares.shape[-1])
        picked = [jnp.take_along_axis(shares, jnp.clip(x, 0, shares.shape[-1] - 1)[..., None], -1)[..., 0] for x in (label, said)]
        return jnp.stack([jnp.where(known, label.astype(jnp.float32), jnp.nan), said.astype(jnp.float32), *picked], axis=-1)

    def statistics(self, values: Array, weight: Array) -> Any:
        return values, weight[..., 0]


@dataclass(frozen=True)
class Use:
    """The loss or metric that says that a model is a classifier."""

    measurement: Measurement
    read: Scores
    classes: int
    field: str
    """The field of the labels, where it is one."""
    per_example: bool
    """Each example is of one class, not each of its elements."""


def find_use(plan: TrainPlan) -> Use | None:
    """The first loss or metric of scores and classes that an evaluation measures; None where there is none."""
    objective = plan.eval.objective
    types = objective.body.types
    names = {port.wire: port.name for port in objective.body.inputs}
    for measurement in objective.measurements:
        read = read_scores(measurement, types)
        if read is not None and (classes := count_classes(read, types)) is not None:
            single = types[read.scores].rank == 1 + read.per_class
            return Use(measurement, read, classes, names.get(read.labels, ""), single and measurement.per_example)
    return None


def watch(program: Program, use: Use) -> Program:
    """The program whose evaluation gives outcomes in place of sums."""
    from dataclasses import replace as change

    assert program.plan is not None
    plan, own, read = program.plan, use.measurement, use.read
    optional = tuple((name, wire) for name, wire in own.optional if name == "mask" and own.op.mask_weighs)
    op = Outcome(wants=read.wants, per_class=read.per_class)
    one = Measurement(op, (read.scores, read.labels), own.output, optional, own.per_example, own.span)
    objective = replace(plan.eval.objective, measurements=(one,))
    return change(program, plan=replace(plan, eval=replace(plan.eval, objective=objective)))


@dataclass(frozen=True)
class Slip:
    """An element of a sequence that is taken for another class than it is."""

    place: int
    label: int
    said: int
    sure: float
    """The probability of what it is taken for."""


@dataclass(frozen=True, order=True)
class Error:
    """An example that is taken for another class than it is, or a sequence of which some elements are."""

    loss: float
    """-log of the label's probability; of a sequence the mean of its elements."""
    index: int
    """Its number in the order of the evaluation."""
    label: int = field(compare=False)
    said: int = field(compare=False)
    sure: float = field(compare=False)
    """The probability of what it is taken for."""
    fields: Mapping[str, Any] = field(compare=False)
    """Its values by field, behind the chain of evaluation."""
    slips: Sequence[Slip] = field(default=(), compare=False)
    """Of a sequence the elements that are taken for others; `label`, `said` and `sure` are those of the worst."""
    places: Sequence[int] = field(default=(), compare=False)
    """Of a sequence the elements that count."""


@dataclass
class Outcomes:
    """What an evaluation has found."""

    matrix: Array
    """How often which class, the row, is taken for which, the column; [C, C]."""
    errors: list[Error]
    """The worst first."""
    examples: int
    whole: bool
    """Every example of the evaluation is counted."""


def measure(program: Program, state: Any, feed: Feed, use: Use, most: int = LIMITS.reported_examples) -> Outcomes:
    """Predicts the feed, at most so many examples. Raises `Mistake` or `SpecError` for data that do not fit."""
    watched, state = watch(program, use), program.averaged(state)
    found = Outcomes(np.zeros((use.classes, use.classes), np.int64), [], 0, True)
    ignored = getattr(use.measurement.op, "ignore", None)
    for batch in feed.evaluation():
        if found.examples >= most:
            found.whole = False
            break
        ((values, weight),) = watched.eval_step(state, program.send(batch), found.examples)
        _count(found, np.asarray(values), np.asarray(weight), ignored)
        if use.per_example:
            _keep_worst(found, _examples(np.asarray(values), np.asarray(weight)), batch)
        elif values.ndim == 3:
            _keep_worst(found, _sequences(np.asarray(values), _counted(np.asarray(values), np.asarray(weight), ignored)), batch)
        own = batch.get(EXAMPLE_WEIGHTS)
        found.examples += len(next(iter(batch.values()))) if own is None else int((own != 0).sum())
    found.errors = sorted(found.errors, reverse=True)
    return found


def _count(found: Outcomes, values: Array, weight: Array, ignored: int | None) -> None:
    """Adds the pairs of a batch to the matrix; what does not count, or has a label that is no class, is left out."""
    pairs = values[_counted(values, weight, ignored)][:, :2].astype(np.int64)
    np.add.at(found.matrix, (pairs[:, 0], pairs[:, 1]), 1)


def _counted(values: Array, weight: Array, ignored: int | None) -> Array:
    """Which examples, or elements of them, count."""
    counts = np.broadcast_to(weight, values.shape[:-1]) != 0
    return counts & np.isfinite(values[..., 0]) & (values[..., 0] != (np.nan if ignored is None else ignored))


@dataclass(frozen=True)
class Wrong:
    """What is wrong of an example in a batch."""

    row: int
    loss: float
    values: Array
    """[4], or of a sequence [T, 4]: its outcomes."""
    counts: Array
    """Which elements of a sequence count, bool[T]; nothing of a single one."""

    def find_slips(self) -> list[Slip]:
        """What is taken for something else, the worst first."""
        if self.values.ndim == 1:
            return [_slip(self.values, 0)]
        places = np.flatnonzero(self.counts & (self.values[:, 0] != self.values[:, 1]))
        worst = places[np.argsort(self.values[places, 2], kind="stable")]
        return [_slip(self.values[place], place) for place in worst.tolist()]


def _slip(values: Array, place: int) -> Slip:
    label, said, _, sure = values.tolist()
    return Slip(place, int(label), int(said), float(np.exp(sure)))


def _examples(values: Array, weight: Array) -> Iterator[Wrong]:
    """The examples of a batch that are taken for others."""
    wrong = (weight != 0) & np.isfinite(values[:, 0]) & (values[:, 0] != values[:, 1])
    for row in np.flatnonzero(wrong).tolist():
        yield Wrong(row, -float(values[row, 2]), values[row], np.zeros(0, bool))


def _sequences(values: Array, counts: Array) -> Iterator[Wrong]:
    """The sequences of a batch of which some elements are taken for others."""
    wrong = counts & (values[..., 0] != values[..., 1])
    for row in np.flatnonzero(wrong.any(-1)).tolist():
        loss = -float(values[row, counts[row], 2].mean(dtype=np.float64))
        yield Wrong(row, loss, values[row], counts[row])


def _keep_worst(found: Outcomes, wrong: Iterable[Wrong], batch: Mapping[str, Any]) -> None:
    """Keeps the examples of a batch that are among the worst so far."""
    for one in wrong:
        if len(found.errors) == LIMITS.reported_errors and one.loss <= found.errors[0].loss:
            continue
        fields = {name: np.array(x[one.row]) for name, x in batch.items() if name != EXAMPLE_WEIGHTS}
        slips, places = one.find_slips(), np.flatnonzero(one.counts).tolist()
        worst = slips[0]
        index, several = found.examples + one.row, slips if places else ()
        error = Error(one.loss, index, worst.label, worst.said, worst.sure, fields, several, places)
        (heapq.heappush if len(found.errors) < LIMITS.reported_errors else heapq.heapreplace)(found.errors, error)


def name_classes(program: Program, use: Use) -> Sequence[str]:
    """What the classes are called, as far as the data say it; else their numbers, as that of one for which there is still room."""
    names = find_names(program.plan.data, program.learned, use.field)[1] if program.plan else ()
    known = [str(name) for name in names] if len(names) <= use.classes else []
    return [*known, *(str(k) for k in range(len(known), use.classes))]
