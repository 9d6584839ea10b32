"""Training, proved: what is measured, on which data, by which optimizer, for how long; and everything that a file says."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.ir.nodes import Body, Operand
from netspec.library.base import Dataset, Duration, Measure, Optimizer, Transform
from netspec.record import record
from netspec.shape import TensorType
from netspec.source import NOWHERE, Span


@record(eq=False)
class Measurement:
    """A loss or metric on the objective's wires: its statistics are summed over batches, then finished to one f32 number."""

    op: Measure
    inputs: tuple[Operand, ...]
    output: int
    """The input wire of the objective's `finish` body that gets the finished number."""
    optional: tuple[tuple[str, int], ...] = ()
    """Optional inputs; `mask` among them is not given to `apply` but weighs the values."""
    per_example: bool = True
    """The values' leading dim counts examples, so the batch's weights apply."""
    span: Span = NOWHERE


@record(eq=False)
class Objective:
    """What is optimised and reported. `body`: inputs are the batch's fields and, for outputs of the model, ports named `output.NAME`;
    its wires feed `measurements`. `finish`: f32[] inputs, one per measurement in order; outputs `loss` and one per metric."""

    body: Body
    measurements: tuple[Measurement, ...]
    finish: Body


@record(eq=False)
class DataPlan:
    """A data chain. `fields` are a batch's types in the model's symbols; `batch` examples make one batch, None: the data are one whole."""

    dataset: Dataset
    transforms: tuple[Transform, ...]
    fields: Mapping[str, TensorType]
    batch: int | None
    span: Span = NOWHERE
    longest: int | None = None
    """Sequences of different length are padded to at most so many elements: what the model takes."""


@record(eq=False)
class EvalPlan:
    data: DataPlan | None
    """None: nothing to evaluate on."""
    every: Duration
    limit: int | None
    """At most so many batches."""
    objective: Objective


@record
class CheckpointPlan:
    every: Duration
    keep: int


@record(eq=False)
class TrainPlan:
    """One `train` section, proved."""

    name: str
    model: Body
    data: DataPlan
    objective: Objective
    optimizer: Optimizer
    duration: Duration
    eval: EvalPlan
    checkpoint: CheckpointPlan
    seed: int
    precision: str
    """"f32" or "mixed(bf16)"."""
    settings: Mapping[str, str]
    """Every setting as text of the language, defaults included."""
    origins: Mapping[str, str]
    """Where each setting's value came from: "default", "file:line" or "command line"."""
    span: Span = NOWHERE


@record(eq=False)
class Typed:
    """Everything a file says, proved. `models` holds each model with its defaults (absent where a param has none or has a problem)."""

    models: Mapping[str, Body]
    trains: tuple[TrainPlan, ...] = ()
    path: str = ""

    def train(self, name: str | None = None) -> TrainPlan | None:
        """The train section of that name, or the first."""
        return next((t for t in self.trains if name in (None, t.name)), None)
