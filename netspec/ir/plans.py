"""Defines the plan of a proved training: what is measured, on which data, by which optimizer, for how long; and the whole of a proved file.
Floor 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from netspec.ir.nodes import Body, Operand
from netspec.ir.regions import keep_wires, reads_inside
from netspec.library.base import Callable, Dataset, Duration, Measure, Optimizer, Transform
from netspec.record import field, record
from netspec.shape import TensorType
from netspec.source import NOWHERE, Span

if TYPE_CHECKING:
    from netspec.library.decoders.protocol import Decoder


BATCH_MASK = "batch.mask"
"""The input of an objective that says which examples count, bool[B]: `batch_mask`."""
OUTPUT = "output."
"""Before the names of an objective's inputs that are outputs of the model."""


@record(eq=False)
class Measurement:
    """A loss or metric on the objective's wires: its statistics are summed over batches, then finished to what its op's `result` says."""

    op: Measure
    inputs: tuple[Operand, ...]
    output: int
    """The input wire of the objective's `finish` body that gets the finished number."""
    optional: tuple[tuple[str, int], ...] = ()
    """Optional inputs; `mask` among them is not given to `apply` but weighs the values."""
    per_example: bool = True
    """The values' leading dim counts examples, so the batch's weights apply."""
    span: Span = NOWHERE

    @property
    def reads(self) -> tuple[int, ...]:
        """The wires that it takes."""
        return keep_wires((*self.inputs, *(wire for _, wire in self.optional)))


@record(eq=False)
class Penalty:
    """One number of parameters: `op`, which takes any number of tensors, on those with these logical paths."""

    op: Callable
    paths: tuple[str, ...]


@record(eq=False)
class Objective:
    """What is optimised and reported. `body`: inputs are the batch's fields and, for outputs of the model, ports named `output.NAME`;
    its wires feed `measurements`. `finish`: inputs that are finished, one per measurement in order; outputs `loss` and one per metric."""

    body: Body
    measurements: tuple[Measurement, ...]
    finish: Body
    auxiliaries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Inputs of `body` that are sums of the model's `aux` values, each with the logical paths of its terms."""
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    """Inputs of `body`, f32[], that are computed from parameters."""
    answers: Mapping[str, ServePlan] = field(default_factory=dict)
    """Inputs of `body` that are generated: `serve.NAME`, i32[B, limit]; in evaluations only."""
    weights: str = ""
    """The batch's field, f32[B], that says how much each example counts; "": all the same."""

    @property
    def reads(self) -> set[int]:
        """Every wire of `body` that a measurement or a node takes."""
        nodes = (wire for node in self.body.nodes for wire in reads_inside(node))
        return {*nodes, *(wire for measurement in self.measurements for wire in measurement.reads)}

    def fields(self) -> dict[str, TensorType]:
        """The batch's fields that it reads, with their types: neither the model's outputs nor what is computed of it."""
        read, computed = self.reads, {*self.auxiliaries, *self.penalties, *self.answers, BATCH_MASK}
        fields = [port for port in self.body.inputs if port.name not in computed and not port.name.startswith(OUTPUT)]
        return {port.name: self.body.types[port.wire] for port in fields if port.wire in read or port.name == self.weights}  # type: ignore[index]


@record(eq=False)
class UpdatePlan:
    """One optimizer: what it makes small, and by which parameters."""

    name: str
    """"" for the plain form, a section with `loss` and `optimizer`."""
    objective: Objective
    """Its `loss`; that of the first update has the section's metrics besides."""
    optimizer: Optimizer
    paths: tuple[str, ...] | None
    """Logical paths of the parameters that it trains, None: of all; the others are constants."""
    every: int = 1
    """It runs in every so many-th step."""
    span: Span = NOWHERE


@record(eq=False)
class DataPlan:
    """A data chain. `fields` are a batch's types in the model's symbols; `batch` examples make one batch, None: the data are one whole."""

    dataset: Dataset
    transforms: tuple[Transform, ...]
    fields: Mapping[str, TensorType]
    batch: int | None
    span: Span = NOWHERE
    weights: str = ""
    """The field, f32[B], that says how much each example counts; "": all the same."""
    class_counts: Mapping[str, int] = field(default_factory=dict)
    """How many classes the fields of class numbers have, as far as the dataset says it."""
    longest: int | None = None
    """Sequences of different length are padded to at most so many elements: what the model takes."""
    part: str = ""
    """Which examples of the dataset: "train" those that are not set aside, "validation" those that are; "": all."""
    classes: str = ""
    """The dataset's field with the classes in whose proportion examples are set aside, where there is one."""

    def known_count(self) -> int | None:
        """How many examples it has in front of the transforms, where that is known without reading a file."""
        from netspec.library.data.validation_part import count_validation  # few specs are asked

        count = self.dataset.known_count()
        if count is None or not self.part:
            return count
        held = count_validation(count, self.dataset.validation, self.batch)
        return held if self.part == "validation" else count - held


@record(eq=False)
class EvalPlan:
    """When a model is evaluated during its training, and on what."""

    data: DataPlan | None
    """What is measured while training goes on; None: nothing to evaluate on."""
    every: Duration
    limit: int | None
    """At most so many batches."""
    objective: Objective
    part: str = "validation"
    """What `data` is: "validation", "test" where the spec names the dataset's test part, "eval" for data that are one whole."""
    test: DataPlan | None = None
    """The dataset's test part, which is measured once at the end; None where it has none, or `data` is that part."""
    automatic: bool = False
    """The spec leaves `every` to netspec, and nothing counts evaluations: of short epochs of light steps several go together."""


@record
class Goal:
    """A metric of evaluations, and whether it is better when it is higher."""

    metric: str = "loss"
    higher: bool = False

    def score(self, value: float) -> float:
        """The value as a number that is better when it is lower."""
        return -value if self.higher else value

    def __str__(self) -> str:
        return f"{'max' if self.higher else 'min'}({self.metric})"


@record
class StopPlan:
    """When a training ends before its time: after `patience` evaluations in a row that were not better by more than `min_delta`."""

    goal: Goal
    patience: int
    min_delta: float = 0.0


@record
class CheckpointPlan:
    """When a checkpoint is written, and how many are kept."""

    every: Duration
    keep: int
    keep_every: Duration | None = None
    """Those at multiples of it stay for good."""
    automatic: bool = False
    """The spec leaves `every` to netspec, here and for evaluations."""


@record
class Nonfinite:
    """What happens to a step whose loss or gradients are no numbers: "stop", "skip" or "rollback"."""

    action: str = "stop"
    limit: int = 0
    """So many steps in a row are left out at most; so many times a run goes back at most."""

    def __str__(self) -> str:
        return self.action if self.action == "stop" else f"{self.action}({self.limit})"


@record(eq=False, kw_only=True)
class TrainPlan:
    """One `train` section, proved."""

    name: str
    model: Body
    data: DataPlan
    objective: Objective
    """What an evaluation without settings of its own measures: with several updates `loss` is the sum of theirs, each a result `NAME.loss`
    besides."""
    updates: tuple[UpdatePlan, ...]
    """They run in order within one step, each on what the one before has left."""
    duration: Duration
    eval: EvalPlan
    checkpoint: CheckpointPlan
    seed: int
    precision: str
    """"f32", "mixed(bf16)", "mixed(f16)" or "f64"."""
    settings: Mapping[str, str]
    """Every setting as text of the language, defaults included."""
    origins: Mapping[str, str]
    """Where each setting's value came from: "default", "file:line" or "command line"."""
    span: Span = NOWHERE
    accumulate: int = 1
    """Batches that make one step."""
    workers: int | None = None
    """Processes that decode the examples where they must be decoded; None: the spec does not say."""
    lowering: str = "automatic"
    """"automatic" or "portable"."""
    ema: float | None = None
    """Decay of the exponential moving average of the parameters, where there is one."""
    on_nonfinite: Nonfinite = Nonfinite()
    best: Goal = Goal()
    """By what the best checkpoint is chosen."""
    stop: StopPlan | None = None
    """When the training ends early; None: never."""

    @property
    def optimizer(self) -> Optimizer:
        """The first update's."""
        return self.updates[0].optimizer


@record(eq=False)
class ServePlan:
    """One line of a `serve` section, proved: an input of the model is fed with what an output says of its next element."""

    model: Body
    feeds: str
    """The input, [B, T] of whole numbers."""
    reads: str
    """The output, [B, T, V]."""
    decoder: Decoder
    placed: bool
    """The output at a position says what stands there, because the model moves its input to the right itself; else what comes next."""
    beside: tuple[str, ...]
    """Other inputs that run along the same positions, which must be known for all of them."""
    span: Span = NOWHERE

    @property
    def type(self) -> TensorType:
        """Of the answers: i32[B, limit]."""
        batch = self.model.types[next(p.wire for p in self.model.inputs if p.name == self.feeds)].shape[0]  # type: ignore[index]
        return TensorType("i32", (batch, self.decoder.limit))

    def positions(self, beginning: int) -> int:
        """How long the fed input is for the longest answer behind so many elements: the last one is not fed, unless it has a place."""
        return beginning + self.decoder.limit - (0 if self.placed else 1)

    def cut(self, name: str, length: int) -> tuple[slice, ...]:
        """What of an input along the same positions is needed for so many; all of any other."""
        types = self.model.input_types()
        size = types[self.feeds].shape[1] if name in self.beside else None
        return tuple(slice(0, length) if dim == size else slice(None) for dim in types[name].shape)


@record(eq=False)
class Typed:
    """Everything a file says, proved. `models` holds each model with its defaults (absent where a param has none or has a problem)."""

    models: Mapping[str, Body]
    trains: tuple[TrainPlan, ...] = ()
    path: str = ""
    serves: tuple[ServePlan, ...] = ()
    unproved: tuple[Span, ...] = ()
    """Names of the models and sections that could not be proved: each has an error."""

    def train(self, name: str | None = None) -> TrainPlan | None:
        """The train section of that name, or the first."""
        return next((t for t in self.trains if name in (None, t.name)), None)
